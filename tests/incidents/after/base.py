"""A deployment with a good and a bad release, an incident about it, and a runbook that fits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.deployments.models import Deployment, Release
from apps.docs import services as docs
from apps.docs.models import Document
from apps.incidents import runbooks, services
from apps.incidents.models import Incident, Step
from apps.incidents.runbooks import running
from apps.models.models import ModelVersion, RegisteredModel

BODY = """# Scores drift

## First

- [ ] Say that you look at it.
- check: deployment: fraud-live

## Stop the harm

1. `action: roll_back fraud-live`
2. action: silence Score drift for 2h
3. action: scale fraud-live to 3 (needs approval)
4. action: destroy everything
"""


class Scene:
    """What the tests of this folder stand on; mixed into a test case with the cast."""

    fraud: Any
    prod: Any
    ada: User

    def deploy(self) -> Deployment:
        model = RegisteredModel.objects.create(project=self.fraud, name="fraud")
        place = Deployment.objects.create(
            project=self.fraud,
            environment=self.prod,
            model=model,
            slug="fraud-live",
            created_by=self.ada,
        )
        now = timezone.now()
        for number, state, hours in ((1, "superseded", 9), (2, "live", 2)):
            version = ModelVersion.objects.create(project=self.fraud, model=model, number=number)
            Release.objects.create(
                deployment=place, version=version, number=number, state=state,
                requested_by=self.ada, live_at=now - timedelta(hours=hours),
                ended_at=now - timedelta(hours=2) if number == 1 else None,
            )  # fmt: skip
        return place

    def open(self, place: Deployment | None = None) -> Incident:
        row = services.open_by_hand(
            project=self.fraud, title="Scores | drift", severity="high", by=self.ada
        )
        if place is not None:
            live = Release.objects.get(deployment=place, state="live")
            Incident.objects.filter(pk=row.pk).update(deployment=place, release=live)
        return Incident.objects.select_related("project", "deployment", "release", "alert").get(
            pk=row.pk
        )

    def write(self, body: str = BODY) -> Document:
        return docs.write(project=self.fraud, kind="runbook", body=body, by=self.ada)

    def take(self, row: Incident) -> list[Step]:
        runbooks.take(incident=row, document=self.write(), by=self.ada)
        return list(row.steps.all())

    def digest(self, step: Step, user: User) -> str:
        fresh = Step.objects.select_related("incident__project", "incident__deployment").get(
            pk=step.pk
        )
        return running.plan_of(fresh, user).digest
