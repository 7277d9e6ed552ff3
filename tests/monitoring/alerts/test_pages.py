"""The pages of alerts, silences and routes: what they show, to whom, and what they let people do."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.integrations.models import Connection
from apps.monitoring import services
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Alert, Notification, Route, Silence
from tests.base import PortalTestCase
from tests.monitoring.alerts.base import posted, told_and_settled

LISTS = ("alerts", "silences", "routes", "notifications")


class AlertPageTests(PortalTestCase):
    def setUp(self) -> None:
        (self.alert,) = told_and_settled(self.fraud, posted("Latency", instance="a"))
        self.page = self.alert.get_absolute_url()
        self.client.force_login(self.rita)

    def route(self) -> Route:
        connection = Connection.objects.create(
            project=self.fraud, slug="slack", name="chat", values={}
        )
        return services.create_route(
            project=self.fraud,
            connection=connection,
            wanted=services.Wanted(name="on call"),
            by=self.max,
        )

    def test_a_list_filters_and_needs_few_queries(self) -> None:
        for number in range(5):
            told_and_settled(self.fraud, posted(f"Other{number}", severity="info"))
        page = self.client.get("/monitoring/alerts/")
        self.assertContains(page, "Latency is high")
        with self.assertNumQueries(5):
            self.client.get("/monitoring/alerts/?severity=info&source=inbound&silenced=no")
        self.assertNotContains(
            self.client.get("/monitoring/alerts/?severity=info"), "Latency is high"
        )
        self.assertContains(
            self.client.get("/monitoring/alerts/?state=resolved"), "No alert matches"
        )
        self.assertEqual(self.client.get("/monitoring/alerts/?state=odd&mark=%00").status_code, 200)

    def test_lists_have_an_empty_state_for_strangers(self) -> None:
        self.route()
        self.client.force_login(self.bob)
        for name in LISTS:
            page = self.client.get(f"/monitoring/{name}/")
            self.assertEqual(page.status_code, 200)
            self.assertNotContains(page, "Latency")
        for address in (self.page, Route.objects.get().get_absolute_url()):
            self.assertEqual(self.client.get(address).status_code, 404)

    def test_it_explains_and_is_marked_and_unmarked(self) -> None:
        self.assertContains(self.client.get(self.page), "none of these is marked")
        for value, said in (
            ("useful", "1 was useful"),
            ("noise", "0 were useful"),
            ("", "is marked"),
        ):
            self.client.post(f"{self.page}mark/", {"mark": value})
            self.assertContains(self.client.get(self.page), said)
        self.client.post(f"{self.page}mark/", {"mark": "odd"})
        self.alert.refresh_from_db()
        self.assertEqual(self.alert.mark, "")

    def test_it_is_acknowledged_and_that_is_taken_back(self) -> None:
        self.client.post(f"{self.page}acknowledge/")
        self.alert.refresh_from_db()
        self.assertEqual(self.alert.acknowledged_by, self.rita)
        self.client.post(f"{self.page}unacknowledge/")
        self.alert.refresh_from_db()
        self.assertIsNone(self.alert.acknowledged_at)
        self.client.post(f"{self.page}note/", {"note": "looking"})
        self.assertContains(self.client.get(self.page), "looking")
        self.client.force_login(self.carol)
        for act in ("acknowledge", "unacknowledge", "mark", "note"):
            self.assertEqual(self.client.post(f"{self.page}{act}/").status_code, 403)

    def test_many_are_acknowledged_at_once_where_one_may(self) -> None:
        told_and_settled(self.other, posted("Rain"))
        ids = [*Alert.objects.values_list("pk", flat=True), "x", "9" * 30]
        self.client.post("/monitoring/alerts/acknowledge/", {"alert": ids})
        told = dict(Alert.objects.values_list("name", "acknowledged_by__username"))
        self.assertEqual(told, {"Latency": "rita", "Rain": None})

    def test_a_silence_is_previewed_made_and_ended(self) -> None:
        page = self.client.get(f"/monitoring/silences/new/?alert={self.alert.pk}")
        self.assertContains(page, "instance=&quot;a&quot;")
        local = timezone.localtime()
        sent = {
            "project": "fraud",
            "matchers": 'alertname=~"Lat.*"',
            "starts_at": f"{local - timedelta(minutes=2):%Y-%m-%dT%H:%M}",
            "ends_at": f"{local + timedelta(hours=2):%Y-%m-%dT%H:%M}",
            "repeats": "daily",
            "comment": "maintenance",
        }
        preview = self.client.post("/monitoring/silences/new/", {**sent, "preview": "1"})
        self.assertContains(preview, "Latency is high")
        self.assertFalse(Silence.objects.exists())

        made = self.client.post("/monitoring/silences/new/", sent)
        silence = Silence.objects.get()
        self.assertRedirects(made, silence.get_absolute_url())
        self.alert.refresh_from_db()
        self.assertTrue(self.alert.silenced)
        self.assertContains(self.client.get("/monitoring/silences/"), "maintenance")

        self.client.post(f"{silence.get_absolute_url()}end/")
        self.alert.refresh_from_db()
        self.assertFalse(self.alert.silenced)

    def test_what_a_silence_cannot_be_is_said_beside_its_field(self) -> None:
        sent = {"project": "fraud", "matchers": 'x=~"(?=a)"', "comment": "c"}
        page = self.client.post("/monitoring/silences/new/", sent)
        self.assertContains(page, "look-around", status_code=422)
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/monitoring/silences/new/"), "cannot silence")

    def test_a_route_is_made_changed_and_removed_by_maintainers(self) -> None:
        connection = Connection.objects.create(
            project=self.fraud, slug="slack", name="chat", values={}
        )
        sent = {
            "project": "fraud", "connection": connection.pk, "name": "on call", "severities": ["critical"],
            "matchers": "", "repeat_seconds": 3600, "tell_resolved": "on", "enabled": "on",
        }  # fmt: skip
        self.client.force_login(self.max)
        made = self.client.post("/monitoring/routes/new/", sent)
        route = Route.objects.get()
        self.assertRedirects(made, route.get_absolute_url())
        again = self.client.post("/monitoring/routes/new/", sent)
        self.assertContains(again, "has a route on call already", status_code=422)
        self.client.post(route.get_absolute_url(), {**sent, "repeat_seconds": 0})
        route.refresh_from_db()
        self.assertEqual((route.repeat_seconds, route.severities), (0, ["critical"]))

        self.client.force_login(self.rita)
        self.assertContains(self.client.get(route.get_absolute_url()), "Critical")
        for act in ("", "test/", "remove/"):
            self.assertEqual(self.client.post(f"{route.get_absolute_url()}{act}").status_code, 403)
        self.client.force_login(self.max)
        self.client.post(f"{route.get_absolute_url()}remove/")
        self.assertFalse(Route.objects.exists())

    def test_a_dead_letter_is_sent_again(self) -> None:
        row = Notification.objects.create(
            alert=self.alert, route=self.route(), event="fired", state="dead", error="It said no."
        )
        self.assertContains(self.client.get("/monitoring/notifications/?state=dead"), "It said no.")
        self.assertEqual(
            self.client.post(f"/monitoring/notifications/{row.pk}/redeliver/").status_code, 403
        )
        self.client.force_login(self.max)
        self.client.post(f"/monitoring/notifications/{row.pk}/redeliver/")
        row.refresh_from_db()
        self.assertEqual((row.state, row.error), ("waiting", ""))

    def test_a_silence_is_hidden_from_other_projects(self) -> None:
        silence = services.create_silence(
            project=self.fraud,
            wanted=[Matcher("alertname", "Latency")],
            stretch=services.Stretch(timezone.now(), timezone.now() + timedelta(hours=1)),
            comment="ours",
            by=self.rita,
        )
        self.client.force_login(self.bob)
        for address in (silence.get_absolute_url(), f"{silence.get_absolute_url()}end/"):
            answer = (
                self.client.post(address) if address.endswith("end/") else self.client.get(address)
            )
            self.assertEqual(answer.status_code, 404)
