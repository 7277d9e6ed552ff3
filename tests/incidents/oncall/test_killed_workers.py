"""Real workers that are killed while pages are due: a real broker, a real beat, a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import Count
from django.utils import timezone

from apps.incidents.models import Call, Page
from tests.base import PortalTransactionTestCase
from tests.incidents.oncall.base import incident_of, policy_of
from tests.jobs_fixture.processes import House, until

PAGES = 24
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
        policy_of(self.fraud, (0, [self.rita]), by=self.ada)
        self.plan()
        house.begin("one", "-B", *SYSTEM)
        house.work("two", *SYSTEM)
        house.ready("one")
        house.until(lambda: self.sent() >= 3, what="the first pages")
        # The beat goes with it; the one beside it has nothing to do then.
        house.kill("one")
        house.kill("two")
        before = self.sent()
        self.assertLess(before, PAGES)
        house.begin("three", "-B", *SYSTEM)
        house.work("four", *SYSTEM)
        until(lambda: self.sent() == PAGES, what="every page", seconds=120)
        self.assertEqual(Page.objects.exclude(state="sent").count(), 0)
        late = [page.sent_at - page.due_at for page in self.after_the_restart()]
        self.assertTrue(late)
        self.assertLess(max(late), timedelta(seconds=2.5))
        calls = Call.objects.filter(user=self.ada).values("page").annotate(times=Count("pk"))
        self.assertEqual({row["times"] for row in calls}, {1})
        self.assertEqual(len(calls), PAGES)

    def plan(self) -> None:
        """One page each second from now on; nobody can be reached, so nothing leaves the machine."""
        self.rita.email = ""
        self.rita.save()
        now = timezone.now() + timedelta(seconds=20)
        for number in range(PAGES):
            incident = incident_of(self.fraud, by=self.carol)
            Page.objects.filter(incident=incident).update(due_at=now + timedelta(seconds=number))

    def sent(self) -> int:
        return Page.objects.filter(state="sent").count()

    def after_the_restart(self) -> list[Page]:
        """Pages that were due while the second pair was at work already."""
        sent = list(Page.objects.order_by("sent_at"))
        gap = max(
            range(1, len(sent)), key=lambda place: sent[place].sent_at - sent[place - 1].sent_at
        )
        again = sent[gap].sent_at + timedelta(seconds=1)
        return [page for page in sent if page.due_at >= again]
