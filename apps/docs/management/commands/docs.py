from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from apps.accounts.selectors import user_signing_in
from apps.core.access import Role
from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.docs import services
from apps.docs.errors import NoEmbeddingModel
from apps.docs.services import Report
from apps.projects import access as projects


class Command(PortalCommand):
    help = (
        "Documents: manage.py docs import PATH --project fraud --as ada; docs reindex; docs embed"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        taking = verbs.add_parser("import", help="take Markdown in")
        taking.add_argument("path", type=Path, nargs="?", help="a folder or a zip of Markdown")
        taking.add_argument("--shipped", action="store_true", help="the product's own guides")
        taking.add_argument("--confluence", action="store_true", help="the zip is such an export")
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
        try:
            self.stdout.write(f"{services.embed(self._say)} passages")
        except NoEmbeddingModel as error:
            raise CommandError(str(error)) from error

    def _say(self, percent: float, sentence: str) -> None:
        self.stderr.write(f"{percent:3.0f} % {sentence}")

    def _import(self, options: dict[str, Any]) -> None:
        path: Path | None = options["path"]
        if bool(path) == options["shipped"]:
            raise CommandError("Give either a PATH or --shipped.")
        author = user_signing_in(options["user"])
        if author is None:
            raise CommandError(f"--as: there is no {options['user']}")
        try:
            project = projects.project(author, options["project"], Role.RESPONDER)
            report = _taken(project, path, author, confluence=options["confluence"])
        except PortalError as error:
            raise CommandError(str(error)) from error
        for what, count in report.counts().items():
            self.stdout.write(f"{count} {what}")
        for name, reason in report.skipped:
            self.stderr.write(f"skipped {name}: {reason}")


def _taken(project: Any, path: Path | None, author: Any, *, confluence: bool) -> Report:
    if path is None:
        return services.import_shipped(project=project, by=author)
    if path.is_dir():
        return services.import_folder(project=project, folder=path, by=author)
    if not path.is_file():
        raise CommandError(f"{path} is neither a folder nor a file")
    kind = "confluence" if confluence else "upload"
    with path.open("rb") as archive:
        return services.import_upload(
            project=project, kind=kind, name=path.name, archive=archive, by=author
        )
