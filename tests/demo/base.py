from __future__ import annotations

from django.test import override_settings

from apps.core.fields import Secret
from apps.demo.choices import DemoState
from apps.demo.models import Demo, Feed
from apps.demo.services import cast
from apps.demo.worlds import WORLDS
from apps.deployments.models import Deployment
from apps.models.models import ModelVersion, RegisteredModel
from tests.base import PortalTestCase


@override_settings(DEMO=True)
class DemoTestCase(PortalTestCase):
    """The fraud project plays the first world of a demo that runs."""

    demo: Demo
    feed: Feed
    deployment: Deployment

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        secrets = Secret.of({"desk": "desk-secret", "signing": "signing-secret", "token": "none"})
        cls.demo = Demo.objects.create(state=DemoState.RUNNING, secrets=secrets)
        cast.enter_people(cls.demo)
        model = RegisteredModel.objects.create(project=cls.fraud, name="tumour")
        ModelVersion.objects.create(project=cls.fraud, model=model, number=1)
        cls.deployment = Deployment.objects.create(
            project=cls.fraud, environment=cls.prod, model=model, slug="tumour-screening", created_by=cls.ada
        )  # fmt: skip
        cls.feed = Feed.objects.create(
            project=cls.fraud, deployment=cls.deployment, world=WORLDS[0].slug
        )
