"""Cards, evidence and imports, in a browser: long names, both themes, a phone's width, nothing there."""

from __future__ import annotations

import pytest
from django.test import override_settings

from apps.models import services
from apps.models.choices import PromotionState
from apps.models.mirror import registry, runs
from apps.models.models import Decision, EvidencePack, GateResult, ModelImport, Promotion
from apps.projects.services import create_project

pytestmark = pytest.mark.browser
LONG = "real-time-card-fraud-detection-for-the-whole-of-northern-europe-and-its-islands-second-try"


@pytest.fixture
def version(ada):
    project = create_project(name="Fraud", slug="fraud", by=ada)
    runs.put_experiment(project, {"experiment_id": "7", "name": "first"})
    info = {"run_id": "a" * 32, "experiment_id": "7", "run_name": "best", "start_time": 1}
    values = {"accuracy": 0.95, "accuracy/region:eu": 0.81, "accuracy/region:us": 0.97}
    logged = {"metrics": [{"key": k, "value": v, "timestamp": 1} for k, v in values.items()]}
    data = {"dataset": {"name": f"loans-{LONG}", "digest": "d1g3st"}, "tags": []}
    told = {"info": info, "data": logged, "inputs": {"dataset_inputs": [data]}}
    runs.put_runs(project, [told], by=ada)
    model = registry.put_model(project, {"name": LONG, "description": "Says yes or no."}, by=ada)
    row = registry.put_version(model, {"version": "1", "run_id": "a" * 32}, by=ada)
    promotion = Promotion.objects.create(
        project=project,
        version=row,
        environment=project.environments.get(name="prod"),
        state=PromotionState.DONE,
        requested_by=ada,
    )
    GateResult.objects.create(
        promotion=promotion, gate_id=1, kind="metric_floor", passed=True, sentence="High enough."
    )
    Decision.objects.create(promotion=promotion, verdict="approved", by=ada, note="Fine.")
    EvidencePack.objects.create(
        project=project, version=row, content=b"x", size=123_456, sha256="f" * 64, made_by=ada
    )
    services.request_evidence(version=row, by=ada)
    ModelImport.objects.create(
        project=project,
        repo=f"acme/{LONG}",
        commit="c" * 40,
        name=LONG,
        licence="apache-2.0",
        size=1_234_567_890,
        state="done",
        version=row,
        requested_by=ada,
    )
    return row


def test_they_are_accessible_and_fit(ada, version, assert_fit, tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / f"{LONG}.safetensors").write_bytes(b"w" * 5000)
    services.write_card(model=version.model, by=ada)
    paths = [
        f"/models/{version.model_id}/card/",
        f"/models/versions/{version.pk}/evidence/",
        "/models/import/",
        "/models/import/?project=fraud&source=folder&repo=tiny",
        version.model.get_absolute_url(),
        version.get_absolute_url(),
    ]
    with override_settings(IMPORT_ROOTS=(str(tmp_path),)):
        assert_fit(paths, ada)


def test_an_empty_import_page_is_accessible(page, sign_in, ada, assert_accessible):
    for theme, width in (("dark", 1440), ("light", 390)):
        shown = sign_in(page(theme=theme, width=width), ada).open("/models/import/")
        assert_accessible(shown)
        shown.get_by_text("Nothing was imported yet").wait_for()


def test_the_card_is_begun_from_its_page(page, sign_in, ada, version):
    shown = sign_in(page(), ada).open(f"/models/{version.model_id}/card/")
    shown.get_by_role("button", name="Write the card").click()
    shown.wait_for_url("**/docs/*/edit/")
    assert "Intended use" in shown.get_by_label("Body").input_value()
