from __future__ import annotations

import math

from mlflow import MlflowClient
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import (
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
    ViewType,
)
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from tests.models.conformance.start import experiment, refused, run


def create_run(client: MlflowClient) -> None:
    made = client.create_run(experiment(client), tags={"a": "1"}, run_name="ünïcode")
    found = client.get_run(made.info.run_id)
    assert (found.info.run_name, found.data.tags["a"], found.info.status) == (
        "ünïcode",
        "1",
        "RUNNING",
    )
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.create_run("987654321"))


def get_run(client: MlflowClient) -> None:
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run("0" * 32))


def update_run(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.update_run(made, status="FAILED", name="renamed")
    found = client.get_run(made).info
    assert (found.status, found.run_name) == ("FAILED", "renamed")


def set_terminated(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.set_terminated(made, "KILLED", end_time=1_900_000_000_000)
    found = client.get_run(made).info
    assert (found.status, found.end_time) == ("KILLED", 1_900_000_000_000)


def delete_run(client: MlflowClient) -> None:
    made = run(client).info
    client.delete_run(made.run_id)
    assert client.get_run(made.run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs([made.experiment_id]) == []


def restore_run(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.delete_run(made)
    client.restore_run(made)
    assert client.get_run(made).info.lifecycle_stage == "active"


def log_metric(client: MlflowClient) -> None:
    made = run(client).info.run_id
    for step, value in enumerate((1.5, math.inf, -math.inf, math.nan)):
        client.log_metric(made, "loss", value, step=step)
    assert math.isnan(client.get_run(made).data.metrics["loss"])


def get_metric_history(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.log_batch(made, metrics=[Metric("loss", 1 / (n + 1), n, n) for n in range(1000)])
    history = client.get_metric_history(made, "loss")
    assert [point.step for point in history] == list(range(1000))
    assert client.get_metric_history(made, "other") == []


def log_param(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.log_param(made, "depth", "x" * 6000)
    assert len(client.get_run(made).data.params["depth"]) == 6000
    refused("INVALID_PARAMETER_VALUE", lambda: client.log_param(made, "depth", "y"))


def log_batch(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.log_batch(made, [Metric("a", 1, 1, 1)], [Param("b", "2")], [RunTag("c", "3")])
    data = client.get_run(made).data
    assert (data.metrics["a"], data.params["b"], data.tags["c"]) == (1, "2", "3")


def set_tag(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.set_tag(made, "a/b c", "ü")
    client.set_tag(made, "a/b c", "again")
    assert client.get_run(made).data.tags["a/b c"] == "again"


def delete_tag(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.set_tag(made, "a", "1")
    client.delete_tag(made, "a")
    assert "a" not in client.get_run(made).data.tags
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.delete_tag(made, "a"))


def log_inputs(client: MlflowClient) -> None:
    made = run(client)
    data = MetaDataset(HTTPDatasetSource("http://data.example/a.csv"), name="a")
    given = DatasetInput(data._to_mlflow_entity(), [InputTag("mlflow.data.context", "training")])
    read = client.create_logged_model(made.info.experiment_id, "read").model_id
    client.log_inputs(made.info.run_id, [given], [LoggedModelInput(read)])
    found = client.get_run(made.info.run_id).inputs
    assert [each.dataset.name for each in found.dataset_inputs] == ["a"]
    assert [each.model_id for each in found.model_inputs] == [read]


def log_outputs(client: MlflowClient) -> None:
    made = run(client)
    written = client.create_logged_model(made.info.experiment_id, "written").model_id
    client.log_outputs(made.info.run_id, [LoggedModelOutput(written, step=3)])
    found = client.get_run(made.info.run_id).outputs.model_outputs
    assert [(each.model_id, each.step) for each in found] == [(written, 3)]


def get_parent_run(client: MlflowClient) -> None:
    parent = run(client)
    child = client.create_run(
        parent.info.experiment_id, tags={MLFLOW_PARENT_RUN_ID: parent.info.run_id}
    )
    assert client.get_parent_run(child.info.run_id).info.run_id == parent.info.run_id
    assert client.get_parent_run(parent.info.run_id) is None


def search_runs(client: MlflowClient) -> None:
    home = experiment(client)
    for number in range(7):
        made = client.create_run(
            home, run_name=f"run-{number}", tags={"even": str(number % 2 == 0)}
        )
        client.log_metric(made.info.run_id, "accuracy", number / 10)
        client.log_param(made.info.run_id, "kind", "tree" if number < 4 else "forest")
    asked = "metrics.accuracy > 0.1 and params.kind = 'tree' and tags.even ILIKE 'true'"
    assert [each.info.run_name for each in client.search_runs([home], asked)] == ["run-2"]
    found, token = [], None
    while token or not found:
        page = client.search_runs(
            [home], order_by=["metrics.accuracy DESC"], max_results=3, page_token=token
        )
        found, token = [*found, *page], page.token
    assert [each.info.run_name for each in found] == [f"run-{n}" for n in range(6, -1, -1)]
    assert client.search_runs([home], run_view_type=ViewType.DELETED_ONLY) == []
    refused("INVALID_PARAMETER_VALUE", lambda: client.search_runs([home], "metrics.a >"))
