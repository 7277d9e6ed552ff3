from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from apps.core.commands import PortalCommand
from portal.env import ENV
from portal.operations.doctor.examine import examine
from portal.operations.doctor.finding import Finding, Level


class Command(PortalCommand):
    """Say what is wrong with the surroundings, and how to mend it."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(examine(ENV))
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1))
        else:
            for finding in findings:
                self._show(finding)
        if any(finding.level == Level.FAIL for finding in findings):
            sys.exit(1)

    def _show(self, finding: Finding) -> None:
        style = {Level.OK: self.style.SUCCESS, Level.WARN: self.style.WARNING}
        level = style.get(finding.level, self.style.ERROR)(f"{finding.level:<4}")
        self.stdout.write(f"{level}  {finding.name:<12} {finding.words}")
        if finding.remedy:
            self.stdout.write(f"{'':<19}{finding.remedy}")
