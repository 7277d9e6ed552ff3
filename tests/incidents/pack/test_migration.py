"""What was gathered before packs were kept becomes the first pack, and comes back on the way back."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.incidents import services
from tests.base import PortalTransactionTestCase

FLAT, KEPT = ("incidents", "0002_tickets_both_ways"), ("incidents", "0003_packs_kept")


@pytest.mark.skipif(
    not os.environ.get("TEST_MIGRATIONS"),
    reason="set TEST_MIGRATIONS=1: it migrates the whole database to and fro",
)
class PacksKeptTests(PortalTransactionTestCase):
    def to(self, *targets: tuple[str, str]) -> Any:
        """Migrate, and answer the models as they are then."""
        executor = MigrationExecutor(connection)
        executor.migrate(list(targets))
        return MigrationExecutor(connection).loader.project_state(list(targets)).apps

    def tearDown(self) -> None:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
        super().tearDown()

    def test_nothing_is_lost_either_way(self) -> None:
        row = services.open_by_hand(project=self.fraud, title="odd", severity="high", by=self.rita)
        flat = self.to(FLAT)
        for position in (1, 2):
            flat.get_model("incidents", "Evidence").objects.create(
                incident_id=row.pk, position=position, kind="owner", subject_kind="projects.project",
                subject_id="1", title=f"piece {position}", text="a text",
            )  # fmt: skip
        kept = self.to(KEPT)
        [pack] = kept.get_model("incidents", "Pack").objects.all()
        self.assertEqual((pack.incident_id, pack.number), (row.pk, 1))
        titles = ["piece 1", "piece 2"]
        self.assertEqual(list(pack.items.values_list("title", flat=True)), titles)

        later = kept.get_model("incidents", "Pack").objects.create(
            incident_id=row.pk, number=2, reason="", seconds=0, digest=""
        )
        kept.get_model("incidents", "Evidence").objects.create(
            pack=later, position=1, kind="owner", subject_kind="x", subject_id="1",
            title="newest", text="a text",
        )  # fmt: skip
        flat = self.to(FLAT)
        rows = flat.get_model("incidents", "Evidence").objects.values_list("incident_id", "title")
        self.assertEqual(list(rows), [(row.pk, "newest")])
