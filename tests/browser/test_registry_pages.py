"""The pages of models, versions, gates, waivers, comparison and retirement, in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core import live
from apps.core.access import Role
from apps.models import services
from apps.models.models import VersionFacts
from apps.projects.models import Grant
from apps.projects.services import create_project
from tests.models import registered

pytestmark = pytest.mark.browser
LONG = "churn-of-business-customers-in-northern-europe-and-its-islands-gradient-boosted-second-try"
PATHS = {
    "model": "/models/{model}/",
    "version": "/models/versions/{second}/",
    "kinds": "/models/{model}/gates/new/",
    "gate": "/models/{model}/gates/new/?kind=champion",
    "waive": "/models/versions/{second}/waive/{gate}/",
    "profile": "/models/{model}/profile/",
    "retire": "/models/versions/{first}/retire/",
    "compare": "/models/versions/compare/?a={first}&b={second}",
    "choose": "/models/versions/compare/",
    "empty": "/models/{empty}/",
}


@pytest.fixture
def registry(ada, monkeypatch):
    """Two versions, gates that fail, a waiver, a profile; and a model with nothing."""
    # Nobody listens, and the browser's loop runs in this very thread.
    monkeypatch.setattr(live, "_send", lambda names: None)
    project = create_project(name="Fraud", slug="fraud", by=ada)
    max_ = type(ada).objects.create_user("max", "max@example.org")
    Grant.objects.create(project=project, user=max_, role=Role.MAINTAINER)
    first, second = (
        registered.version(project, LONG, number, {"accuracy": accuracy, "loss": 0.2})
        for number, accuracy in ((1, 0.91), (2, 0.87))
    )
    registered.hold(first, "prod")
    facts(first, "double")
    facts(second, "float")
    prod = project.environments.get(name="prod")
    gates = [
        services.declare_gate(
            model=first.model, environment=prod, kind=kind, settings=settings, by=ada
        )
        for kind, settings in (
            ("metric_floor", {"metric": "accuracy", "floor": 0.9}),
            ("champion", {"metric": "accuracy", "margin": 0.01}),
            ("safe_files", {}),
        )
    ]
    services.edit_profile(
        model=first.model, by=ada, purpose="Who may leave.", owner=ada, risk_class="high"
    )
    for _ in range(2):
        asked = services.request_promotion(version=second, environment=prod, by=max_, note="new")
        services.check_gates(promotion=asked)
        services.settle_gates(promotion=asked)
        if not gates[0].waivers.exists():
            services.grant_waiver(
                gate=gates[0],
                version=second,
                reason="The label of the last month is late, so the floor says little.",
                expires_at=timezone.now() + timedelta(days=30),
                by=ada,
            )
    empty = registered.version(project, "empty", 1)
    empty.model.versions.all().delete()
    return {
        "model": first.model_id,
        "first": first.pk,
        "second": second.pk,
        "gate": gates[1].pk,
        "empty": empty.model_id,
    }


def facts(version, kind):
    VersionFacts.objects.create(
        version=version,
        folder="1/x",
        signature={
            "inputs": [{"name": "age", "type": kind}, {"name": "city", "type": "string"}],
            "outputs": [{"name": "#0", "type": "float64(-1, 2)"}],
        },
        flavours={"sklearn": "1.7.2"},
        files=[{"path": "model.pkl", "size": 8_100_000 + version.pk, "sha256": "ab" * 32}],
        size=8_100_000,
        digest="cd" * 32,
        digest_whole=True,
        risks=[{"file": "requirements.txt", "what": "loose>=1", "risk": "unpinned"}],
    )


def test_they_are_accessible_and_fit(ada, registry, assert_fit):
    assert_fit([path.format(**registry) for path in PATHS.values()], ada)


def test_a_gate_is_declared_by_hand(page, sign_in, ada, registry):
    shown = sign_in(page(), ada).open(PATHS["model"].format(**registry))
    shown.get_by_role("link", name="Add a gate").click()
    shown.get_by_role("link", name="Fresh data").click()
    shown.get_by_label("Days").fill("30")
    shown.get_by_role("button", name="Add the gate").click()
    shown.get_by_role("cell", name="data_fresh").wait_for()
