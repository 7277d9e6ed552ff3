"""Alerts: one row while it fires, one incident for what belongs together, and nobody told in vain."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.deployments import services as deployments
from apps.incidents import services as incidents
from apps.incidents.models import Incident
from apps.ledger.models import Entry
from apps.monitoring import services
from apps.monitoring.alerting import windows
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Alert, Notification, Silence
from apps.monitoring.services import firing, settling
from apps.projects.models import Project
from tests.base import PortalTestCase
from tests.models import registered
from tests.monitoring.alerts.base import posted, tell


class AlertTests(PortalTestCase):
    def hear(self, *alerts: object, project: Project | None = None) -> None:
        """Told, and settled by the next round of the beat."""
        with self.captureOnCommitCallbacks(execute=True):
            tell(project or self.fraud, *alerts)  # type: ignore[arg-type]
            services.settle_waiting()
            services.end_passed()

    def states(self) -> list[str]:
        return list(Alert.objects.order_by("pk").values_list("state", flat=True))

    def silence(self, *wanted: Matcher, hours: float = 1.0) -> Silence:
        now = timezone.now()
        with self.captureOnCommitCallbacks(execute=True):
            return services.create_silence(
                project=self.fraud,
                wanted=wanted,
                stretch=services.Stretch(now, now + timedelta(hours=hours)),
                comment="work",
                by=self.rita,
            )


class OneRowTests(AlertTests):
    def test_told_again_it_is_counted_and_not_doubled(self) -> None:
        for summary in ("first", "second"):
            self.hear({**posted(), "annotations": {"summary": summary}})
        alert = Alert.objects.get()
        self.assertEqual((alert.times, alert.summary, alert.state), (2, "second", "firing"))
        self.assertEqual(Entry.objects.filter(verb="monitoring.alert_fired").count(), 1)
        self.assertEqual(Incident.objects.count(), 1)

    def test_labels_tell_alerts_apart_and_an_empty_one_does_not(self) -> None:
        self.hear(posted(), posted(zone="a"), posted(zone=""))
        self.assertEqual(Alert.objects.count(), 2)

    def test_it_ends_when_it_is_told_so_or_not_told_again(self) -> None:
        self.hear(posted())
        self.hear(posted(ends=-1))
        self.assertEqual(self.states(), ["resolved"])
        self.assertEqual(Incident.objects.get().state, "resolved")
        self.hear(posted("Other"))
        Alert.objects.firing().update(ends_at=timezone.now() - timedelta(seconds=1))
        services.end_passed()
        self.assertEqual(self.states(), ["resolved", "resolved"])

    def test_one_that_is_over_and_unknown_leaves_nothing(self) -> None:
        self.hear(posted(ends=-1))
        self.assertFalse(Alert.objects.exists())

    def test_its_labels_join_it_to_a_deployment_of_its_own_project(self) -> None:
        version = registered.version(self.fraud, "credit", 1)
        place = deployments.create_deployment(
            environment=self.staging, model=version.model, slug="credit", by=self.ada
        )
        self.hear(posted(deployment="credit"), posted("B", model=version.model.name), posted("C"))
        self.hear(posted(deployment="credit"), project=self.other)
        found = Alert.objects.order_by("pk").values_list("deployment_id", flat=True)
        self.assertEqual(list(found), [place.pk, place.pk, None, None])


class GroupTests(AlertTests):
    def test_alerts_of_one_name_open_one_incident_that_ends_with_the_last(self) -> None:
        self.hear(*(posted(instance=str(n)) for n in range(5)))
        lead, *members = Alert.objects.order_by("pk")
        self.assertTrue(all(each.lead == lead for each in members))
        self.assertEqual(Incident.objects.count(), 1)
        self.hear(posted(instance="0", ends=-1))
        incidents.catch_up()
        self.assertEqual(Incident.objects.get().state, "triggered")
        self.hear(*(posted(instance=str(n), ends=-1) for n in range(1, 5)))
        self.assertEqual(Incident.objects.get().state, "resolved")

    def test_what_stands_apart_is_apart(self) -> None:
        self.hear(posted("A"), posted("B"))
        self.hear(posted("A"), project=self.other)
        self.assertEqual(Incident.objects.count(), 3)

    def test_alerts_of_one_deployment_join_within_minutes(self) -> None:
        version = registered.version(self.fraud, "credit", 1)
        deployments.create_deployment(
            environment=self.staging, model=version.model, slug="credit", by=self.ada
        )
        self.hear(posted("A", deployment="credit"))
        Alert.objects.update(fired_at=timezone.now())
        self.hear(posted("B", deployment="credit"))
        self.assertEqual(Incident.objects.count(), 1)
        Alert.objects.update(fired_at=timezone.now() - settling.WITHIN - timedelta(minutes=1))
        self.hear(posted("C", deployment="credit"))
        self.assertIsNone(Alert.objects.get(name="C").lead)
        self.assertEqual(Incident.objects.count(), 1)  # still young, so it gathers there
        Incident.objects.update(opened_at=timezone.now() - timedelta(hours=2))
        Alert.objects.update(fired_at=timezone.now() - timedelta(hours=2))
        self.hear(posted("D", deployment="credit"))
        self.assertEqual(Incident.objects.count(), 2)


class FlapTests(AlertTests):
    def test_fifty_flaps_are_one_incident(self) -> None:
        for _ in range(50):
            self.hear(posted())
            self.hear(posted(ends=-1))
        self.hear(posted())
        self.assertEqual(Alert.objects.count(), 51)
        incident = Incident.objects.get()
        self.assertEqual((incident.state, incident.resolved_at), ("triggered", None))

    def test_after_the_hold_it_is_a_new_alert_of_the_same_incident_for_a_day(self) -> None:
        self.hear(posted())
        self.hear(posted(ends=-1))
        Alert.objects.update(resolved_at=timezone.now() - settling.HOLD - timedelta(seconds=1))
        self.hear(posted())
        [incident] = Incident.objects.all()
        self.assertEqual((incident.state, incident.involved.count()), ("triggered", 1))
        self.hear(posted(ends=-1))
        before = timezone.now() - timedelta(days=2)
        Alert.objects.update(resolved_at=before)
        Incident.objects.update(resolved_at=before, opened_at=before)
        self.hear(posted())
        self.assertEqual(Incident.objects.count(), 2)


class SilenceTests(AlertTests):
    def test_what_it_holds_is_kept_and_told_when_it_ends(self) -> None:
        silence = self.silence(Matcher("alertname", "Lat.*", is_regex=True))
        self.hear(posted())
        incidents.catch_up()
        self.assertTrue(Alert.objects.get().silenced)
        self.assertFalse(Incident.objects.exists())
        with self.captureOnCommitCallbacks(execute=True):
            services.end_silence(silence=silence, by=self.rita)
        self.assertFalse(Alert.objects.get().silenced)
        self.assertEqual(Incident.objects.count(), 1)
        services.end_silence(silence=silence, by=self.rita)
        self.assertEqual(Entry.objects.filter(verb="monitoring.silence_ended").count(), 1)

    def test_one_that_runs_out_lets_the_beat_tell(self) -> None:
        silence = self.silence(Matcher("alertname", "Latency"))
        self.hear(posted())
        Silence.objects.filter(pk=silence.pk).update(ends_at=timezone.now())
        with self.captureOnCommitCallbacks(execute=True):
            services.follow_silences()
        self.assertEqual(Incident.objects.count(), 1)

    def test_it_reaches_no_other_project_and_only_what_matches(self) -> None:
        self.silence(Matcher("severity", "critical"), Matcher("zone", "b", is_equal=False))
        self.hear(posted(zone="a"), posted(zone="b"))
        self.hear(posted(zone="a"), project=self.other)
        found = Alert.objects.order_by("pk").values_list("silenced", flat=True)
        self.assertEqual(sorted(found), [False, False, True])

    def test_a_window_keeps_to_its_clock_over_summer_time(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        start = datetime(2026, 10, 20, 2, 30, tzinfo=berlin)  # clocks go back on the 25th
        row = Silence(
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            repeats="daily",
            zone="Europe/Berlin",
        )
        for day, hour, minute, holds in (
            (19, 2, 45, False),
            (20, 2, 45, True),
            (26, 2, 29, False),
            (26, 2, 31, True),
            (26, 3, 31, False),
        ):
            moment = datetime(2026, 10, day, hour, minute, tzinfo=berlin)
            self.assertEqual(windows.holds(row, moment), holds, moment)
        row.until = datetime(2026, 10, 26, 0, 0, tzinfo=berlin)
        self.assertFalse(windows.holds(row, datetime(2026, 10, 26, 2, 45, tzinfo=berlin)))
        self.assertEqual(windows.state(row, datetime(2026, 10, 27, tzinfo=berlin)), "expired")


class MonitorAlertTests(AlertTests):
    def test_an_upstream_table_is_one_incident_for_its_monitors(self) -> None:
        for number, slug in enumerate(("credit", "churn")):
            version = registered.version(self.fraud, slug, 1)
            place = deployments.create_deployment(
                environment=self.staging, model=version.model, slug=slug, by=self.ada
            )
            with self.captureOnCommitCallbacks(execute=True):
                firing.begin(
                    Alert(
                        project=self.fraud,
                        deployment=place,
                        fingerprint=f"test:{number}",
                        group="table:customers",
                        name="inputs",
                        summary="moved",
                    ),
                    kind="input_drift",
                )
        self.assertEqual(Incident.objects.count(), 1)
        self.assertEqual(Alert.objects.filter(lead=None).count(), 1)
        self.assertFalse(Notification.objects.exists())
