"""Faults of the model and of how it is served: what the pack says of each, and what it must not say."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.deployments import services as deployments
from apps.deployments.models import Mismatch
from apps.deployments.targets import Difference
from apps.incidents import services as incidents
from apps.models.mirror import registry
from apps.models.mirror.moves import Cause
from apps.monitoring import services as monitoring
from apps.monitoring.models import Monitor
from tests.incidents.pack.base import (
    PackTestCase,
    alertmanager,
    calm,
    causes,
    clock,
    kinds,
    of_kind,
    said,
)

HOUR = timedelta(hours=1)


class BadReleaseTests(PackTestCase):
    def answered(self, share_right: float, count: int = 300) -> None:
        """Predictions of which this share is right."""
        right = [number % 100 < 100 * share_right for number in range(count)]
        keys = self.predict(calm(count), [{"prediction": int(each)} for each in right])
        self.truths(keys, [1] * count)

    def test_the_release_is_named_with_the_last_good_version(self) -> None:
        monitor = self.watch("performance", settings={"figure": "accuracy", "hours": 24})
        for minutes in (-50, -30, -10):
            self.at(minutes=minutes)
            self.answered(0.95)
            self.look(monitor)
        self.go_live(self.second)
        self.at(minutes=10)
        self.answered(0.5)
        self.look(monitor)
        built = self.built()

        self.assertEqual(causes(built), ["The release of churn v2"])
        [cause] = of_kind(built, "cause")
        self.assertIn("Release 2 of churn-live got traffic", cause.text)
        self.assertIn("roll back", cause.data["check"])
        [good] = of_kind(built, "last_good")
        self.assertEqual(good.data["version"], 1)
        self.assertIn("accuracy 0.91 now, 0.95 then", good.text)
        self.assertIn("accuracy 0.95 → 0.91", said(built, "difference"))
        self.assertEqual(of_kind(built, "release")[0].data["version"], 2)
        for kind in ("unknown", "trend", "season", "mix", "shape", "upstream"):
            self.assertNotIn(kind, kinds(built))

    def test_a_release_after_it_began_is_not_named(self) -> None:
        monitor = self.watch("performance", settings={"figure": "accuracy", "hours": 24})
        for minutes in (-120, -100, -80):
            self.at(minutes=minutes)
            self.answered(0.95)
            self.look(monitor)
        self.at(minutes=-60)
        self.answered(0.5)
        self.go_live(self.second)
        self.look(monitor)
        built = self.built()

        self.assertEqual(causes(built), [])
        self.assertIn("That was after it had begun.", said(built, "change"))
        self.assertNotIn("churn v2", said(built, "candidate"))


class LabelStopTests(PackTestCase):
    def test_missing_truth_is_said_and_no_release_is_blamed(self) -> None:
        settings = {"due_hours": 1, "hours": 24, "most_lag_hours": 2}
        monitor = self.watch("labels", settings=settings)
        self.at(hours=-8)
        keys = self.predict(calm(100))
        self.truths(keys, [1] * 100)
        self.go_live(self.second)
        self.at(hours=-3)
        self.predict(calm(300))
        self.at(minutes=20)
        self.look(monitor)
        built = self.built()

        self.assertIn("performance unknown since", said(built, "breach"))
        self.assertEqual(causes(built), [])
        self.assertIn("whether ground truth comes", said(built, "unknown"))
        self.assertNotIn("moved by", said(built, "shift"))
        for kind in ("mix", "trend", "season", "shape"):
            self.assertNotIn(kind, kinds(built))


class LatencyTests(PackTestCase):
    def setUp(self) -> None:
        super().setUp()
        settings = {"quantile": 0.95, "most_ms": 100, "minutes": 5}
        self.monitor = self.watch("latency", settings=settings, every_seconds=60)

    def minute(self, minutes: float, ms: float, requests: int = 100) -> None:
        """A minute's answers, and a look at the end of it."""
        self.at(minutes=minutes)
        self.asked(requests, ms=ms, at=self.now)

    def test_the_configuration_is_named_and_the_old_release_is_not(self) -> None:
        for minute in range(-60, 0):
            self.minute(minute, 20)
        for minute in (-40, -30, -20, -10):
            self.at(minutes=minute)
            self.look(self.monitor)
        self.configure(threads=8)
        for minute in range(1, 12):
            self.minute(minute, 400)
        self.look(self.monitor, minutes=1)
        built = self.built()

        [cause] = of_kind(built, "cause")
        self.assertEqual(cause.data["topic"], "configuration")
        self.assertIn("limits.threads", said(built, "change"))
        self.assertNotIn("The release of", said(built, "cause"))
        self.assertIn("the limit is 100", said(built, "shift"))
        for kind in ("mix", "shape", "season", "unknown"):
            self.assertNotIn(kind, kinds(built))

    def test_the_load_is_named_where_it_rose(self) -> None:
        for minute in range(-70, 0):
            self.minute(minute, 20)
        for minute in range(0, 12):
            self.minute(minute, 400, requests=500)
        self.look(self.monitor, minutes=1)
        built = self.built()

        self.assertEqual([item.data["topic"] for item in of_kind(built, "cause")], ["load"])
        self.assertIn("times those of the hour before", said(built, "serving"))


