"""Real workers that are killed while pages are due: a real broker, a real beat, a real database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Count, F
from django.utils import timezone

from apps.incidents.models import Call, Incident, Page
from apps.ledger.models import Entry
from tests.base import PortalTransactionTestCase
from tests.incidents.oncall.base import incident_of, policy_of
from tests.jobs_fixture.processes import House, until

PAGES, LATER = 24, 5
SYSTEM = ("-Q", "system", "-P", "threads", "-c", "2")


class Beating(House):
    """Workers and a beat that page."""

    def _environment(self) -> dict[str, str]:
        return {
            **super()._environment(),
            "DJANGO_SETTINGS_MODULE": "tests.incidents.oncall.beating",
        }


@pytest.mark.slow
class KilledWorkerTests(PortalTransactionTestCase):
    def test_pages_survive_their_workers(self) -> None:
        house = Beating()
        self.addCleanup(house.stop)
        house.start()
        policy_of(self.fraud, (600, [self.rita]), by=self.ada)
        house.begin("one", "-B", *SYSTEM)
        house.work("two", *SYSTEM)
        house.ready("one")
        self.plan(PAGES, every=1.5)
        house.until(lambda: self.sent() >= 3, what="the first pages")
        # The beat goes with it; the one beside it has nothing to do then.
        house.kill("one")
        house.kill("two")
        before = self.sent()
        self.assertLess(before, PAGES)
        house.begin("three", "-B", *SYSTEM)
        house.work("four", *SYSTEM)
        until(lambda: self.sent() == PAGES, what="every page")
        self.plan(LATER)
        until(lambda: self.sent() == PAGES + LATER, what="what is due after the restart")
        self.assertEqual(Page.objects.exclude(state="sent").count(), 0)
        early = [page.pk for page in Page.objects.filter(sent_at__lt=F("due_at"))]
        self.assertEqual(early, [])
        calls = Call.objects.filter(user=self.ada).values("page").annotate(times=Count("pk"))
        self.assertEqual({row["times"] for row in calls}, {1})
        self.assertEqual(len(calls), PAGES + LATER)
        self.assertEqual(self.on_record(), dict(Page.objects.values_list("pk", "due_at")))

    def test_a_worker_that_dies_while_it_pages_has_paged_nobody(self) -> None:
        house = Beating()
        self.addCleanup(house.stop)
        house.start()
        house.begin("one", "-B", *SYSTEM)
        policy_of(self.fraud, (600, [self.rita]), (5, [self.rita]), (5, [self.rita]), by=self.ada)
        self.rita.email = ""
        self.rita.save()
        incident = incident_of(self.fraud, by=self.carol)
        house.ready("one")
        with self.elsewhere() as cursor:
            # Nobody can write a message, so the first step is taken, held and not yet sent.
            cursor.execute("LOCK TABLE incidents_call IN EXCLUSIVE MODE")
            due = self.due_soon(incident)
            house.until(self.somebody_waits, what="the step is being sent")
            house.kill("one")
        self.assertEqual((self.sent(), Call.objects.count(), self.on_record()), (0, 0, {}))
        house.begin("two", "-B", *SYSTEM)
        until(lambda: self.sent() == len(due), what="every step")
        pages = list(incident.pages.order_by("step"))
        self.assertEqual([page.due_at for page in pages], due)
        self.assertEqual(self.on_record(), {page.pk: page.due_at for page in pages})
        told = Counter(Call.objects.values_list("page", "user", "way"))
        self.assertEqual({page for page, _, _ in told}, {page.pk for page in pages})
        self.assertEqual(set(told.values()), {1}, "a message was doubled")

    def due_soon(self, incident: Incident) -> list[datetime]:
        """Let the steps of an incident be due from now on, one after the other."""
        now = timezone.now()
        due = [now + timedelta(seconds=number) for number in range(incident.pages.count())]
        for page, moment in zip(incident.pages.order_by("step"), due, strict=True):
            Page.objects.filter(pk=page.pk).update(due_at=moment)
        return due

    def somebody_waits(self) -> bool:
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'incidents_call'::regclass"
        return bool(self.ask(waits))

    @contextmanager
    def elsewhere(self) -> Iterator[CursorWrapper]:
        """A transaction beside what this test commits meanwhile."""
        other = connection.copy()
        other.set_autocommit(False)
        try:
            with other.cursor() as cursor:
                yield cursor
        finally:
            other.rollback()
            other.close()

    def ask(self, sql: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.rowcount

    def on_record(self) -> dict[int, datetime]:
        """The pages that the ledger knows, each once, with the time at which it was due."""
        entries = list(Entry.objects.filter(verb="incidents.paged"))
        told = {each.data["page"]: datetime.fromisoformat(each.data["due_at"]) for each in entries}
        self.assertEqual(len(told), len(entries), "a page is on record twice")
        return told

    def plan(self, count: int, *, every: float = 1) -> None:
        """One page after the other; nobody can be reached, so nothing leaves the machine."""
        self.rita.email = ""
        self.rita.save()
        made = [incident_of(self.fraud, by=self.carol) for _ in range(count)]
        now = timezone.now()
        for number, incident in enumerate(made):
            due = now + timedelta(seconds=every * number)
            Page.objects.filter(incident=incident).update(due_at=due)

    def sent(self) -> int:
        return Page.objects.filter(state="sent").count()
