"""A deployment on a cluster that a stand-in plays."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

from apps.deployments import reconciler, services
from apps.deployments.models import Configuration, Deployment, Mismatch, Release, Replica
from apps.integrations import services as integrations
from apps.integrations.models import Connection
from apps.ledger.models import Entry
from tests.base import PortalTestCase
from tests.core.loopback import loopback
from tests.deployments.test_pages import model_with_versions
from tests.integrations.connectors.cluster import TOKEN, Cluster
from tests.integrations.connectors.test_kubernetes import IMAGE, SECRET


class TargetTestCase(PortalTestCase):
    """churn in staging, on a cluster; two replicas."""

    def setUp(self) -> None:
        given = {
            "HTTP_ALLOW": ["127.0.0.1", "10.1.0.0/24"],
            "PUBLIC_URL": "https://portal.example.org",
        }
        self.enterContext(override_settings(**given))
        self.cluster = Cluster()
        self.server = self.enterContext(loopback(self.cluster))
        self.first, self.second = model_with_versions(self.fraud)
        self.connection = self.connect("kubernetes", {"server": self.server.url, "image": IMAGE})
        self.row = self.place("churn-eu", self.connection)

    def tearDown(self) -> None:
        self.assertEqual(self.cluster.faults, [])

    def connect(self, slug: str, values: dict[str, Any]) -> Connection:
        secrets = {"token": TOKEN, "portal_token": SECRET} if slug == "kubernetes" else {}
        return integrations.create_connection(
            project=self.fraud, slug=slug, name=slug, values=values, secrets=secrets, by=self.ada
        ).connection

    def place(self, slug: str, connection: Connection | None) -> Deployment:
        row = services.create_deployment(
            environment=self.staging, model=self.first.model, slug=slug, by=self.ada
        )
        Deployment.objects.filter(pk=row.pk).update(connection=connection)
        row.connection = connection
        body = {"replicas": 2, "limits": {"memory_mb": 512}}
        Configuration.objects.create(deployment=row, number=1, body=body)
        return row

    def release(self, row: Deployment | None = None, version: Any = None) -> Release:
        """Ask for a release and its model servers, as the job does."""
        made = services.request_release(
            deployment=row or self.row, version=version or self.first, by=self.ada
        )
        made.configuration = made.deployment.configurations.first()
        made.save(update_fields=["configuration"])
        services.start_replicas(made)
        missing = range(2 - made.replicas.count())
        Replica.objects.bulk_create(Replica(release=made) for _ in missing)
        return made

    def live(self) -> Release:
        """A release that the cluster runs and that is live."""
        made = self.release()
        reconciler.follow(self.row)
        self.cluster.settle()
        reconciler.follow(self.row)
        services.go_live(made.pk)
        made.refresh_from_db()
        return made

    def look(self) -> list[tuple[str, str, str]]:
        """One round; what is open then."""
        reconciler.look(self.row)
        found = Mismatch.objects.filter(deployment=self.row, end="").order_by("kind")
        return [(each.kind, each.wanted, each.found) for each in found]

    def verbs(self) -> list[str]:
        found = Entry.objects.filter(verb__startswith="deployments.mismatch_").order_by("pk")
        return [entry.verb.removeprefix("deployments.mismatch_") for entry in found]

    def workload(self, release: Release) -> str:
        return f"m-churn-eu-{release.pk}"
