from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import PortalError
from apps.models.mirror import heal
from apps.models.models import Workspace


class Command(BaseCommand):
    """Bring the portal's tables level with MLflow."""

    help = "Brings the mirror of MLflow level: `heal` what is new, `rebuild` everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["heal", "rebuild"])
        parser.add_argument("--project", help="slug of one project; all where absent")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Workspace.objects.select_related("project").order_by("pk")
        if slug := options["project"]:
            found = found.filter(project__slug=slug)
            if not found.exists():
                raise CommandError(f"No project {slug} has anything in MLflow.")
        for workspace in found:
            try:
                heal.heal(workspace, whole=options["what"] == "rebuild")
            except PortalError as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{workspace.project.slug} is level with MLflow.")
