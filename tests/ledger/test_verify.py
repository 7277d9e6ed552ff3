"""verify: it …"""

from __future__ import annotations

import hashlib
import json
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from apps.ledger import chain, services, verification
from apps.ledger.models import Entry, Seal, Verification
from tests.base import PortalTestCase
from tests.ledger.base import note, tamper


def run(*args: str) -> str:
    out = StringIO()
    call_command("ledger", *args, stdout=out)
    return out.getvalue()


class VerifyTests(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.notes = [
            note(n, project=cls.fraud, name=["before", "ünïcode \u2028"]) for n in range(1, 8)
        ]
        services.seal()

    def place(self, entry: Entry) -> int:
        return Seal.objects.get(entry_id=entry.pk).position

    def broken(self) -> str:
        logged = self.assertLogs("apps.ledger.verification", "ERROR")
        with logged, self.assertRaises(CommandError) as caught:
            run("verify")
        self.assertEqual(caught.exception.returncode, 1)
        self.assertFalse(Verification.objects.latest().ok)
        return str(caught.exception)

    def assert_names(self, entry: Entry, words: str) -> None:
        said = self.broken()
        self.assertIn(f"position {self.place(entry)}, entry {entry.pk}: {words}", said)

    def test_it_seals_first_and_says_how_far_it_came(self) -> None:
        note(99)

        said = run("verify")

        head = Seal.objects.order_by("-position").first()
        assert head is not None
        self.assertEqual(head.position, Entry.objects.count())
        self.assertIn(f"OK  {head.position} rows, head {bytes(head.hash).hex()}", said)
        kept = Verification.objects.latest()
        self.assertEqual((kept.ok, kept.rows), (True, head.position))

    def test_it_holds_for_an_empty_ledger(self) -> None:
        tamper("DELETE FROM ledger_seal")
        tamper("DELETE FROM ledger_unsealed")
        tamper("DELETE FROM ledger_entry")

        self.assertIn(f"OK  0 rows, head {chain.GENESIS.hex()}", run("verify"))

    def test_an_auditor_can_recompute_the_chain_without_our_code(self) -> None:
        row = "id, at, actor_id, token_id, verb, subject_kind, subject_id, project_id, data::text, request_id"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT s.hash, {row} FROM ledger_seal s JOIN ledger_entry e ON e.id = s.entry_id"
                " ORDER BY s.position"
            )
            names = [column.name for column in cursor.description][1:]
            previous = bytes(32)
            for seal, *values in cursor.fetchall():
                entry: dict[str, Any] = dict(zip(names, values, strict=True))
                entry["at"] = entry["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                previous = hashlib.sha256(previous + text.encode()).digest()
                self.assertEqual(previous, bytes(seal))

    def test_it_names_a_row_of_which_one_byte_changed(self) -> None:
        entry = self.notes[2]
        for column, value in (
            ("verb", "models.changes"),
            ("data", '{"n": 3, "name": ["before", "unicode"]}'),
            ("data", '{"n": 3.0, "name": ["before", "ünïcode \u2028"]}'),
            ("subject_id", "33"),
            ("actor_id", 1),
            ("request_id", "x"),
            ("project_id", self.other.pk),
            ("at", "2026-01-01 BC"),
            ("at", "infinity"),
        ):
            with self.subTest(column=column, value=value):
                old = Entry.objects.values_list(column, flat=True).get(pk=entry.pk)
                tamper(f"UPDATE ledger_entry SET {column} = %s WHERE id = %s", value, entry.pk)
                self.assert_names(entry, "the row was changed after it was sealed")
                kept = json.dumps(old) if column == "data" else old
                tamper(f"UPDATE ledger_entry SET {column} = %s WHERE id = %s", kept, entry.pk)
                self.assertIn("OK", run("verify"))

    def test_it_names_a_deleted_row(self) -> None:
        entry = self.notes[3]
        tamper("DELETE FROM ledger_entry WHERE id = %s", entry.pk)
        self.assert_names(entry, "the row was deleted")

    def test_it_names_a_row_that_was_deleted_before_it_was_sealed(self) -> None:
        entry = note(99)
        tamper("DELETE FROM ledger_entry WHERE id = %s", entry.pk)
        self.assertIn(
            f"entry {entry.pk}: the row was deleted (before it was sealed)", self.broken()
        )

    def test_it_names_a_row_whose_seal_is_gone(self) -> None:
        entry = self.notes[4]
        position = self.place(entry)
        tamper("DELETE FROM ledger_seal WHERE entry_id = %s", entry.pk)
        self.assertIn(f"position {position}, entry {entry.pk}: its seal is missing", self.broken())

    def test_it_names_a_last_row_whose_seal_is_gone(self) -> None:
        entry = self.notes[-1]
        position = self.place(entry)
        tamper("DELETE FROM ledger_seal WHERE entry_id = %s", entry.pk)
        self.assertIn(f"position {position}, entry {entry.pk}: its seal is missing", self.broken())

    def test_it_names_a_place_of_which_row_and_seal_are_gone(self) -> None:
        position = self.place(self.notes[1])
        tamper("DELETE FROM ledger_seal WHERE position = %s", position)
        tamper("DELETE FROM ledger_entry WHERE id = %s", self.notes[1].pk)
        self.assertIn(f"position {position}, entry unknown: its seal is missing", self.broken())

    def test_it_tells_a_forged_seal_from_a_changed_row(self) -> None:
        entry = self.notes[2]
        tamper("UPDATE ledger_seal SET hash = %s WHERE entry_id = %s", b"\x07" * 32, entry.pk)
        self.assert_names(entry, "its seal was changed; the row itself fits the chain")

    def test_it_names_swapped_rows(self) -> None:
        first, second = (self.place(entry) for entry in (self.notes[1], self.notes[4]))
        for column in ("entry_id", "position"):
            with self.subTest(column=column):
                self.swap(column, first, second)
                said = self.broken()
                self.assertIn(f"position {first}, entry {self.notes[4].pk}: another row", said)
                self.assertIn(f"entry {self.notes[1].pk}, now at position {second}, belongs", said)
                self.swap(column, first, second)
        self.assertIn("OK", run("verify"))

    def swap(self, column: str, first: int, second: int) -> None:
        for old, new in ((first, -1), (second, first), (-1, second)):
            if column == "position":
                tamper("UPDATE ledger_seal SET position = %s WHERE position = %s", new, old)
        if column == "entry_id":
            one, two = (Seal.objects.get(position=place).entry_id for place in (first, second))
            for place, entry_id in ((first, -1), (second, one), (first, two)):
                tamper("UPDATE ledger_seal SET entry_id = %s WHERE position = %s", entry_id, place)

    def test_it_sees_a_chain_that_was_cut_after_the_last_verification(self) -> None:
        run("verify")
        last = self.place(self.notes[-1])
        tamper("DELETE FROM ledger_seal WHERE position = %s", last)
        tamper("DELETE FROM ledger_entry WHERE id = %s", self.notes[-1].pk)
        self.assertIn(
            f"position {last}, entry unknown: the rows from here on are gone", self.broken()
        )

    def test_it_sees_a_chain_that_was_written_anew_since_it_was_verified(self) -> None:
        run("verify")
        tamper("UPDATE ledger_entry SET verb = 'models.forged' WHERE id = %s", self.notes[0].pk)
        tamper("DELETE FROM ledger_seal")
        tamper("INSERT INTO ledger_unsealed SELECT id FROM ledger_entry")
        services.seal()
        self.assertIn("the chain was written anew since it was verified here", self.broken())

    def test_it_is_repeated_every_day_as_a_job(self) -> None:
        from apps.ledger.tasks import verify_daily
        from portal.settings import CELERY_BEAT_SCHEDULE

        tasks = {entry["task"] for entry in CELERY_BEAT_SCHEDULE.values()}
        self.assertLessEqual({verify_daily.name, "ledger.seal"}, tasks)

    def test_a_broken_chain_is_announced(self) -> None:
        from apps.core import events
        from apps.ledger.events import ChainBroken

        heard: list[ChainBroken] = []
        events.on(ChainBroken, heard.append)
        self.addCleanup(events._handlers[ChainBroken].remove, heard.append)
        tamper("DELETE FROM ledger_entry WHERE id = %s", self.notes[0].pk)

        with self.captureOnCommitCallbacks(execute=True), self.assertLogs(verification.logger):
            verification.verify()

        self.assertEqual([event.position for event in heard], [self.place(self.notes[0])])
