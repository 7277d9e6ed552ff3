from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.monitoring import access, services


class Command(PortalCommand):
    """A setting, tried on history."""

    help = "Replays a monitor's setting on what was logged: when it would have fired."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("monitor", type=int, help="the monitor's id")
        parser.add_argument("--days", type=int, default=7, help="how far back (7)")
        parser.add_argument("--set", default="{}", help="settings to try, as a JSON object")
        parser.add_argument("--window-rows", type=int)
        parser.add_argument("--hold-seconds", type=int)
        parser.add_argument("--json", action="store_true", help="the whole result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        until = timezone.now()
        stretch = (until - timedelta(days=options["days"]), until)
        try:
            monitor = access.known(options["monitor"])
            wanted = services.tried(monitor=monitor, wanted=_wanted(options))
            found = services.replayed(monitor=monitor, wanted=wanted, stretch=stretch, tell=_quiet)
        except PortalError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for name in ("wanted", "present"):
            self._say(name, found[name])
        self.stdout.write(
            f"looked every {found['every_seconds']} s; {found['marked']} real alerts are marked"
        )

    def _say(self, name: str, outcome: dict[str, Any]) -> None:
        self.stdout.write(
            f"{name}: {len(outcome['fires'])} alerts over {outcome['judged']} windows; "
            f"{outcome['useful']} marked useful, {outcome['noise']} noise, {outcome['missed']} useful ones missed"
        )
        for fire in outcome["fires"]:
            ends = fire["ends_at"] or "still firing"
            self.stdout.write(f"  {fire['starts_at']} to {ends}: {fire['sentence']}")


def _wanted(options: dict[str, Any]) -> dict[str, Any]:
    try:
        settings = json.loads(options["set"])
    except json.JSONDecodeError as error:
        raise CommandError(f"--set: {error}") from error
    if not isinstance(settings, dict):
        raise CommandError("--set: a JSON object, such as '{\"most\": 0.05}'")
    plain = {name: options[name] for name in ("window_rows", "hold_seconds") if options[name]}
    return {**plain, **({"settings": settings} if settings else {})}


def _quiet(percent: float, said: str) -> None:
    """The command says nothing until it is done."""
