"""export and archive: they …"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.ledger import chain, cursors, services, subjects
from apps.ledger.models import Archive, Entry, Seal
from tests.base import PortalTestCase
from tests.ledger.base import note, tamper


class FileTestCase(PortalTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.file = self.folder / "ledger.jsonl"
        for number in range(1, 6):
            note(number, project=self.fraud if number % 2 else self.other, name=["ä", "ö"])

    def run_ledger(self, *args: object) -> str:
        out = StringIO()
        call_command("ledger", *map(str, args), stdout=out)
        return out.getvalue()

    def assert_refused(self, words: str, *args: object) -> None:
        with self.assertRaisesRegex(CommandError, words):
            self.run_ledger(*args)

    def rows(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]


class ExportTests(FileTestCase):
    def test_a_whole_export_can_be_checked_without_the_database(self) -> None:
        self.run_ledger("export", self.file)

        with self.assertNumQueries(0):
            said = self.run_ledger("verify", "--file", self.file)

        head = chain.head()
        self.assertIn(f"OK  {head.position} rows, head {head.hash.hex()}", said)
        self.assertIn(f"positions 1 to {head.position}, key ", said)
        self.assertIn("OK", self.run_ledger("verify", "--file", self.file, "--compare"))

    def test_the_check_printed_in_the_docs_finds_the_same(self) -> None:
        self.run_ledger("export", self.file)
        page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
        script = page.partition("```python\n")[2].partition("```")[0]

        def check() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-I", "-c", script, self.file], capture_output=True, text=True
            )

        head = chain.head()
        self.assertIn(f"OK {head.position} rows, head {head.hash.hex()}", check().stdout)
        self.file.write_bytes(self.file.read_bytes().replace("ä".encode(), "å".encode(), 1))
        self.assertIn("does not hold", check().stderr)

    def test_the_key_stays_private(self) -> None:
        self.run_ledger("export", self.file)
        key = Path(settings.DATA_DIR) / "secrets" / "ledger_signing_key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(key.parent.stat().st_mode), 0o700)
        public = key.with_suffix(".pub")
        self.assertIn("OK", self.run_ledger("verify", "--file", self.file, "--key", public))

    def test_a_project_leaves_the_others_out_and_still_checks(self) -> None:
        self.run_ledger("export", self.file, "--project", "weather")

        entries = [row["entry"] for row in self.rows()[1:-1]]
        self.assertEqual({entry["project_id"] for entry in entries}, {self.other.pk})
        self.assertEqual(len(entries), Entry.objects.filter(project_id=self.other.pk).count())
        self.assertRegex(self.run_ledger("verify", "--file", self.file), r"\d+ gaps")

    def test_a_stretch_of_time_has_its_bounds(self) -> None:
        days = [Entry.objects.latest("pk").at + timedelta(days=day) for day in (-1, 1, 2)]
        for since, until, whole in ((0, 1, True), (1, 2, False)):
            file = self.folder / f"{since}.jsonl"
            self.run_ledger(
                "export",
                file,
                "--since",
                days[since].isoformat(),
                "--until",
                days[until].isoformat(),
            )
            footer = json.loads(file.read_text().splitlines()[-1])
            self.assertEqual(footer["rows"], Entry.objects.count() if whole else 0)
            self.assertIn("OK", self.run_ledger("verify", "--file", file))

    def test_every_change_of_the_file_is_seen(self) -> None:
        self.run_ledger("export", self.file)
        whole = self.file.read_bytes()
        lines = whole.splitlines(keepends=True)
        for what, forged, words in (
            ("a value", whole.replace("ä".encode(), "å".encode(), 1), "the row"),
            ("a row less", b"".join(lines[:3] + lines[4:]), "rows before it are missing"),
            (
                "the last row less",
                b"".join([*lines[:-2], lines[-1]]),
                "not what its last line says",
            ),
            ("swapped", b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]), "the row|order"),
            ("no footer", b"".join(lines[:-1]), "ends before its signature"),
            ("half a line", whole[:-30], "no JSON"),
            ("only a header", lines[0], "ends before its signature"),
            ("nothing", b"", "ends before its signature"),
            ("the header", whole.replace(b'"since":null', b'"since":"no"'), "not what its last"),
            ("no JSON", b"\x00\xff\n" + whole, "no JSON"),
            ("a list", b"[]\n" + whole, "no JSON object"),
            ("another form", whole.replace(b"signalbox-ledger/1", b"x", 1), "no file of the form"),
            ("no entry", lines[0] + b'{"position":1}\n' + b"".join(lines[1:]), "no entry"),
        ):
            with self.subTest(what):
                self.file.write_bytes(forged)
                self.assert_refused(words, "verify", "--file", self.file)

    def test_a_file_signed_by_somebody_else_is_refused(self) -> None:
        self.run_ledger("export", self.file)
        other = Ed25519PrivateKey.generate().public_key()
        key = self.folder / "other.pub"
        key.write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self.assert_refused("another key signed", "verify", "--file", self.file, "--key", key)
        self.assert_refused("no public key", "verify", "--file", self.file, "--key", self.file)
        self.assert_refused("No such file", "verify", "--file", self.folder / "absent")

    def test_nothing_is_signed_out_of_a_broken_chain(self) -> None:
        services.seal()
        tamper("UPDATE ledger_entry SET verb = 'x.y' WHERE id = %s", Entry.objects.latest("pk").pk)

        self.assert_refused("does not hold", "export", self.file)

        self.assertFalse(self.file.exists())

    def test_the_file_tells_a_ledger_that_was_written_anew(self) -> None:
        self.run_ledger("export", self.file)
        tamper("UPDATE ledger_entry SET verb = 'x.y' WHERE id = %s", Entry.objects.latest("pk").pk)
        tamper("DELETE FROM ledger_seal")
        tamper("INSERT INTO ledger_unsealed SELECT id FROM ledger_entry")
        self.assertIn("OK", self.run_ledger("verify"))

        self.assert_refused("another hash", "verify", "--file", self.file, "--compare")

    def test_it_overwrites_nothing_and_names_what_is_missing(self) -> None:
        self.file.write_text("mine")
        self.assert_refused("exists already", "export", self.file)
        self.assertEqual(self.file.read_text(), "mine")
        self.assert_refused("No such project", "export", self.folder / "b", "--project", "none")
        self.assert_refused("No such file", "export", self.folder / "none" / "b")
        self.assert_refused("is no day", "export", self.folder / "b", "--since", "yesterday")


class ArchiveTests(FileTestCase):
    def archive(self, until: datetime | None = None) -> str:
        until = until or timezone.now() + timedelta(minutes=1)
        return self.run_ledger("archive", "--until", until.isoformat(), "--folder", self.folder)

    def test_the_chain_goes_on_from_the_archive(self) -> None:
        services.seal()
        last = chain.head()

        self.archive()

        moved = Archive.objects.get()
        self.assertEqual((moved.first, moved.last), (1, last.position))
        self.assertEqual(Entry.objects.get().verb, "ledger.archived")
        note(50)
        said = self.run_ledger("verify", "--archives")
        self.assertIn("OK  2 rows", said)
        self.assertIn(f"positions up to {last.position + 2}", said)
        self.assertIn(f"OK  {last.position} rows in {moved.location}", said)
        self.assertEqual(stat.S_IMODE(Path(moved.location).stat().st_mode), 0o600)

    def test_a_second_archive_joins_the_first(self) -> None:
        self.archive()
        note(50)
        self.archive()
        note(51)

        self.assertEqual(self.run_ledger("verify", "--archives").count("OK"), 3)
        first, second = Archive.objects.order_by("last")
        self.assertEqual(second.first, first.last + 1)

    def test_only_what_is_older_goes(self) -> None:
        tamper("UPDATE ledger_entry SET at = at - interval '10 days' WHERE id < %s", self.middle())
        kept = Entry.objects.filter(pk__gte=self.middle()).count()

        self.archive(timezone.now() - timedelta(days=1))

        self.assertEqual(Entry.objects.count(), kept + 1)
        self.assertIn("OK", self.run_ledger("verify", "--archives"))
        self.assertIn("OK", self.run_ledger("verify", "--file", Archive.objects.get().location))

    def middle(self) -> int:
        return Entry.objects.order_by("pk").values_list("pk", flat=True)[3]

    def test_a_tampered_archive_is_named(self) -> None:
        self.archive()
        path = Path(Archive.objects.get().location)
        path.chmod(0o600)
        path.write_bytes(path.read_bytes().replace(b"models.changed", b"models.forged", 1))
        self.assert_refused("the row, or a row before it", "verify", "--archives")

    def test_a_row_behind_the_archive_is_still_checked(self) -> None:
        self.archive()
        entry = note(50)
        services.seal()
        tamper("UPDATE ledger_entry SET verb = 'x.y' WHERE id = %s", entry.pk)
        with self.assertLogs("apps.ledger.verification", "ERROR"):
            self.assert_refused(f"entry {entry.pk}", "verify")

    def test_nothing_goes_while_a_reader_is_behind(self) -> None:
        cursors.begin("slow")
        before = Entry.objects.count()

        with self.assertRaisesRegex(CommandError, "The reader slow"):
            self.archive()

        self.assertEqual((Entry.objects.count(), Archive.objects.count()), (before, 0))
        self.assertEqual(list(self.folder.iterdir()), [])
        cursors.drain("slow", handle=lambda entries: None)
        self.archive()

    def test_nothing_goes_out_of_a_broken_chain_or_without_need(self) -> None:
        with self.assertRaisesRegex(CommandError, "nothing was moved"):
            self.archive(datetime(2020, 1, 1, tzinfo=UTC))
        tamper("DELETE FROM ledger_entry WHERE id = %s", self.middle())
        with self.assertRaisesRegex(CommandError, "does not hold"):
            self.archive()
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(Seal.objects.count(), chain.head().position)


class LinkTests(PortalTestCase):
    def test_a_kind_has_one_resolver(self) -> None:
        def resolver(*_: object) -> dict[str, subjects.Link]:
            return {}

        subjects.link("test.kind", resolver)
        self.addCleanup(subjects._resolvers.pop, "test.kind")
        subjects.link("test.kind", resolver)
        with self.assertRaises(ValueError):
            subjects.link("test.kind", lambda *_: {})
