"""Events on their way out: filtered by right and verb, signed, tried again, given up, sent again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.core.models import Job
from apps.integrations import services
from apps.integrations.models import Connection, OutboundDelivery
from apps.integrations.services import outbound
from apps.ledger.models import Entry
from apps.ledger.services import record, seal
from apps.projects.models import Project
from tests.core.loopback import Asked, Loopback, Script, always, answer, in_turn, loopback
from tests.integrations.base import SECRET, ConnectionTestCase


class OutgoingWebhookTests(ConnectionTestCase):
    def setUp(self) -> None:
        self.servers: list[Loopback] = []

    def receiver(self, script: Script, **values: Any) -> Connection:
        """A real receiver on loopback, and a connection of the fraud project to it."""
        server = self.enterContext(loopback(script))
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))
        self.servers.append(server)
        return self.connect("webhook_out", {"url": f"{server.url}/in?k=1", **values})

    @property
    def got(self) -> list[Asked]:
        return self.servers[-1].asked

    def happen(self, verb: str = "models.promoted", project: Project | None = None) -> Entry:
        with transaction.atomic():
            place = project or self.fraud
            return record(
                actor=self.ada, verb=verb, subject=place, project_id=place.pk, data={"v": [6, 7]}
            )

    def deliver(self) -> None:
        """What the portal does every few seconds."""
        seal()
        services.sweep()
        self.run_jobs("integrations.deliver")

    def let_time_pass(self, **length: float) -> None:
        """Move everything that waits into the past."""
        past = timezone.now() - timedelta(**length)
        OutboundDelivery.objects.filter(state="pending").update(next_attempt_at=past)
        Connection.objects.update(held_until=None)

    def test_it_delivers_a_signed_event(self) -> None:
        connection = self.receiver(always(204, b""))
        entry = self.happen()
        self.deliver()

        (asked,) = [a for a in self.got if b"models.promoted" in a.body]
        self.assertEqual((asked.method, asked.target), ("POST", "/in?k=1"))
        body = json.loads(asked.body)
        self.assertEqual(body["type"], "models.promoted")
        self.assertEqual(body["timestamp"], entry.at.isoformat())
        self.assertEqual(body["data"]["subject"]["id"], str(self.fraud.pk))
        self.assertEqual(body["data"]["changes"], {"v": [6, 7]})
        self.assertEqual(asked.headers["webhook-id"], f"entry_{entry.pk}")
        self.assertTrue(genuine(asked))
        connection.refresh_from_db()
        self.assertEqual(connection.state, "connected")
        self.assertFalse(OutboundDelivery.objects.exclude(state="delivered").exists())

    def test_it_sends_each_event_once_and_in_order(self) -> None:
        self.receiver(always(), verbs=["models.*"])
        ids = [f"entry_{self.happen().pk}" for _ in range(5)]
        self.deliver()
        self.deliver()

        self.assertEqual([asked.headers["webhook-id"] for asked in self.got], ids)

    def test_it_hears_of_its_own_project_only(self) -> None:
        self.receiver(always())
        self.happen(project=self.other)
        mine = self.happen()
        self.deliver()

        sent = {asked.headers["webhook-id"] for asked in self.got}
        self.assertIn(f"entry_{mine.pk}", sent)
        projects = {json.loads(asked.body)["data"]["project"] for asked in self.got}
        self.assertEqual(projects, {self.fraud.pk})

    def test_a_site_wide_one_hears_of_all(self) -> None:
        connection = self.receiver(always(), verbs=["models.promoted"])
        Connection.objects.filter(pk=connection.pk).update(project=None)
        self.happen(project=self.other)
        self.happen()
        self.deliver()

        self.assertEqual(len(self.got), 2)

    def test_it_hears_of_the_verbs_it_asked_for(self) -> None:
        self.receiver(always(), verbs=["incidents.*", "models.promoted"])
        for verb in ("incidents.opened", "models.promoted", "models.promoted_again", "docs.edited"):
            self.happen(verb)
        self.deliver()

        kinds = [json.loads(asked.body)["type"] for asked in self.got]
        self.assertEqual(kinds, ["incidents.opened", "models.promoted"])

    def test_it_hears_of_nothing_from_before_it_existed(self) -> None:
        self.happen()
        self.receiver(always(), verbs=["models.*"])
        self.deliver()

        self.assertEqual(self.got, [])

    def test_it_rests_while_it_is_disabled(self) -> None:
        connection = self.receiver(always(), verbs=["models.*"])
        services.set_enabled(connection=connection, enabled=False, by=self.max)
        self.happen()
        self.deliver()

        self.assertEqual(self.got, [])

    def test_it_tries_again_when_the_receiver_did_not_answer(self) -> None:
        script = in_turn(answer(503), answer(200))
        connection = self.receiver(script, verbs=["models.*"])
        self.happen()
        self.deliver()

        delivery = OutboundDelivery.objects.get()
        self.assertEqual((delivery.state, delivery.attempts, delivery.status), ("pending", 1, 503))
        self.assertIn("cannot answer now", delivery.error)
        connection.refresh_from_db()
        self.assertEqual(connection.state, "failing")
        self.assertGreater(connection.held_until, timezone.now())

        self.let_time_pass(seconds=1)
        self.deliver()
        delivery.refresh_from_db()
        self.assertEqual((delivery.state, delivery.attempts), ("delivered", 2))
        self.assertEqual(len({asked.headers["webhook-id"] for asked in self.got}), 1)

    def test_it_leaves_a_receiver_that_does_not_answer_in_peace(self) -> None:
        connection = self.receiver(always(503), verbs=["models.*"])
        for _ in range(5):
            self.happen()
        self.deliver()
        self.happen()
        self.deliver()

        self.assertEqual(len(self.got), 1)
        connection.refresh_from_db()
        self.assertEqual(connection.failures, 1)

    def test_it_waits_as_long_as_the_receiver_asks(self) -> None:
        connection = self.receiver(always(429, Retry_After="600"), verbs=["models.*"])
        self.happen()
        before = timezone.now()
        self.deliver()

        connection.refresh_from_db()
        wait = timedelta(seconds=600)
        self.assertTrue(before + wait <= connection.held_until <= timezone.now() + wait)

    def test_it_goes_on_after_an_event_that_is_refused(self) -> None:
        self.receiver(in_turn(answer(400, b"no such field"), answer(200)), verbs=["models.*"])
        self.happen()
        self.happen()
        self.deliver()

        states = list(OutboundDelivery.objects.order_by("pk").values_list("state", "status"))
        self.assertEqual(states, [("pending", 400), ("delivered", 200)])

    def test_it_gives_an_event_up_that_is_refused_ten_times(self) -> None:
        self.receiver(always(400), verbs=["models.*"])
        self.happen()
        for _ in range(12):
            self.let_time_pass(seconds=1)
            self.deliver()

        delivery = OutboundDelivery.objects.get()
        self.assertEqual((delivery.state, delivery.attempts), ("given_up", outbound.MOST_ATTEMPTS))
        self.assertEqual(len(self.got), outbound.MOST_ATTEMPTS)
        self.assertTrue(Entry.objects.filter(verb="integrations.delivery_given_up").exists())

    def test_it_gives_up_after_three_days_without_an_answer(self) -> None:
        self.receiver(always(503), verbs=["models.*"])
        self.happen()
        self.deliver()
        long_ago = timezone.now() - outbound.KEEP_TRYING - timedelta(minutes=1)
        OutboundDelivery.objects.update(wanted_since=long_ago)
        self.deliver()

        self.assertEqual(OutboundDelivery.objects.get().state, "given_up")

    def test_it_does_not_feed_on_its_own_failures(self) -> None:
        self.receiver(always(503))
        self.happen()
        self.deliver()
        OutboundDelivery.objects.update(wanted_since=timezone.now() - timedelta(days=9))
        self.deliver()
        self.deliver()

        kinds = set(OutboundDelivery.objects.values_list("kind", flat=True))
        self.assertNotIn("integrations.delivery_given_up", kinds)

    def test_it_is_sent_again_under_the_same_id_when_somebody_asks(self) -> None:
        self.receiver(in_turn(answer(410), answer(200)), verbs=["models.*"])
        self.happen()
        self.deliver()
        delivery = OutboundDelivery.objects.get()
        OutboundDelivery.objects.update(state="given_up", next_attempt_at=None)
        self.client.force_login(self.max)
        self.client.post(f"{delivery.get_absolute_url()}again/")
        self.run_jobs("integrations.deliver")

        delivery.refresh_from_db()
        self.assertEqual(delivery.state, "delivered")
        first, second = (asked.headers["webhook-id"] for asked in self.got)
        self.assertEqual(first, second)

    def test_it_signs_with_both_secrets_after_a_rotation(self) -> None:
        connection = self.receiver(always(), verbs=["models.*"])
        new = services.rotate_secret(connection=connection, by=self.max)
        self.happen()
        self.deliver()

        (asked,) = self.got
        self.assertTrue(genuine(asked))
        self.assertTrue(genuine(asked, new))

    def test_it_keeps_only_a_redacted_start_of_the_answer(self) -> None:
        said = b'{"token": "abcdef123456"}' + b"x" * 5000
        self.receiver(always(200, said), verbs=["models.*"])
        self.happen()
        self.deliver()

        response = OutboundDelivery.objects.get().response
        self.assertLessEqual(len(response), 500)
        self.assertNotIn("abcdef123456", response)

    def test_it_does_not_connect_to_inner_addresses(self) -> None:
        server = self.enterContext(loopback(always()))
        self.connect("webhook_out", {"url": server.url, "verbs": ["models.*"]})
        self.happen()
        self.deliver()

        self.assertEqual(server.connections, 0)
        self.assertIn("HTTP_ALLOW", OutboundDelivery.objects.get().error)

    def test_one_job_at_a_time_serves_a_receiver(self) -> None:
        self.receiver(always(), verbs=["models.*"])
        self.happen()
        seal()
        services.sweep()
        services.sweep()

        self.assertEqual(Job.objects.filter(kind="integrations.deliver").count(), 1)

    def test_it_is_checked_with_a_signed_message(self) -> None:
        connection = self.receiver(always(200))
        self.client.force_login(self.max)
        self.client.post(f"/connections/{connection.pk}/check/")
        self.run_jobs("integrations.check_connection")

        connection.refresh_from_db()
        self.assertEqual(connection.state, "connected")
        self.assertEqual(json.loads(self.got[0].body)["type"], "connection.tested")
        self.assertTrue(genuine(self.got[0]))

    def test_it_shows_its_deliveries_to_whoever_keeps_it(self) -> None:
        connection = self.receiver(always(400), verbs=["models.*"])
        self.happen()
        self.deliver()
        delivery = OutboundDelivery.objects.get()
        paths = (f"/connections/{connection.pk}/sent/", delivery.get_absolute_url())
        for user, status in ((self.max, 200), (self.carol, 403), (self.bob, 404)):
            self.client.force_login(user)
            for path in paths:
                self.assertEqual(self.client.get(path).status_code, status)
        self.assertEqual(self.client.post(f"{paths[1]}again/").status_code, 404)

    def test_old_deliveries_are_forgotten(self) -> None:
        self.receiver(in_turn(answer(200), answer(503)), verbs=["models.*"])
        self.happen()
        self.happen()
        self.deliver()
        services.forget_deliveries(before=timezone.now() + timedelta(days=1))

        self.assertEqual(OutboundDelivery.objects.get().state, "pending")


def genuine(asked: Asked, secret: str = SECRET) -> bool:
    """What a receiver computes, written down once more from the standard."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    name, moment = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    signed = f"{name}.{moment}.".encode() + asked.body
    code = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{code}" in asked.headers["webhook-signature"].split(" ")
