from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.models import services
from apps.models.mirror import check, heal
from apps.models.models import Workspace


class Command(PortalCommand):
    """Bring the portal's tables level with MLflow."""

    help = (
        "Brings the mirror of MLflow level: `heal` what is new, `rebuild` everything; "
        "`check` says how many rows differ, and changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["heal", "rebuild", "check"])
        parser.add_argument("--project", help="slug of one project; all where absent")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Workspace.objects.select_related("project").order_by("pk")
        if slug := options["project"]:
            found = found.filter(project__slug=slug)
            if not found.exists():
                raise CommandError(f"No project {slug} has anything in MLflow.")
        work = self._check if options["what"] == "check" else self._heal
        try:
            differing = [work(each, whole=options["what"] == "rebuild") for each in found]
        except PortalError as error:
            raise CommandError(str(error)) from error
        if any(differing):
            raise CommandError("The mirror differs from MLflow: `mirror rebuild` brings it level.")

    def _heal(self, workspace: Workspace, whole: bool) -> int:
        heal.heal(workspace, whole=whole)
        services.take_up(project=workspace.project)
        self.stdout.write(f"{workspace.project.slug} is level with MLflow.")
        return 0

    def _check(self, workspace: Workspace, whole: bool) -> int:
        found = list(check.differences(workspace.project))
        rows, differing = sum(each.rows for each in found), sum(each.differing for each in found)
        tables = ", ".join(f"{each.table} {each.differing} of {each.rows}" for each in found)
        self.stdout.write(
            f"{workspace.project.slug}: {differing} of {rows} rows differ ({tables})."
        )
        return differing