class OutOfBandTests(PackTestCase):
    def test_the_move_around_the_portal_is_named(self) -> None:
        registry.move(self.first.model, "staging", self.first, Cause(by=self.max))
        registry.move(self.first.model, "staging", self.second, Cause())
        seen = Difference(Mismatch.Kind.ALIAS, "churn v1", "churn v2")
        with self.captureOnCommitCallbacks(execute=True):
            deployments.note_mismatches(
                deployment=self.deployment, found=[seen], judged=[Mismatch.Kind.ALIAS],
                at=self.began + timedelta(minutes=5),
            )  # fmt: skip
        built = self.built()

        [cause] = of_kind(built, "cause")
        self.assertEqual(cause.data["topic"], "alias")
        self.assertIn("moved around the portal to churn v2", cause.title)
        self.assertIn("Wanted is churn v1; found was churn v2", said(built, "mismatch"))
        self.assertIn("no promotion led there", said(built, "change"))
        self.assertNotIn("The release of", said(built, "cause"))
        self.assertNotIn("moved by", said(built, "shift"))

    def test_a_move_that_nobody_serves_is_not_named(self) -> None:
        registry.move(self.first.model, "staging", self.first, Cause(by=self.max))
        registry.move(self.first.model, "staging", self.second, Cause())
        monitor = self.metric("memory")
        self.judged(monitor, self.began + timedelta(minutes=10), 180)
        built = self.built()

        self.assertNotIn("alias", [item.data["topic"] for item in of_kind(built, "cause")])
        self.assertIn("The deployment serves churn v1", said(built, "candidate"))


class MemoryTests(PackTestCase):
    def test_a_step_at_the_release_names_it(self) -> None:
        monitor = self.metric("memory")
        self.course(monitor, self.began - 10 * HOUR, self.began, lambda hour: 50 + hour % 2)
        self.go_live(self.second)
        for minute in (6, 12, 18):
            self.judged(monitor, self.began + timedelta(minutes=minute), 180)
        built = self.built()

        self.assertEqual(causes(built), ["The release of churn v2"])
        for kind in ("trend", "season", "unknown", "mix"):
            self.assertNotIn(kind, kinds(built))


