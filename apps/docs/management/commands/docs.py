from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.selectors import user_signing_in
from apps.core.access import Role
from apps.core.errors import PortalError
from apps.docs import services
from apps.projects import access as projects


class Command(BaseCommand):
    help = "Take Markdown files in: manage.py docs import PATH --project fraud --as ada"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["import"])
        parser.add_argument("path", type=Path)
        parser.add_argument("--project", required=True, help="the slug of the project")
        parser.add_argument("--as", dest="user", required=True, help="who the author is")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["path"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder")
        author = user_signing_in(options["user"])
        if author is None:
            raise CommandError(f"--as: there is no {options['user']}")
        try:
            project = projects.project(author, options["project"], Role.RESPONDER)
        except PortalError as error:
            raise CommandError(str(error)) from error
        outcome = services.import_folder(project=project, folder=folder, by=author)
        for what, names in outcome.items():
            self.stdout.write(f"{len(names)} {what}")
        for name in outcome["skipped"]:
            self.stderr.write(f"skipped {name}")
