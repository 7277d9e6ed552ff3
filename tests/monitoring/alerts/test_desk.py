"""Alerts of many requests share a commit, and what befalls one of them or the database harms no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from django.db import DataError, connection, transaction
from django.utils import timezone

from apps.monitoring.alerting import reading
from apps.monitoring.alerting.desk import Desk
from apps.monitoring.alerting.reading import Told
from apps.monitoring.models import Alert
from tests.base import PortalTransactionTestCase
from tests.monitoring.alerts.base import posted, tell

PATIENCE = 60  # seconds: whoever is not answered until then is not answered at all


class DeskTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.desk = Desk()
        self.addCleanup(self.desk._thread.shutdown)
        self.addCleanup(lambda: self.desk._thread.submit(lambda: connection.close()).result())

    def test_a_connection_that_broke_is_opened_anew(self) -> None:
        self.assertEqual(self._take(_told("a")), [None])
        pid = self.desk._thread.submit(lambda: connection.connection.info.backend_pid).result()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 30000)", [pid])
            self.assertEqual(cursor.fetchone(), (True,))
        self.assertEqual(self._take(_told("b")), [None])
        self.assertEqual(self._kept(), {"a", "b"})

    def test_what_cannot_be_stored_is_refused_alone(self) -> None:
        bad = _told("bad")
        bad[0].annotations["said"] = "\x00"
        first, second, third = self._take(_told("a"), bad, _told("b"))
        self.assertEqual((first, third), (None, None))
        self.assertIsInstance(second, DataError)
        self.assertEqual(self._kept(), {"a", "b"})

    def test_only_what_is_new_waits_for_the_disk(self) -> None:
        self.assertEqual([self._commit_of_one_telling() for _ in range(2)], ["on", "off"])

    def _commit_of_one_telling(self) -> str:
        """Whether the commit after it would wait; the servers of the tests never do, unless asked."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = 'on'")
            tell(self.fraud, posted(n="a"))
            cursor.execute("SHOW synchronous_commit")
            return str(cursor.fetchone()[0])

    def _take(self, *requests: Sequence[Told]) -> list[BaseException | None]:
        """What each of the requests of one moment is answered."""

        async def all_at_once() -> list[BaseException | None]:
            taking = (self.desk.take(self.fraud.pk, told) for told in requests)
            return await asyncio.wait_for(asyncio.gather(*taking, return_exceptions=True), PATIENCE)

        return asyncio.run(all_at_once())

    def _kept(self) -> set[str]:
        return {alert.labels["n"] for alert in Alert.objects.all()}


def _told(name: str) -> list[Told]:
    told, wrong = reading.read(json.dumps([posted(n=name)]).encode(), timezone.now().timestamp())
    assert not wrong, wrong
    return told
