"""The unchanged MLflow client, with the portal as its tracking URI."""

from __future__ import annotations

import pytest

from tests.models.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

LOG = """
import json, math, mlflow, pandas
mlflow.set_experiment("client")
frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [0.0, 1.0]})
with mlflow.start_run(run_name="ünïcode run") as run:
    mlflow.log_params({"depth": 3, "kind": "tree"})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"accuracy": 0.91, "odd": math.nan})
    mlflow.set_tags({"team": "fraud", "gone": "soon"})
    mlflow.delete_tag("gone")
    mlflow.log_input(mlflow.data.from_pandas(frame, name="little"), context="training")
    mlflow.log_text("hello", "notes/a b 50%.txt")
    with mlflow.start_run(nested=True, run_name="child") as child:
        mlflow.log_metric("accuracy", 0.5)
client = mlflow.MlflowClient()
client.create_registered_model("client-model")
source = f"runs:/{run.info.run_id}/model"
one = client.create_model_version("client-model", source, run.info.run_id)
two = client.create_model_version("client-model", source, run.info.run_id)
client.set_registered_model_alias("client-model", "champion", one.version)
client.set_registered_model_alias("client-model", "champion", two.version)
client.set_model_version_tag("client-model", "1", "checked", "yes")
found = mlflow.search_runs(experiment_names=["client"], filter_string="metrics.accuracy > 0.9")
folder = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="notes")
history = client.get_metric_history(run.info.run_id, "loss")
print(json.dumps({
    "run": run.info.run_id,
    "experiment": run.info.experiment_id,
    "child": child.info.run_id,
    "found": list(found["run_id"]),
    "text": mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/a b 50%.txt"),
    "artifacts": [each.path for each in client.list_artifacts(run.info.run_id, "notes")],
    "history": [point.value for point in history],
    "aliased": client.get_model_version_by_alias("client-model", "champion").version,
    "versions": len(client.search_model_versions("name = 'client-model'")),
    "datasets": [each.dataset.name for each in client.get_run(run.info.run_id).inputs.dataset_inputs],
    "uri": run.info.artifact_uri,
}))
"""


@pytest.fixture(scope="module")
def logged(site: Site) -> dict[str, object]:
    found: dict[str, object] = site.script("cora", LOG)
    return found


def test_it_gets_back_what_it_logged(logged: dict[str, object]) -> None:
    assert logged["found"] == [logged["run"]]
    assert logged["text"] == "hello"
    assert logged["artifacts"] == ["notes/a b 50%.txt"]
    assert logged["history"] == [1.0, 0.5, 1 / 3]
    assert logged["datasets"] == ["little"]


def test_it_registers_and_moves_an_alias(logged: dict[str, object]) -> None:
    assert (logged["versions"], logged["aliased"]) == (2, "2")


def test_the_mirror_has_the_run_at_once(site: Site, logged: dict[str, object]) -> None:
    page = site.ask("carol", "GET", f"/api/v1/runs/?run_id={logged['run']}").json
    [run] = page["results"]

    assert run["params"] == {"depth": "3", "kind": "tree"}
    assert run["metrics"] == {"loss": 1 / 3, "accuracy": 0.91, "odd": "NaN"}
    assert (run["name"], run["status"], run["logged_by"]) == ("ünïcode run", "FINISHED", "cora")
    assert run["tags"]["team"] == "fraud"
    assert "gone" not in run["tags"]
    assert [(each["name"], each["context"]) for each in run["inputs"]] == [("little", "training")]
    assert run["started_at"] < run["ended_at"]


def test_the_mirror_has_model_versions_and_aliases(site: Site, logged: dict[str, object]) -> None:
    [model] = site.ask("carol", "GET", "/api/v1/models/?name=client-model").json["results"]
    versions = site.ask("carol", "GET", f"/api/v1/model-versions/?model={model['id']}").json
    first = versions["results"][1]

    assert (model["aliases"], model["versions"]) == ({"champion": 2}, 2)
    assert (first["version"], first["tags"]) == (1, {"checked": "yes"})
    assert first["registered_by"] == "cora"
    runs = site.ask("carol", "GET", f"/api/v1/runs/?run_id={logged['run']}").json["results"]
    assert first["run"] == runs[0]["id"]


def test_the_ledger_has_who_moved_which_alias(site: Site, logged: dict[str, object]) -> None:
    [model] = site.ask("carol", "GET", "/api/v1/models/?name=client-model").json["results"]
    entries = site.ask("carol", "GET", "/api/v1/ledger/?verb=models.alias_moved")
    assert entries.status == 200
    mine = [
        each
        for each in entries.json["results"]
        if each["subject_id"] == str(model["id"]) and each["data"]["alias"] == "champion"
    ]
    assert len(mine) == 2


def test_a_password_is_as_good_as_a_bearer_token(site: Site) -> None:
    text = """
import os
os.environ["MLFLOW_TRACKING_USERNAME"] = "anything"
os.environ["MLFLOW_TRACKING_PASSWORD"] = os.environ.pop("MLFLOW_TRACKING_TOKEN")
import json, mlflow
print(json.dumps(len(mlflow.search_experiments()) >= 0))
"""
    assert site.script("cora", text) is True


def test_large_artifacts_pass_whole(site: Site, logged: dict[str, object]) -> None:
    path = str(logged["uri"]).removeprefix("mlflow-artifacts:")
    url = f"/mlflow/api/2.0/mlflow-artifacts/artifacts{path}/large.bin"
    content = bytes(range(256)) * 4096 * 32

    assert site.ask("cora", "PUT", url, content).status == 200
    assert site.ask("carol", "GET", url).body == content
