"""Checks: what is due, what is found, and who hears of it."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.utils import timezone

from apps.core import events, live
from apps.core.errors import Retryable
from apps.core.models import Job
from apps.integrations import services, tasks
from apps.integrations.connectors.vault import Vault
from apps.integrations.errors import Disabled
from apps.integrations.events import ConnectionFailing
from apps.integrations.models import Connection
from apps.ledger.models import Entry
from tests.integrations.base import ConnectionTestCase

DOWN = patch.object(Vault, "check", side_effect=Retryable(service="Vault"))
UP = patch.object(Vault, "check", return_value="Signed in.")


class CheckTests(ConnectionTestCase):
    def setUp(self) -> None:
        values = {"address": "https://vault.example.org"}
        self.row = self.connect("vault", values, secrets={"token": "hvs.abc"})

    def look(self) -> None:
        services.check_connection(connection=self.row)
        self.row.refresh_from_db()

    def verbs(self) -> list[str]:
        found = Entry.objects.filter(verb__startswith="integrations.connection_")
        return [entry.verb.rpartition("_")[2] for entry in found.order_by("pk")]

    def test_it_keeps_what_it_found(self) -> None:
        with UP:
            self.look()
        self.assertEqual((self.row.state, self.row.note), ("connected", "Signed in."))
        with DOWN:
            self.look()
        self.assertEqual((self.row.state, self.row.note), ("failing", "Vault is not answering."))

    def test_the_ledger_hears_of_changes_only(self) -> None:
        for state in (UP, UP, DOWN, DOWN, UP):
            with state:
                self.look()

        self.assertEqual(self.verbs(), ["created", "failing", "recovered"])

    def test_the_rooms_hear_of_a_failure(self) -> None:
        heard: list[ConnectionFailing] = []
        listening = patch.dict(events._handlers, {ConnectionFailing: [heard.append]})
        with listening, DOWN, self.captureOnCommitCallbacks(execute=True):
            self.look()

        self.assertEqual(heard, [ConnectionFailing(self.row.pk, self.fraud.pk)])

    def test_it_looks_by_itself_when_it_is_time(self) -> None:
        self.connect("webhook_in", {"sender": "github"})
        tasks.check_due()
        tasks.check_due()
        with UP:
            self.assertEqual(self.run_jobs("integrations.check_connection"), 1)
        tasks.check_due()
        self.assertFalse(Job.objects.active().exists())

        Connection.objects.update(checked_at=timezone.now() - timedelta(hours=2))
        tasks.check_due()
        self.assertTrue(Job.objects.active().exists())

    def test_a_disabled_one_is_left_alone(self) -> None:
        services.set_enabled(connection=self.row, enabled=False, by=self.max)
        self.assertEqual(services.check_due(), 0)
        self.row.refresh_from_db()
        with self.assertRaises(Disabled):
            services.request_check(connection=self.row, by=self.max)

    def test_one_of_an_archived_project_is_left_alone(self) -> None:
        self.fraud.archived_at = timezone.now()
        self.fraud.save()
        self.assertEqual(services.check_due(), 0)

    def test_its_page_hears_of_it_under_the_viewers_rights(self) -> None:
        self.assertTrue(live.may_hear(self.carol, self.row.topic))
        self.assertFalse(live.may_hear(self.bob, self.row.topic))
        self.assertFalse(live.may_hear(self.carol, "connection:x"))

    def test_one_removed_meanwhile_ends_quietly(self) -> None:
        job = services.request_check(connection=self.row, by=self.max)
        services.delete_connection(connection=self.row, by=self.max)
        self.run_jobs("integrations.check_connection")
        job.refresh_from_db()
        self.assertEqual(job.state, "done")
