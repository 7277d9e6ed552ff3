"""The database: it …"""

from __future__ import annotations

from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from apps.ledger import services
from apps.ledger.models import Archive, Entry, Seal
from apps.ledger.services import OutsideTransaction, record
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.ledger.base import note


class GuardTests(PortalTestCase):
    def setUp(self) -> None:
        note(1)
        services.seal()

    def assert_refused(self, *statements: str) -> None:
        refused = self.assertRaisesMessage(IntegrityError, "the ledger is append-only")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def test_it_refuses_to_change_or_delete_entries_seals_and_archives(self) -> None:
        Archive.objects.create(first=1, last=1, last_hash=b"", digest="", location="")
        for table, column in (
            ("ledger_entry", "id"),
            ("ledger_seal", "position"),
            ("ledger_archive", "first"),
        ):
            for statement in (
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"TRUNCATE {table} CASCADE",
                f"DELETE FROM {table} WHERE false",
            ):
                with self.subTest(statement):
                    self.assert_refused(statement)

    def test_it_refuses_django_too(self) -> None:
        for change in (
            lambda: Entry.objects.update(verb="x"),
            lambda: Entry.objects.all().delete(),
            lambda: Seal.objects.all().delete(),
            lambda: Entry.objects.latest("pk").save(),
        ):
            with self.assertRaises(IntegrityError), transaction.atomic():
                change()

    def test_a_setting_left_in_the_session_opens_nothing(self) -> None:
        for value in ("on", "1", "true", ""):
            self.assert_refused(
                f"SET LOCAL signalbox.ledger_archive = '{value}'", "DELETE FROM ledger_entry"
            )

    def test_even_a_transaction_that_names_itself_may_not_delete_what_no_archive_holds(
        self,
    ) -> None:
        name = "SELECT set_config('signalbox.ledger_archive', pg_current_xact_id()::text, true)"
        self.assert_refused(name, "DELETE FROM ledger_entry")
        self.assert_refused(name, "DELETE FROM ledger_seal")
        self.assert_refused(name, "UPDATE ledger_entry SET verb = 'x'")
        self.assert_refused(name, "TRUNCATE ledger_entry")

    def test_a_rollback_leaves_nothing(self) -> None:
        before = Entry.objects.count()
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            record(actor=self.ada, verb="projects.changed", subject=self.fraud)
            raise ZeroDivisionError

        self.assertEqual(services.seal(), 0)
        self.assertEqual((Entry.objects.count(), Seal.objects.count()), (before, before))


class FlushTests(PortalTransactionTestCase):
    def test_it_refuses_to_flush_and_to_record_outside_a_transaction(self) -> None:
        before = Entry.objects.count()
        with self.assertRaises(CommandError):
            call_command("flush", interactive=False)
        with self.assertRaises(OutsideTransaction):
            record(actor=self.ada, verb="projects.changed", subject=self.fraud)
        self.assertEqual(Entry.objects.count(), before)
