"""What people hear around a hand-over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock

from django.core import mail
from django.test import override_settings

from apps.incidents.models import Call, HandOff
from apps.incidents.oncall import health, paging, sending, telling
from portal.mail import Mail
from tests.base import PortalTestCase
from tests.core.loopback import always, loopback
from tests.incidents.oncall.base import incident_of, policy_of, schedule_of, virtual

# A Monday on which Berlin hands over at 09:00, which is 08:00 UTC.
HAND_OVER = datetime(2025, 2, 3, 8, tzinfo=UTC)


@override_settings(MAIL=Mail(host="mail.example.org"))
class TellingTests(PortalTestCase):
    def send(self) -> list[tuple[str, str]]:
        for pk in Call.objects.filter(state="waiting").values_list("pk", flat=True):
            sending.send(call_id=pk)
        found = [(letter.to[0].partition("@")[0], letter.subject) for letter in mail.outbox]
        mail.outbox.clear()
        return sorted(found)

    def test_a_shift_is_told_before_and_a_hand_over_once(self) -> None:
        primary = schedule_of(self.fraud, self.rita, self.cora, by=self.ada)
        policy_of(self.fraud, (0, [primary]), by=self.ada)
        with virtual(HAND_OVER - timedelta(hours=13)) as hands:
            incident_of(self.fraud, by=self.carol)
            paging.page_due()
            self.send()
            telling.tell_around()
            self.assertEqual(self.send(), [])
            hands.wait(3600 + 60)
            for _ in range(3):
                telling.tell_around()
            first = self.send()
            self.assertEqual([subject for _, subject in first], [f"On call soon: {primary.name}"])
            hands.wait(12 * 3600)
            for _ in range(3):
                telling.tell_around()
            hands.wait(60)
            letters = Call.objects.filter(state="waiting", title__startswith="Hand-over")
            self.assertIn("Open incidents: 1", letters[0].text)
            self.assertIn("Paged in the shift: 1", letters[0].text)
            subject = f"Hand-over of {primary.name}"
            self.assertEqual(self.send(), [("cora", subject), ("rita", subject)])
        self.assertEqual(HandOff.objects.count(), 1)

    def test_the_heartbeat_is_called_where_there_is_one(self) -> None:
        server = self.enterContext(loopback(always(200, b"OK")))
        with self.settings(HTTP_ALLOW=["127.0.0.1"], HEARTBEAT_URL=f"{server.url}/ping/1"):
            health.tell_outside()
        self.assertEqual([asked.target for asked in server.asked], ["/ping/1"])
        with self.settings(HEARTBEAT_URL=None), mock.patch.object(health, "Http") as never:
            health.tell_outside()
            never.assert_not_called()
