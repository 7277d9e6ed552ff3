"""Routes and their outbox, over real sockets: told once, again, later, never in vain."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.integrations.models import Connection
from apps.ledger.models import Entry
from apps.monitoring import reactions, services
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Alert, Notification, Route
from apps.monitoring.services import notifying
from tests.core.loopback import Loopback, Script, always, answer, in_turn, loopback
from tests.integrations.base import ConnectionTestCase
from tests.monitoring.alerts.base import posted, tell


class NotificationTestCase(ConnectionTestCase):
    server: Loopback

    def route(self, script: Script, slug: str = "alert_webhook", **wanted: Any) -> Route:
        """A receiver on loopback, connected to the fraud project, with a route to it."""
        self.server = self.enterContext(loopback(script))
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))
        secret = {"url": f"{self.server.url}/services/T0/B0/x"}
        if slug in {"slack", "teams"}:
            connection = self.connect(slug, {}, secrets=secret)
        else:
            connection = self.connect(
                slug, {"url": self.server.url}, secrets={"secret": "bearer-secret"}
            )
        return services.create_route(
            project=self.fraud,
            connection=connection,
            wanted=services.Wanted(**{"name": f"to {slug}", **wanted}),
            by=self.max,
        )

    def hear(self, *alerts: dict[str, Any]) -> None:
        """Alerts come, are settled, and what is due is sent."""
        tell(self.fraud, *alerts)
        services.settle_waiting()
        services.end_passed()
        self.send()

    def send(self) -> None:
        services.wake_notifications()
        self.run_jobs("monitoring.notify")

    def told(self) -> list[Any]:
        return [json.loads(asked.body) for asked in self.server.asked]

    def let_time_pass(self, **length: float) -> None:
        past = timezone.now() - timedelta(**length)
        Notification.objects.filter(state="waiting").update(due_at=past)
        Notification.objects.filter(state="sent").update(sent_at=past)


class RouteTests(NotificationTestCase):
    def test_a_group_is_told_once_in_alertmanagers_shape(self) -> None:
        self.route(always())
        self.hear(*(posted(instance=str(n)) for n in range(5)))
        [message] = self.told()
        [asked] = self.server.asked
        self.assertEqual(asked.headers["authorization"], "Bearer bearer-secret")
        self.assertEqual((message["version"], message["status"]), ("4", "firing"))
        [alert] = message["alerts"]
        self.assertEqual(alert["labels"]["alertname"], "Latency")
        self.assertEqual(alert["endsAt"], "0001-01-01T00:00:00Z")
        self.assertIn(
            f"/monitoring/alerts/{Alert.objects.order_by('pk')[0].pk}/", alert["generatorURL"]
        )

    def test_routes_choose_by_severity_and_matchers(self) -> None:
        self.route(always(), severities=["critical"], wanted=[Matcher("zone", "a|b", True)])
        self.hear(
            posted("A", severity="info", zone="a"), posted("B", zone="c"), posted("C", zone="b")
        )
        self.assertEqual([each["alerts"][0]["labels"]["alertname"] for each in self.told()], ["C"])

    def test_a_flapping_stream_is_one_notification(self) -> None:
        self.route(always())
        for _ in range(50):
            self.hear(posted())
            self.hear(posted(ends=-1))
        self.assertEqual(len(self.told()), 1)
        self.let_time_pass(seconds=1)  # the hold is over, and it did not come back
        self.send()
        self.assertEqual([each["status"] for each in self.told()], ["firing", "resolved"])

    def test_it_is_told_again_until_somebody_is_on_it(self) -> None:
        self.route(always(), repeat_seconds=60)
        self.hear(posted())
        for expected in (2, 3):
            services.repeat_notifications()
            self.let_time_pass(seconds=61)
            self.assertEqual(services.repeat_notifications(), 1)
            self.send()
            self.assertEqual(len(self.told()), expected)
        services.acknowledge(alert=Alert.objects.get(), by=self.rita)
        self.let_time_pass(seconds=61)
        self.assertEqual(services.repeat_notifications(), 0)

    def test_a_silenced_one_is_told_when_the_silence_ends(self) -> None:
        self.route(always())
        now = timezone.now()
        silence = services.create_silence(
            project=self.fraud,
            wanted=[Matcher("alertname", "Latency")],
            stretch=services.Stretch(now, now + timedelta(hours=1)),
            comment="work",
            by=self.rita,
        )
        self.hear(posted())
        self.assertEqual(self.told(), [])
        services.end_silence(silence=silence, by=self.rita)
        self.send()
        self.assertEqual(len(self.told()), 1)

    def test_a_busy_receiver_is_left_alone_as_long_as_it_asks(self) -> None:
        self.route(in_turn(answer(429, retry_after="1800"), answer(503), answer(200)))
        self.hear(posted())
        row = Notification.objects.get()
        self.assertGreater(row.due_at, timezone.now() + timedelta(seconds=1700))
        self.assertIn("429", row.error)
        for state in ("waiting", "sent"):
            self.let_time_pass(seconds=1)
            self.send()
            row.refresh_from_db()
            self.assertEqual(row.state, state)
        self.assertEqual((row.attempts, row.error), (3, ""))

    def test_what_is_refused_or_too_old_is_a_dead_letter_until_it_is_sent_again(self) -> None:
        self.route(in_turn(*[answer(404)] * notifying.MOST_REFUSALS, answer(200)))
        self.hear(posted())
        for _ in range(notifying.MOST_REFUSALS):
            self.let_time_pass(seconds=1)
            self.send()
        row = Notification.objects.get()
        self.assertEqual((row.state, row.attempts), ("dead", notifying.MOST_REFUSALS))
        self.assertTrue(Entry.objects.filter(verb="monitoring.notification_given_up").exists())
        services.redeliver(notification=row, by=self.max)
        self.send()
        row.refresh_from_db()
        self.assertEqual(row.state, "sent")

    def test_one_that_never_answers_is_given_up_after_a_day(self) -> None:
        self.route(lambda connection, asked: None)
        self.hear(posted())
        Notification.objects.update(created_at=timezone.now() - notifying.KEEP_TRYING)
        services.wake_notifications()
        self.assertEqual(Notification.objects.get().state, "dead")

    def test_another_projects_connection_is_refused(self) -> None:
        foreign = Connection.objects.create(project=self.other, slug="slack", name="s", values={})
        api = self.api(self.max)
        sent = {"project": "fraud", "connection": foreign.pk, "name": "x"}
        self.assertEqual(api.post("/api/v1/routes/", sent, format="json").status_code, 404)
        jira = Connection.objects.create(project=self.fraud, slug="jira", name="j", values={})
        refused = api.post("/api/v1/routes/", {**sent, "connection": jira.pk}, format="json")
        self.assertEqual((refused.status_code, refused.json()["code"]), (400, "invalid"))


class ReceiverTests(NotificationTestCase):
    def test_slack_gets_blocks_in_which_nobody_is_mentioned(self) -> None:
        self.route(always(200, b"ok"), slug="slack")
        self.hear({**posted(), "annotations": {"summary": "<!channel> a & b"}})
        [message] = self.told()
        self.assertEqual(self.server.asked[0].target, "/services/T0/B0/x")
        kinds = [block["type"] for block in message["blocks"]]
        self.assertEqual(kinds, ["header", "section", "section", "actions"])
        self.assertEqual(message["blocks"][1]["text"]["text"], "&lt;!channel&gt; a &amp; b")
        self.assertNotIn("<!channel>", message["text"])

    def test_teams_gets_an_adaptive_card(self) -> None:
        self.route(always(202, b""), slug="teams")
        self.hear(posted())
        [message] = self.told()
        [card] = [each["content"] for each in message["attachments"]]
        self.assertEqual((card["type"], card["version"]), ("AdaptiveCard", "1.4"))
        self.assertEqual(card["actions"][0]["type"], "Action.OpenUrl")

    def test_alertmanager_gets_a_postable_alert_and_its_end(self) -> None:
        self.route(always(), slug="alertmanager")
        self.hear(posted())
        self.hear(posted(ends=-1))
        self.let_time_pass(seconds=1)
        self.send()
        first, last = self.told()
        self.assertEqual(self.server.asked[0].target, "/api/v2/alerts")
        self.assertEqual(first[0]["labels"], last[0]["labels"])
        self.assertLess(last[0]["endsAt"], first[0]["endsAt"])

    def test_a_test_says_that_it_is_one(self) -> None:
        route = self.route(in_turn(answer(200), answer(403)))
        self.client.force_login(self.max)
        page = f"/monitoring/routes/{route.pk}/test/"
        self.assertContains(self.client.post(page, follow=True), "took a test notice")
        self.assertContains(self.client.post(page, follow=True), "403")


class AlertmanagerInTests(NotificationTestCase):
    def test_its_messages_are_alerts_of_the_project(self) -> None:
        connection = self.connect("alertmanager", {}, secrets={"secret": "a-long-secret"})
        alert = {
            **posted(zone="a"),
            "status": "firing",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "x",
        }
        for status, state in (("firing", "firing"), ("resolved", "resolved")):
            ended = {"endsAt": timezone.now().isoformat()} if status == "resolved" else {}
            message = {
                "version": "4",
                "status": status,
                "alerts": [{**alert, "status": status, **ended}],
            }
            with self.captureOnCommitCallbacks(execute=True):
                answered = self.client.post(
                    f"/hooks/{connection.pk}/",
                    message,
                    content_type="application/json",
                    headers={"authorization": "Bearer a-long-secret"},
                )
                self.assertLess(answered.status_code, 300)
                self.run_jobs("integrations.handle_delivery")
            services.settle_waiting()
            services.end_passed()
            row = Alert.objects.get()
            self.assertEqual(
                (row.state, row.connection, row.project), (state, connection, self.fraud)
            )
        forged = self.client.post(
            f"/hooks/{connection.pk}/", {}, content_type="application/json",
            headers={"authorization": "Bearer wrong"},
        )  # fmt: skip
        self.assertEqual(forged.status_code, 401)
        self.assertEqual(reactions.TELLERS, {"alertmanager", "webhook_in"})
