"""Two at once: the same delivery, the same queue, the same secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections, transaction
from django.test import Client

from apps.integrations import services
from apps.integrations.models import Connection, InboundDelivery, OutboundDelivery
from apps.ledger.services import record, seal
from tests.base import PortalTransactionTestCase
from tests.core.loopback import always, loopback
from tests.integrations.base import SECRET

AT_ONCE = 6


class RaceTests(PortalTransactionTestCase):
    def connect(self, slug: str, values: dict[str, Any]) -> Connection:
        return services.create_connection(
            project=self.fraud,
            slug=slug,
            name=slug,
            values=values,
            secrets={"secret": SECRET},
            by=self.max,
        ).connection

    def test_one_delivery_sent_many_times_at_once_is_kept_once(self) -> None:
        row = self.connect("webhook_in", {"sender": "github"})
        code = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={code}", "X-GitHub-Delivery": "g-1"}

        def send() -> int:
            url = f"/hooks/{row.pk}/"
            answer = Client().post(url, b"{}", "application/json", headers=headers)
            return int(answer.status_code)

        self.assertEqual(sorted(together(send)), [200] * (AT_ONCE - 1) + [202])
        self.assertEqual(InboundDelivery.objects.get().repeats, AT_ONCE - 1)

    def test_workers_at_once_send_each_event_once(self) -> None:
        with loopback(always()) as server, self.settings(HTTP_ALLOW=["127.0.0.1"]):
            row = self.connect("webhook_out", {"url": server.url, "verbs": ["models.*"]})
            for _ in range(12):
                with transaction.atomic():
                    record(
                        actor=None,
                        verb="models.promoted",
                        subject=self.fraud,
                        project_id=self.fraud.pk,
                    )
            seal()
            together(services.fan_out)
            together(lambda: services.deliver_due(connection_id=row.pk, on_attempt=lambda _: None))

            sent = [asked.headers["webhook-id"] for asked in server.asked]
            self.assertEqual(len(sent), 12)
            self.assertEqual(len(set(sent)), 12)
            self.assertFalse(OutboundDelivery.objects.exclude(state="delivered").exists())

    def test_rotations_at_once_lose_no_secret_that_was_given_out(self) -> None:
        row = self.connect("webhook_in", {"sender": "github"})
        given = together(lambda: services.rotate_secret(connection=row, by=self.max))

        row.refresh_from_db()
        kept = set(row.stored_secrets().values())
        self.assertEqual(len(kept), 2)
        self.assertLessEqual(kept, set(given))


def together(act: Callable[[], Any]) -> list[Any]:
    """What several threads at once come back with."""

    def alone(_: int) -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(alone, range(AT_ONCE)))
