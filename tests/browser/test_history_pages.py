"""The pages of the models' history, in a browser."""

from __future__ import annotations

import pytest

from apps.models import services
from apps.models.mirror import heal
from apps.models.models import ModelVersion, OutOfBandMove, RegisteredModel, Workspace
from apps.projects.services import create_project
from tests.models.fake_registry import FakeMlflow

pytestmark = pytest.mark.browser
LONG = "fraud-detection-for-the-whole-of-northern-europe-and-its-islands-second-try"


@pytest.fixture
def case(ada):
    """A long named model whose prod alias moved around the portal twice, one of it settled."""
    project = create_project(name="Fraud", slug="fraud", by=ada)
    workspace = Workspace.objects.create(project=project)
    mlflow = FakeMlflow()
    with mlflow.installed():
        mlflow.register(LONG, versions=3)
        heal.heal(workspace)
        model = RegisteredModel.objects.get()
        promotion = services.request_promotion(
            version=ModelVersion.objects.get(number=1),
            environment=project.environments.get(name="staging"),
            by=ada,
            note="better on every slice",
        )
        services.finish(promotion=services.settle_gates(promotion=promotion))
        for number in (2, 3):
            mlflow.set_alias(model.name, "prod", number)
            heal.heal(workspace)
    return OutOfBandMove.objects.select_related("model").latest("pk")


def addresses(case):
    return [
        case.get_absolute_url(),
        "/models/out-of-band/",
        f"/models/{case.model_id}/history/",
        "/deployments/served/",
        "/deployments/served/?at=2999-01-01T00:00:00",
        "/",
    ]


def test_they_are_accessible_and_fit(ada, case, assert_fit):
    assert_fit(addresses(case), ada)


def test_an_empty_workspace_says_what_each_is_for(page, sign_in, ada, assert_accessible):
    shown = sign_in(page(width=390), ada)
    for address, words in (
        ("/models/out-of-band/", "Every guarded alias stands where a promotion put it"),
        ("/deployments/served/", "Nothing served then"),
    ):
        shown.open(address).get_by_text(words).wait_for()
        assert_accessible(shown)


def test_a_move_is_reverted_from_the_page(page, sign_in, ada, case):
    shown = sign_in(page(), ada).open(case.get_absolute_url())
    card = shown.locator("section.card", has_text="Revert it")
    card.get_by_label("Reason").fill("not ours")
    card.get_by_role("button", name="Revert the move").click()
    shown.get_by_text("Being reverted").wait_for()
    case.refresh_from_db()
    assert (case.state, case.reason) == ("reverting", "not ours")
