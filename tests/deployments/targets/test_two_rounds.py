"""Two rounds at once are one mismatch."""

from __future__ import annotations

import threading

from django.db import connection
from django.utils import timezone

from apps.deployments import reconciler, services
from apps.deployments.models import Deployment, Mismatch
from apps.deployments.targets import Difference
from apps.ledger.models import Entry
from tests.base import PortalTransactionTestCase
from tests.deployments.test_pages import model_with_versions


class TwoRoundsTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        (version,) = model_with_versions(self.fraud, count=1)
        self.row = services.create_deployment(
            environment=self.staging, model=version.model, slug="churn-eu", by=self.ada
        )

    def test_both_find_it_and_one_keeps_it(self) -> None:
        at, both = timezone.now(), threading.Barrier(4)

        def find() -> None:
            try:
                both.wait(120)
                services.note_mismatches(
                    deployment=self.row,
                    found=[Difference(Mismatch.Kind.SCALE, "2", "5")],
                    judged=frozenset(Mismatch.Kind),
                    at=at,
                )
            finally:
                connection.close()

        rounds = [threading.Thread(target=find) for _ in range(4)]
        for each in rounds:
            each.start()
        for each in rounds:
            each.join(60)
        self.assertEqual(Mismatch.objects.count(), 1)
        self.assertEqual(Entry.objects.filter(verb="deployments.mismatch_found").count(), 1)

    def test_a_target_is_dealt_with_by_one_at_a_time(self) -> None:
        seen = []

        def ask() -> None:
            try:
                with reconciler.alone(self.row.pk) as held:
                    seen.append(held)
                with reconciler.alone(self.row.pk + 1) as held:
                    seen.append(held)
            finally:
                connection.close()

        with reconciler.alone(self.row.pk) as held:
            self.assertTrue(held)
            other = threading.Thread(target=ask)
            other.start()
            other.join(60)
        self.assertEqual(seen, [False, True])
        self.assertTrue(Deployment.objects.exists())
