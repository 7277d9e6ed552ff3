"""The building of a pack: each gatherer bounded and failing alone, and the whole within its bounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from unittest import mock

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.incidents import pack, selectors, services
from apps.incidents.models import Incident
from apps.incidents.pack import Case, Gatherer, Item, bounds
from apps.incidents.pack.registry import GATHERERS
from apps.ledger.models import Entry
from apps.monitoring import services as monitoring
from apps.monitoring.levels import Level
from apps.monitoring.looks import Seen
from tests.incidents.pack.base import PackTestCase, calm, kinds, of_kind, said

MOST_QUERIES = 150


class OneOfManyTests(PackTestCase):
    """A gatherer that another room added does not behave."""

    def setUp(self) -> None:
        super().setUp()
        self.row = services.open_by_hand(
            project=self.fraud, title="odd", severity="high", by=self.rita
        )

    def with_one(
        self, gather: Callable[[Case], Iterator[Item]], seconds: float = 120, alarm: bool = True
    ) -> pack.Built:
        one = Gatherer("odd", "The odd one", gather, seconds=seconds, alarm=alarm)
        with mock.patch.dict(GATHERERS, {"odd": one}):
            return pack.build(selectors.for_evidence(self.row.pk))

    def assert_only_the_odd_one_is_missing(self, built: pack.Built, why: str) -> None:
        [trouble] = of_kind(built, "trouble")
        self.assertIn("The odd one could not be looked at", trouble.text)
        self.assertIn(why, trouble.text)
        self.assertIn("owner", kinds(built))
        self.assertEqual([state.name for state in built.states if state.trouble], ["odd"])

    def test_one_that_raises_is_said_and_the_others_go_on(self) -> None:
        def gather(case: Case) -> Iterator[Item]:
            yield _item(case)
            raise ZeroDivisionError

        with self.assertLogs("apps.incidents.pack.building", "ERROR"):
            built = self.with_one(gather)
        self.assert_only_the_odd_one_is_missing(built, "ZeroDivisionError")
        self.assertNotIn("half", said(built))

    def test_one_that_waits_in_the_database_is_cut_off(self) -> None:
        def gather(case: Case) -> Iterator[Item]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(600)")
            yield _item(case)

        # Only the database's own limit is left to end it.
        with mock.patch.object(bounds.time, "monotonic", return_value=0.0):
            built = self.with_one(gather, seconds=0.3, alarm=False)
        self.assert_only_the_odd_one_is_missing(built, "the database took too long")

    def test_one_that_never_asks_the_database_is_cut_off(self) -> None:
        def gather(case: Case) -> Iterator[Item]:
            while True:
                time.monotonic()
            yield _item(case)

        built = self.with_one(gather, seconds=0.3)
        self.assert_only_the_odd_one_is_missing(built, "its time was up")

    def test_one_that_sleeps_is_cut_off(self) -> None:
        def gather(case: Case) -> Iterator[Item]:
            time.sleep(600)
            yield _item(case)

        built = self.with_one(gather, seconds=0.3)
        self.assert_only_the_odd_one_is_missing(built, "its time was up")

    def test_one_that_asks_again_and_again_is_cut_off(self) -> None:
        def gather(case: Case) -> Iterator[Item]:
            while True:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(0.01)")
            yield _item(case)

        built = self.with_one(gather, seconds=0.3)
        self.assert_only_the_odd_one_is_missing(built, "its time was up")

    def test_the_database_is_as_before_after_one_was_cut_off(self) -> None:
        self.test_one_that_waits_in_the_database_is_cut_off()
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            [limit] = cursor.fetchone()
        self.assertEqual(limit, _usual_limit())
        self.assertTrue(Incident.objects.filter(pk=self.row.pk).exists())

    def test_what_a_gatherer_writes_is_undone(self) -> None:
        def gather(case: Case) -> Iterator[Item]:
            User.objects.create_user("ghost")
            yield _item(case)

        built = self.with_one(gather)
        self.assertIn("half", said(built))
        self.assertFalse(User.objects.filter(username="ghost").exists())

    def test_two_gatherers_of_one_name_are_refused(self) -> None:
        with self.assertRaises(ValueError):
            pack.register(Gatherer("owner", "Another", lambda case: []))


def _item(case: Case) -> Item:
    return Item("owner", "incidents.incident", str(case.incident.pk), "half", "half a truth")


def _usual_limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reset_val || coalesce(unit, '') FROM pg_settings WHERE name = 'statement_timeout'"
        )
        [value] = cursor.fetchone()
    return "0" if value.startswith("0") else str(value)


class BoundsTests(PackTestCase):
    """A thousand changes and three hundred features."""

    def much(self, columns: int, changes: int) -> Incident:
        names = [f"f{number:03}" for number in range(columns)]
        rows = [{name: float(n * 7919 % 97) for name in names} for n in range(100)]
        monitor = monitoring.create_monitor(
            baseline=self.baseline(rows), name="inputs", by=self.max
        )
        Entry.objects.bulk_create(
            Entry(
                verb="integrations.connection_edited", subject_kind="integrations.connection",
                subject_id=str(number), project_id=self.fraud.pk, data={"fields": ["name"]},
                at=self.began - timedelta(seconds=number),
            )
            for number in range(changes)
        )  # fmt: skip
        self.at(minutes=10)
        self.predict([{name: value + 50 for name, value in row.items()} for row in rows])
        seen = Seen(
            Level.ACT, 100, self.now - timedelta(minutes=1), self.now, "many moved",
            [{"name": name, "level": "act", "effect": 0.5, "interval": [0.4, 0.6]} for name in names],
            features=[{"name": name, "effect": 0.5, "interval": [0.4, 0.6]} for name in names],
        )  # fmt: skip
        with self.captureOnCommitCallbacks(execute=True):
            monitoring.judge(monitor=monitor, seen=seen, at=self.now)
        return self.opened()

    def test_the_number_of_queries_does_not_grow_with_what_is_there(self) -> None:
        row = self.much(columns=300, changes=1000)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            built = self.built(row)
        print(f"300 features, 1,000 changes: {built.seconds:.2f} s, {len(asked)} queries")  # noqa: T201
        for state in sorted(built.states, key=lambda each: -each.seconds)[:3]:
            print(f"  {state.name}: {state.seconds} s")  # noqa: T201
        self.assertLess(len(asked), MOST_QUERIES)
        self.assertLess(len(built.items), 120)
        self.assertIn("other changes in Fraud", said(built, "change"))
        self.assertIn("295 more moved", said(built, "shift"))
        self.assertEqual(len(of_kind(built, "change")), 21)

    def test_few_and_many_changes_cost_alike(self) -> None:
        row = self.much(columns=5, changes=30)
        with CaptureQueriesContext(connection) as few:
            self.built(row)
        Entry.objects.bulk_create(
            Entry(
                verb="integrations.connection_edited", subject_kind="integrations.connection",
                subject_id=str(number), project_id=self.fraud.pk, at=self.began, data={},
            )
            for number in range(500)
        )  # fmt: skip
        with CaptureQueriesContext(connection) as many:
            self.built(row)
        self.assertEqual(len(few), len(many))


class OrderTests(PackTestCase):
    def test_the_cause_comes_first_and_places_are_numbered(self) -> None:
        monitor = self.drift(calm())
        rows = [row | {"income": row["income"] + 20_000} for row in calm(200)]
        row = self.breaks(monitor, rows)
        services.keep_evidence(selectors.for_evidence(row.pk))
        found = list(row.evidence.values_list("position", "kind"))
        self.assertEqual([position for position, _ in found], list(range(1, len(found) + 1)))
        self.assertIn(found[0][1], {"cause", "unknown"})
