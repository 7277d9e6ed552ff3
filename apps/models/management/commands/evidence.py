from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.ledger import archive as archives
from apps.ledger import keys
from apps.models.packs import archive


class Command(PortalCommand):
    """The auditor's tool for evidence packs."""

    help = "Check the evidence pack of a model version."

    def add_arguments(self, parser: CommandParser) -> None:
        subs = parser.add_subparsers(dest="what", required=True)
        verify = subs.add_parser("verify", help="check signature, members and chain extract")
        verify.add_argument("file", type=Path, help="the pack")
        verify.add_argument("--key", type=Path, help="the public key of its signer (PEM)")
        verify.add_argument("--compare", action="store_true", help="look its chain up here")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        try:
            public = keys.read_public(options["key"]) if options["key"] else keys.own_public()
            found = archive.verify(options["file"], public=public)
        except PortalError as error:
            raise CommandError(f"BROKEN  {error}") from error
        if options["compare"] and archives.in_ledger(found.ledger) is False:
            raise CommandError("BROKEN  ledger.jsonl: this ledger has another hash there.")
        self._say(found)

    def _say(self, found: archive.Verified) -> None:
        about, ledger = found.manifest, found.ledger
        self.stdout.write(f"OK  {about['model']} version {about['version']}, {about['written_at']}")
        self.stdout.write(f"    {len(about['members'])} members, key {found.signer}")
        self.stdout.write(
            f"    {ledger.rows} ledger entries, positions {ledger.first} to {ledger.last}"
        )