class SlowLeakTests(PackTestCase):
    def test_the_newest_release_is_not_blamed_for_what_grew_for_hours_before(self) -> None:
        monitor = self.metric("memory")
        self.grow(monitor, since=self.began - 7 * HOUR)
        self.go_live(self.second)
        self.grow(monitor, since=self.began + timedelta(minutes=10))
        built = self.built()

        [trend] = of_kind(built, "trend")
        self.assertIn("grew steadily", trend.title)
        self.assertGreater(trend.data["hours"], 4)
        self.assertEqual(causes(built), [])
        self.assertIn("look for a leak", said(built, "unknown"))
        self.assertIn("The release of churn v2", said(built, "candidate"))
        self.assertIn("The growth began at", said(built, "candidate"))
        self.assertNotIn("season", kinds(built))

    def grow(self, monitor: Monitor, since: datetime) -> None:
        """From 40 at six hours before the changes, by 10 an hour; until it is too much."""
        until = self.began if since < self.began else self.began + HOUR
        self.course(monitor, since, until, lambda hour: 40 + max(0.0, hour + 6) * 10)

    def test_growth_that_begins_with_a_release_names_it(self) -> None:
        monitor = self.metric("memory")
        self.course(monitor, self.began - 4 * HOUR, self.began, lambda hour: 40.0)
        self.go_live(self.second)
        self.course(
            monitor, self.began + timedelta(minutes=10), self.began + 9 * HOUR,
            lambda hour: 40 + hour * 10,
        )  # fmt: skip
        built = self.built()

        self.assertEqual(causes(built), ["The release of churn v2"])
        self.assertIn("The steady growth began then.", said(built, "cause"))


class SeasonalPeakTests(PackTestCase):
    def days(self, monitor: Monitor, peak: float) -> None:
        """A week with a peak at this hour of each day; then the limit is lower than the peak."""
        for day in range(7, 0, -1):
            for hour in range(24):
                moment = self.began - timedelta(days=day) + hour * HOUR
                self.judged(monitor, moment, peak if hour == 0 else 40.0, limit=1000)

    def test_a_peak_that_comes_back_names_no_cause(self) -> None:
        monitor = self.metric("requests")
        self.days(monitor, 150)
        self.go_live(self.second)
        self.judged(monitor, self.began + timedelta(minutes=10), 152)
        built = self.built()

        self.assertEqual(causes(built), [])
        [season] = of_kind(built, "season")
        self.assertEqual(season.data["seen"], 7)
        self.assertEqual(
            of_kind(built, "unknown")[0].title, "No fault is named: this peak comes back"
        )
        self.assertIn("comes back at this hour on other days", said(built, "candidate"))
        self.assertNotIn("trend", kinds(built))

    def test_a_height_that_is_new_is_no_season(self) -> None:
        monitor = self.metric("requests")
        self.days(monitor, 60)
        self.go_live(self.second)
        self.judged(monitor, self.began + timedelta(minutes=10), 152)
        built = self.built()

        self.assertEqual(causes(built), ["The release of churn v2"])
        self.assertNotIn("season", kinds(built))


class MeasuringRodTests(PackTestCase):
    def test_a_monitor_whose_limit_was_changed_is_named(self) -> None:
        monitor = self.metric("memory")
        settings = {"query": "memory_bytes", "at_most": 45}
        monitoring.change_monitor(monitor=monitor, changes={"settings": settings}, by=self.max)
        self.judged(monitor, self.began + timedelta(minutes=10), 50, limit=45)
        built = self.built()

        [cause] = of_kind(built, "cause")
        self.assertEqual(cause.title, "The monitor memory was changed")

    def test_by_hand_nothing_is_named(self) -> None:
        self.go_live(self.second)
        row = incidents.open_by_hand(project=self.fraud, title="odd", severity="high", by=self.rita)
        built = self.built(row)
        self.assertEqual(causes(built), [])
        self.assertIn("No monitor says what broke", said(built, "unknown"))


class ToldFromOutsideTests(PackTestCase):
    """An alert of another system: it has no looks, so only what lies near before it is named."""

    def told(self, minutes: float) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            alertmanager(
                self.fraud, self.began + timedelta(minutes=minutes), deployment="churn-live"
            )
            monitoring.settle_waiting()

    def test_a_release_shortly_before_is_named(self) -> None:
        with clock(self.began - timedelta(minutes=30)):
            self.go_live(self.second)
        self.told(minutes=-5)
        self.assertEqual(causes(self.built()), ["The release of churn v2"])

    def test_a_release_of_the_morning_is_not(self) -> None:
        with clock(self.began - timedelta(hours=9)):
            self.go_live(self.second)
        self.told(minutes=-5)
        built = self.built()
        self.assertEqual(causes(built), [])
        self.assertIn("hours before, and little was looked at since", said(built, "candidate"))
