from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.monitoring.anomalies import command


class Command(BaseCommand):
    """Judge a file as `portal.commands` does without Django; this one is found by `help`."""

    help = command.ABOUT
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        command.describe(parser)

    def handle(self, *args: Any, series: Path, **options: Any) -> None:
        if command.judge(series, options["json"]):
            raise CommandError(f"{series} was not judged.")
