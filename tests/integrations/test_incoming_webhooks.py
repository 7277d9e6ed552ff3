"""Requests at /hooks/: verified on raw bytes, kept once, handled once."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from unittest.mock import patch

from django.test import Client

from apps.core import events
from apps.core.models import Job
from apps.integrations import selectors, services
from apps.integrations.events import DeliveryReceived
from apps.integrations.models import Connection, InboundDelivery
from apps.integrations.views import hooks
from apps.ledger.models import Entry
from tests.integrations.base import SECRET, ConnectionTestCase

BODY = b'{"action": "completed", "note": "p\xc3\xa4ris"}'


class IncomingWebhookTests(ConnectionTestCase):
    def setUp(self) -> None:
        self.connection = self.connect("webhook_in", {"sender": "github"})
        self.sender = Client(enforce_csrf_checks=True)

    def send(self, body: bytes = BODY, secret: str = SECRET, **more: Any) -> Any:
        code = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "X-Hub-Signature-256": f"sha256={code}",
            "X-GitHub-Delivery": "g-1",
            "X-GitHub-Event": "workflow_run",
            **more,
        }
        return self.sender.post(
            f"/hooks/{self.connection.pk}/",
            data=body,
            content_type="application/json",
            headers=headers,
        )

    def test_it_accepts_a_genuine_request(self) -> None:
        response = self.send()

        self.assertEqual(response.status_code, 202)
        self.assertEqual(response.json()["status"], "accepted")
        self.assertNotIn("Set-Cookie", response)
        delivery = InboundDelivery.objects.get()
        self.assertEqual((delivery.delivery_id, delivery.kind), ("g-1", "workflow_run"))
        self.assertEqual(bytes(delivery.body), BODY)
        self.connection.refresh_from_db()
        self.assertEqual(self.connection.state, "connected")

    def test_it_keeps_no_secret_of_the_request(self) -> None:
        self.send(Authorization="Bearer abcdef123456", Cookie="session=abc")

        shown = json.dumps(InboundDelivery.objects.get().headers)
        for secret in ("abcdef123456", "session=abc", "sha256="):
            self.assertNotIn(secret, shown)
        self.assertIn("workflow_run", shown)

    def test_it_tells_the_rooms_that_listen_once(self) -> None:
        heard: list[DeliveryReceived] = []
        listening = patch.dict(events._handlers, {DeliveryReceived: [heard.append]})
        with listening, self.captureOnCommitCallbacks(execute=True):
            self.send()
            self.assertEqual(self.run_jobs("integrations.handle_delivery"), 1)
            services.handle(delivery_id=InboundDelivery.objects.get().pk)

        (event,) = heard
        self.assertEqual((event.kind, event.project_id), ("workflow_run", self.fraud.pk))
        self.assertEqual(selectors.payload(event.delivery_id)["note"], "päris")
        self.assertEqual(InboundDelivery.objects.get().state, "handled")

    def test_it_answers_a_repetition_without_a_second_effect(self) -> None:
        self.send()
        response = self.send()

        self.assertEqual((response.status_code, response.json()["status"]), (200, "repeated"))
        self.assertEqual(InboundDelivery.objects.get().repeats, 1)
        self.assertEqual(Job.objects.filter(kind="integrations.handle_delivery").count(), 1)

    def test_it_knows_a_replay_under_a_false_id(self) -> None:
        self.send()
        response = self.send(**{"X-GitHub-Delivery": "g-2"})

        self.assertEqual(response.status_code, 200)
        self.assertEqual(InboundDelivery.objects.get().repeats, 1)

    def test_it_keeps_two_deliveries_apart(self) -> None:
        self.send()
        self.send(b'{"action": "requested"}', **{"X-GitHub-Delivery": "g-2"})

        self.assertEqual(InboundDelivery.objects.count(), 2)

    def test_it_refuses_a_forged_request_and_says_why_on_the_page(self) -> None:
        response = self.send(secret="guessed-secret")

        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.json()["code"], "not_genuine")
        self.assertNotIn(SECRET, response.content.decode())
        self.assertFalse(InboundDelivery.objects.exists())
        self.connection.refresh_from_db()
        self.assertIn("does not match", self.connection.refusal)

    def test_it_checks_the_bytes_before_anything_is_parsed(self) -> None:
        spaced = BODY.replace(b": ", b":")
        code = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
        response = self.send(spaced, **{"X-Hub-Signature-256": f"sha256={code}"})

        self.assertEqual(response.status_code, 401)

    def test_it_accepts_both_secrets_until_the_old_one_is_retired(self) -> None:
        new = services.rotate_secret(connection=self.connection, by=self.max)
        self.assertEqual(self.send(secret=new).status_code, 202)
        self.assertEqual(self.send(b"{}", **{"X-GitHub-Delivery": "g-2"}).status_code, 202)

        services.retire_previous_secret(connection=self.connection, by=self.max)
        self.assertEqual(self.send(b"[]", **{"X-GitHub-Delivery": "g-3"}).status_code, 401)
        self.assertEqual(self.send(b"[]", new, **{"X-GitHub-Delivery": "g-3"}).status_code, 202)

    def test_it_refuses_what_is_too_large(self) -> None:
        with patch.object(hooks, "LARGEST", 100):
            response = self.send(b" " * 101)

        self.assertEqual((response.status_code, response.json()["code"]), (413, "body_too_large"))

    def test_it_needs_to_know_the_length(self) -> None:
        for length in ("", "abc", "-1"):
            response = self.sender.generic(
                "POST", f"/hooks/{self.connection.pk}/", CONTENT_LENGTH=length
            )
            self.assertEqual(response.status_code, 411)

    def test_it_says_that_the_body_is_not_json(self) -> None:
        self.assertEqual(self.send(b"payload=%7B%7D").status_code, 202)
        self.run_jobs("integrations.handle_delivery")

        delivery = InboundDelivery.objects.get()
        self.assertEqual((delivery.state, delivery.error[:20]), ("failed", "The body is not JSON"))

    def test_it_knows_no_other_hooks(self) -> None:
        out = self.connect("webhook_out", {"url": "https://example.org"})
        for path in (f"/hooks/{out.pk}/", "/hooks/999999/"):
            self.assertEqual(self.sender.post(path, b"{}", "text/plain").status_code, 404)
        self.assertEqual(self.sender.get(f"/hooks/{self.connection.pk}/").status_code, 405)

    def test_it_rests_while_it_is_disabled(self) -> None:
        services.set_enabled(connection=self.connection, enabled=False, by=self.max)
        self.assertEqual(self.send().status_code, 409)

    def test_it_waits_for_a_store_that_does_not_answer(self) -> None:
        with patch("apps.integrations.opening.reveal", side_effect=_away):
            self.assertEqual(self.send().status_code, 503)

    def test_it_shows_whoever_keeps_it_what_arrived(self) -> None:
        self.send(b'{"token": "abcdef123456", "action": "completed"}')
        delivery = InboundDelivery.objects.get()
        self.client.force_login(self.max)
        page = self.client.get(f"/connections/{self.connection.pk}/arrived/?state=received")
        self.assertContains(page, "workflow_run")
        page = self.client.get(delivery.get_absolute_url())
        self.assertContains(page, "completed")
        self.assertNotContains(page, "abcdef123456")

    def test_it_hides_what_arrived_from_others(self) -> None:
        self.send()
        delivery = InboundDelivery.objects.get()
        for user, status in ((self.carol, 403), (self.bob, 404)):
            self.client.force_login(user)
            for path in (
                delivery.get_absolute_url(),
                f"/connections/{self.connection.pk}/arrived/",
            ):
                self.assertEqual(self.client.get(path).status_code, status)
            again = self.client.post(f"{delivery.get_absolute_url()}again/")
            self.assertEqual(again.status_code, status)

    def test_it_is_handled_again_when_somebody_asks(self) -> None:
        self.send()
        self.run_jobs("integrations.handle_delivery")
        delivery = InboundDelivery.objects.get()
        self.client.force_login(self.max)
        self.client.post(f"{delivery.get_absolute_url()}again/")

        self.assertEqual(self.run_jobs("integrations.handle_delivery"), 1)
        delivery.refresh_from_db()
        self.assertEqual(delivery.state, "handled")
        entry = Entry.objects.get(verb="integrations.delivery_handled_again")
        self.assertEqual((entry.actor_id, entry.project_id), (self.max.pk, self.fraud.pk))

    def test_it_counts_a_sender_without_ids_once_in_ten_minutes(self) -> None:
        values = {"sender": "header", "header": "X-Jenkins-Secret"}
        self.connection = self.connect("webhook_in", values)
        for _ in range(2):
            response = self.sender.post(
                f"/hooks/{self.connection.pk}/",
                data=b"{}",
                content_type="application/json",
                headers={"X-Jenkins-Secret": SECRET},
            )
        self.assertEqual(response.status_code, 200)
        self.assertEqual(Connection.objects.get(pk=self.connection.pk).inbound.count(), 1)


def _away(text: str) -> str:
    from apps.core.errors import Retryable

    raise Retryable(service="Vault")
