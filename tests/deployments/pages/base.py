from __future__ import annotations

from typing import Any

from apps.deployments import services
from apps.deployments.configs import Config, Strategy
from apps.deployments.models import Deployment, Release, Replica
from apps.ledger.models import Entry
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served


class Served(PortalTestCase):
    """Version 1 of churn is live in staging, answered by one model server."""

    def setUp(self) -> None:
        self.first, self.second = model_with_versions(self.fraud)
        self.row = served(self.first, self.staging, self.ada)
        self.page = self.row.get_absolute_url()
        self.client.force_login(self.cora)

    @property
    def live(self) -> Release:
        return self.row.releases.live().get()

    def replicas(self) -> list[Replica]:
        """The model servers that are wanted."""
        return list(Replica.objects.filter(retired_at=None).order_by("pk"))

    def ready(self) -> None:
        """Do what the runner would: every model server is ready."""
        for replica in self.replicas():
            services.note_replica(replica.pk, state=Replica.State.READY, port=1, pid=1)

    def recorded(self, verb: str) -> int:
        return Entry.objects.filter(verb=f"deployments.{verb}").count()

    def protected(self) -> Deployment:
        """A deployment in the protected environment."""
        return services.create_deployment(
            environment=self.prod, model=self.first.model, slug="churn-prod", by=self.ada
        )

    def settings_sent(self, **changed: Any) -> dict[str, Any]:
        """What the browser sends of an untouched form, but for what is named with `__` for dots."""
        form = self.client.get(f"{self.page}configuration/").context["form"]
        sent = {name: form[name].value() for name in form.fields}
        plain = {
            name: value for name, value in sent.items() if value is not None and value is not False
        }
        return plain | {name.replace("__", "."): value for name, value in changed.items()}

    def canary(self) -> Config:
        """The defaults, but that traffic moves in steps of 5, 25 and 50 percent."""
        return Config(strategy=Strategy(kind="canary"))
