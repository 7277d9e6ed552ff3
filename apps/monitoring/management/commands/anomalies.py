from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.commands import PortalCommand
from apps.monitoring.anomalies import command


class Command(PortalCommand):
    """Judge a file as `portal.commands` does without Django; this one is found by `help`."""

    help = command.ABOUT

    def add_arguments(self, parser: CommandParser) -> None:
        command.describe(parser)

    def handle(self, *args: Any, series: Path, **options: Any) -> None:
        if command.judge(series, options["json"]):
            raise CommandError(f"{series} was not judged.")
