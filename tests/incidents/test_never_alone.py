"""No alert fires on without an open incident, whoever ends, merges or splits at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.incidents import reactions, services
from apps.incidents.errors import AlreadyResolved, AnotherOpen
from apps.incidents.models import Incident
from apps.incidents.services.changes import hold
from apps.monitoring.events import AlertReturned
from apps.monitoring.models import Alert
from tests.base import PortalTransactionTestCase
from tests.deployments.test_pages import served
from tests.incidents.test_life import LifeTestCase
from tests.models import registered

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
PATIENCE = 120.0


class ReturningTests(LifeTestCase):
    """An alert that is back, or whose event was lost with its process."""

    def back(self, first: Alert) -> Alert:
        """The alert fires again as a row that follows its first."""
        again = self.alert(first.name, lead=first)
        reactions.reopen_incident(AlertReturned(alert_id=again.pk, lead_id=first.pk))
        return again

    def test_the_incident_it_was_merged_into_goes_on(self) -> None:
        home = services.open_from_alert(self.alert("other", at=None))
        first = self.alert("drift")
        merged = services.open_from_alert(first)
        services.merge(incident=merged, into=home, by=self.rita)
        for alert in Alert.objects.all():
            self.over(alert)
        self.assertEqual(self.state(home), "resolved")
        self.back(first)
        self.assertEqual((self.state(home), self.state(merged)), ("triggered", "closed"))

    def test_one_that_was_closed_since_is_taken_up_anew(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        services.acknowledge(incident=row, by=self.rita)
        self.over(first)
        services.close(incident=row, by=self.rita)
        self.back(first)
        self.assertEqual((self.state(row), row.closed_at), ("triggered", None))

    def test_one_that_was_taken_up_stays_so(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        services.acknowledge(incident=row, by=self.rita)
        self.over(first)
        self.back(first)
        self.assertEqual(self.state(row), "acknowledged")

    def test_one_whose_opening_was_lost_opens(self) -> None:
        first = self.alert("drift", state="resolved", resolved_at=timezone.now())
        self.back(first)
        self.assertEqual(Incident.objects.get().alert, first)

    def test_a_return_that_was_lost_is_caught_up_with(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        self.over(first)
        self.alert("drift", lead=first)
        services.catch_up()
        services.catch_up()
        self.assertEqual(self.state(row), "triggered")
        self.assertEqual(Incident.objects.count(), 1)

    def test_what_went_on_firing_is_met_again(self) -> None:
        row = services.open_from_alert(self.alert("drift"))
        Incident.objects.update(state="resolved", resolved_at=timezone.now())
        services.catch_up()
        self.assertEqual(self.state(row), "triggered")

    def test_what_people_ended_stays_ended(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        services.resolve(incident=row, by=self.rita, reason="A known batch job.")
        services.close(incident=row, by=self.rita)
        services.catch_up()
        Alert.objects.update(state="resolved", resolved_at=timezone.now())
        self.back(first)
        services.catch_up()
        self.assertEqual(self.state(row), "closed")
        self.assertEqual(Incident.objects.count(), 1)

    def test_what_is_silenced_opens_nothing(self) -> None:
        self.alert("drift", silenced=True)
        self.alert("late", settled=False)
        services.catch_up()
        self.assertFalse(Incident.objects.exists())


class AnotherOpenTests(LifeTestCase):
    """Two open incidents of one alert are refused in words."""

    def twice(self) -> tuple[Incident, Incident]:
        """An incident that is over, and a later open one of the same alert."""
        alert = self.alert("drift")
        row = services.open_from_alert(alert)
        services.resolve(incident=row, by=self.rita, reason="Known.")
        return row, services.open_from_alert(alert)

    def test_opening_again_is_refused(self) -> None:
        row, later = self.twice()
        with self.assertRaises(AnotherOpen):
            services.reopen(incident=row, by=self.rita, reason="It is back.")
        self.client.force_login(self.rita)
        answer = self.client.post(
            f"/api/v1/incidents/{row.pk}/reopen/", {"reason": "It is back."}, "application/json"
        )
        self.assertEqual(answer.status_code, 409)
        self.assertIn(f"incident {later.number} already", answer.json()["detail"])
        page = self.client.post(
            f"{row.get_absolute_url()}reopen/", {"reason": "It is back."}, follow=True
        )
        self.assertContains(page, f"incident {later.number} already")

    def test_splitting_is_refused(self) -> None:
        row = services.open_from_alert(self.alert("drift"))
        second = self.alert("latency")
        services.open_from_alert(second)
        Incident.objects.create(project=self.fraud, number=9, title="its own", alert=second)
        with self.assertRaises(AnotherOpen):
            services.split(incident=row, alert=second, by=self.rita)
        self.assertTrue(row.involved.filter(alert=second).exists())

    def test_an_alert_joins_only_what_is_open(self) -> None:
        row = services.open_from_alert(self.alert("drift"))
        services.resolve(incident=row, by=self.rita, reason="Known.")
        with self.assertRaises(AlreadyResolved):
            services.involve(incident=row, alert=self.alert("latency"))


class AtOnceTests(PortalTransactionTestCase):
    """Two processes act at the same moment; each has its own connection."""

    def setUp(self) -> None:
        super().setUp()
        version = registered.version(self.fraud, "churn", 1, {"accuracy": 0.9})
        self.place = served(version, self.fraud.environments.get(kind="staging"), self.ada)
        self.wrong: list[BaseException] = []

    def alert(self, name: str) -> Alert:
        return Alert.objects.create(
            project=self.fraud, deployment=self.place, fingerprint=name, name=name, summary=name
        )

    def at_once(
        self,
        first: Callable[[], Any],
        beside: Callable[[], Any],
        then: Callable[[], Any] = lambda: None,
    ) -> None:
        """In one transaction `first` and `then`; between them another process begins with `beside`."""

        def run() -> None:
            try:
                beside()
            except BaseException as error:  # noqa: BLE001  told by the main thread
                self.wrong.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        with transaction.atomic():
            first()
            thread.start()
            self.until_it_waits(thread)
            then()
        thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())
        self.assertEqual(self.wrong, [])

    def until_it_waits(self, thread: threading.Thread) -> None:
        for _ in range(int(PATIENCE / 0.02)):
            with connection.cursor() as cursor:
                cursor.execute(WAITING)
                if cursor.fetchone()[0]:
                    return
            thread.join(0.02)
            if not thread.is_alive():
                return
        self.fail("it neither waits nor ends")

    def test_an_alert_that_comes_while_its_home_is_resolved_opens_another(self) -> None:
        first = self.alert("drift")
        home = services.open_from_alert(first)
        second = self.alert("latency")
        Alert.objects.filter(pk=first.pk).update(state="resolved", resolved_at=timezone.now())
        self.at_once(
            lambda: services.resolve_with_alert(first), lambda: services.open_from_alert(second)
        )
        home.refresh_from_db()
        self.assertEqual(home.state, "resolved")
        self.assertEqual(Incident.objects.of_alert(second).open().count(), 1)

    def test_an_alert_that_joined_first_keeps_its_home_open(self) -> None:
        first = self.alert("drift")
        home = services.open_from_alert(first)
        second = self.alert("latency")
        Alert.objects.filter(pk=first.pk).update(state="resolved", resolved_at=timezone.now())
        self.at_once(
            lambda: services.open_from_alert(second), lambda: services.resolve_with_alert(first)
        )
        home.refresh_from_db()
        self.assertEqual(home.state, "triggered")
        self.assertEqual(home.involved.get().alert, second)

    def test_an_alert_that_returns_while_its_incident_is_resolved_wakes_it(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        Alert.objects.filter(pk=first.pk).update(state="resolved", resolved_at=timezone.now())
        self.at_once(
            lambda: services.resolve_with_alert(first), lambda: services.go_on_with_alert(first)
        )
        row.refresh_from_db()
        self.assertEqual(row.state, "triggered")

    def test_splitting_and_opening_do_not_wait_for_each_other(self) -> None:
        home = services.open_from_alert(self.alert("drift"))
        second, third = self.alert("latency"), self.alert("volume")
        services.open_from_alert(second)
        self.at_once(
            lambda: hold(self.fraud.pk),
            lambda: services.split(incident=home, alert=second, by=self.rita),
            lambda: services.open_from_alert(third),
        )
        self.assertEqual(Incident.objects.of_alert(second).open().get().alert, second)
        self.assertEqual(Incident.objects.of_alert(third).open().get(), home)
