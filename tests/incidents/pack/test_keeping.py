"""What is kept of packs: one per difference, the first always, bounded, and safe when cut off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from unittest import mock

from django.db import connection
from django.utils import timezone

from apps.core.models import Job
from apps.incidents import selectors, services
from apps.incidents.models import Evidence, Incident, Pack
from apps.incidents.pack import building, keeping, people
from apps.incidents.pack.bounds import TimeUp
from apps.incidents.pack.registry import GATHERERS
from apps.incidents.tasks import look_at_evidence
from tests.base import PortalTransactionTestCase
from tests.incidents.pack.base import PackTestCase, calm


class KeepTests(PackTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = services.open_by_hand(
            project=self.fraud, title="odd", severity="high", by=self.rita
        )

    def keep(self, reason: str = "") -> int:
        return services.keep_evidence(selectors.for_evidence(self.row.pk), reason=reason)

    def numbers(self) -> list[int]:
        return list(self.row.packs.values_list("number", flat=True))

    def differ(self) -> None:
        """Something that the pack tells of changes."""
        services.open_by_hand(project=self.fraud, title="odd", severity="low", by=self.rita)
        name = f"Fraud {timezone.now():%f}"
        type(self.fraud).objects.filter(pk=self.fraud.pk).update(name=name)

    def test_nothing_differs_and_no_pack_is_made(self) -> None:
        self.keep()
        first = Pack.objects.get()
        self.keep()
        again = Pack.objects.get()
        self.assertEqual(again.number, 1)
        self.assertGreater(again.checked_at, first.checked_at)
        self.assertEqual(again.built_at, first.built_at)

    def test_what_differs_is_a_pack_and_the_one_before_stands(self) -> None:
        self.keep()
        before = list(self.row.packs.get().items.values_list("kind", "title", "text"))
        self.differ()
        self.keep("a release went live")

        self.assertEqual(self.numbers(), [2, 1])
        first, newest = self.row.packs.get(number=1), self.row.packs.get(number=2)
        self.assertEqual(list(first.items.values_list("kind", "title", "text")), before)
        self.assertEqual(newest.reason, "a release went live")
        self.assertEqual(set(self.row.evidence), set(newest.items.all()))

    def test_the_first_and_the_newest_are_kept(self) -> None:
        for _ in range(keeping.MOST_KEPT + 4):
            self.differ()
            self.keep()
        numbers = self.numbers()
        self.assertEqual(len(numbers), keeping.MOST_KEPT)
        self.assertEqual((numbers[0], numbers[-1]), (keeping.MOST_KEPT + 4, 1))
        self.assertNotIn(2, numbers)

    def test_one_that_dies_between_has_made_nothing_and_the_next_makes_it(self) -> None:
        with (
            mock.patch.object(keeping, "_thin_out", side_effect=SystemExit),
            self.assertRaises(SystemExit),
        ):
            self.keep()
        self.assertFalse(Pack.objects.exists())
        self.assertFalse(Evidence.objects.exists())
        self.keep()
        self.keep()
        self.assertEqual(self.numbers(), [1])

    def test_a_slow_moment_does_not_take_away_what_is_known(self) -> None:
        self.keep()
        known = self.row.packs.get()
        with mock.patch.object(people, "_owner", side_effect=TimeUp):
            one = replace(GATHERERS["owner"], gather=people._owner)
            with mock.patch.dict(GATHERERS, {"owner": one}):
                self.keep()
                self.assertEqual(self.numbers(), [1])
                # One that goes on failing is no moment: then the pack says so.
                Pack.objects.update(checked_at=timezone.now() - keeping.PATIENCE * 2)
                self.keep()
        newest = self.row.packs.get(number=2)
        self.assertEqual(newest.troubled, ["Whom to ask"])
        self.assertIn("owner", known.items.values_list("kind", flat=True))

    def test_an_open_incident_is_looked_at_again_and_one_that_is_over_is_not(self) -> None:
        self.keep()
        Job.objects.all().update(state="done")
        long_ago = timezone.now() - selectors.EVIDENCE_LATER * 2
        Incident.objects.update(opened_at=long_ago, evidence_at=long_ago)
        look_at_evidence()
        asked = Job.objects.filter(kind="incidents.gather").exclude(state="done")
        self.assertEqual([job.args["incident_id"] for job in asked], [self.row.pk])

        asked.update(state="done")
        services.resolve(incident=self.row, by=self.ada, reason="over")
        look_at_evidence()
        self.assertFalse(asked.exists())


class ChangingFiguresTests(PackTestCase):
    def test_another_look_that_finds_the_same_is_no_news(self) -> None:
        monitor = self.drift(calm())
        rows = [row | {"income": row["income"] + 20_000} for row in calm(200)]
        row = self.breaks(monitor, rows)
        services.keep_evidence(selectors.for_evidence(row.pk))
        for minutes in (12, 14):
            self.at(minutes=minutes)
            self.predict(rows)
            self.look(monitor)
            services.keep_evidence(selectors.for_evidence(row.pk))
        # The first of these says that it is still so; the second one says nothing new.
        self.assertLessEqual(row.packs.count(), 2)


class RaceTests(PortalTransactionTestCase):
    def test_two_builders_at_once_make_one_pack(self) -> None:
        row = services.open_by_hand(project=self.fraud, title="odd", severity="high", by=self.rita)
        ready = Barrier(2)

        def build(_: int) -> int:
            # Both build before either keeps; here nobody has the process's alarm.
            loaded = selectors.for_evidence(row.pk)
            built = building.build(loaded)
            ready.wait(timeout=120)
            try:
                return keeping._keep(row.pk, built, "").number
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            numbers = list(pool.map(build, range(2)))
        self.assertEqual(numbers, [1, 1])
        self.assertEqual(Pack.objects.count(), 1)
        self.assertGreater(row.evidence.count(), 1)
