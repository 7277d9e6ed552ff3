from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.demo import selectors, services
from apps.demo.choices import Fault

VERBS = {
    "start": services.start,
    "stop": services.stop,
    "reset": services.reset,
    "remove": services.remove,
}


class Command(PortalCommand):
    """Start, stop, put back or remove the demo, or begin one of its stories."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["status", *VERBS, "story"])
        parser.add_argument("fault", nargs="?", choices=Fault.values, help="for `story`")
        parser.add_argument("--world", default="tumour-screening", help="which deployment")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._do(options["verb"], options["fault"], options["world"])
        except PortalError as error:
            raise CommandError(str(error)) from error
        found = selectors.demo()
        self.stdout.write(
            f"The demo: {found.get_state_display()}, {services.share(found)} % set up. {found.note}"
            if found
            else "There is no demo here."
        )

    def _do(self, verb: str, fault: str | None, world: str) -> None:
        if verb in VERBS:
            VERBS[verb](by=None)
        elif verb == "story":
            story = services.start_story_by_name(world=world, fault=fault or Fault.SHIFT)
            self.stdout.write(f"{story}: {story.get_absolute_url()}")
