from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.ledger import archive, chain, export, files, keys, selectors, services, verification


class Command(PortalCommand):
    """The auditor's tool: `verify`, `head`, `export` and `archive`."""

    help = "Verify, export or archive the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        subs = parser.add_subparsers(dest="what", required=True)
        verify = subs.add_parser("verify", help="walk the chain; or check a signed file")
        verify.add_argument("--file", type=Path, help="check this export or archive instead")
        verify.add_argument("--key", type=Path, help="the public key of its signer (PEM)")
        verify.add_argument("--compare", action="store_true", help="look the file's head up here")
        verify.add_argument("--archives", action="store_true", help="read every archive back too")
        subs.add_parser("head", help="print the last sealed position and its hash")
        writes = subs.add_parser("export", help="write signed JSON Lines")
        writes.add_argument("out", type=Path, help="the file to write")
        writes.add_argument("--since", type=moment, help="from this day or time on")
        writes.add_argument("--until", type=moment, help="before this day or time")
        writes.add_argument("--project", help="the slug of one project")
        moves = subs.add_parser("archive", help="move old entries into a signed file")
        moves.add_argument("--until", type=moment, required=True, help="before this day or time")
        moves.add_argument("--folder", type=Path, help="default: DATA_DIR/ledger")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        acts: dict[str, Callable[..., None]] = {
            "verify": self.verify,
            "head": self.head,
            "export": self.export,
            "archive": self.archive,
        }
        try:
            acts[what](options)
        except PortalError as error:
            raise CommandError(f"BROKEN  {error}" if what == "verify" else str(error)) from error

    def verify(self, options: dict[str, Any]) -> None:
        if options["file"]:
            self._verify_file(options)
            return
        found = verification.verify()
        if not found.ok:
            raise CommandError(f"BROKEN  {found.sentence}. {found.rows} rows before it hold.")
        self._say(f"OK  {found.rows} rows, head {bytes(found.head).hex()}")
        self._say(f"    positions up to {found.position}, {found.seconds:.1f} s")
        if options["archives"]:
            for row, checked in archive.check_archives():
                self._say(f"OK  {checked.rows} rows in {row.location}")

    def _verify_file(self, options: dict[str, Any]) -> None:
        public = keys.read_public(options["key"]) if options["key"] else keys.own_public()
        checked = files.check(options["file"], public=public)
        if options["compare"] and archive.in_ledger(checked) is False:
            raise CommandError("BROKEN  The file holds, but this ledger has another hash there.")
        self._say(f"OK  {checked.rows} rows, head {checked.head.hex()}")
        gaps = f", {checked.gaps} gaps" if checked.gaps else ""
        self._say(f"    positions {checked.first} to {checked.last}{gaps}, key {checked.signer}")

    def head(self, options: dict[str, Any]) -> None:
        services.seal()
        place = chain.head()
        self._say(f"{place.position} {place.hash.hex()}")

    def export(self, options: dict[str, Any]) -> None:
        project_id = _project_id(options["project"]) if options["project"] else None
        extent = export.Extent(options["since"], options["until"], project_id)
        out: Path = options["out"]
        try:
            with out.open("xb") as file:
                written = export.export(file, extent)
        except FileExistsError as error:
            raise CommandError(f"{out} exists already; name another file.") from error
        except OSError as error:
            raise CommandError(f"{out}: {error.strerror}") from error
        except PortalError:
            out.unlink()
            raise
        self._say(f"{written.rows} rows in {out}, key {keys.fingerprint(keys.own_public())}")

    def archive(self, options: dict[str, Any]) -> None:
        folder = options["folder"] or Path(settings.DATA_DIR) / "ledger"
        moved = archive.archive(until=options["until"], folder=folder)
        self._say(f"positions {moved.first} to {moved.last} moved into {moved.location}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)


def _project_id(slug: str) -> int:
    """The shell's user is a site admin: every project is visible."""
    admin = get_user_model()(is_active=True, is_superuser=True)
    return selectors.project_id(admin, slug)


def moment(text: str) -> datetime:
    """A day or a time; without a zone it is UTC."""
    try:
        day = parse_date(text)
        found = datetime.combine(day, time()) if day else parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no day such as 2026-01-31 and no time")
    return found if timezone.is_aware(found) else found.replace(tzinfo=UTC)
