from __future__ import annotations

import tempfile
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from tests.models.conformance.start import experiment, fresh, refused, run


def create_logged_model(client: MlflowClient) -> None:
    source = run(client).info
    made = client.create_logged_model(
        source.experiment_id, "made", source.run_id, {"a": "1"}, {"p": "2"}, "agent"
    )
    found = client.get_logged_model(made.model_id)
    assert (found.name, found.source_run_id, found.model_type) == ("made", source.run_id, "agent")
    assert (found.tags["a"], found.params) == ("1", {"p": "2"})


def get_logged_model(client: MlflowClient) -> None:
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_logged_model(f"m-{'0' * 32}"))


def finalize_logged_model(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made")
    assert client.finalize_logged_model(made.model_id, "READY").status == LoggedModelStatus.READY


def search_logged_models(client: MlflowClient) -> None:
    home = experiment(client)
    for number in range(5):
        client.create_logged_model(home, f"made-{number}", params={"n": str(number)})
    found, token = [], None
    while token or not found:
        page = client.search_logged_models(
            [home], max_results=2, order_by=[{"field_name": "name"}], page_token=token
        )
        found, token = [*found, *page], page.token
    assert {each.name for each in found} == {f"made-{number}" for number in range(5)}
    assert len(client.search_logged_models([home], "params.n = '3'")) == 1


def log_model_params(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made").model_id
    client.log_model_params(made, {"depth": "3"})
    assert client.get_logged_model(made).params == {"depth": "3"}


def set_logged_model_tags(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made").model_id
    client.set_logged_model_tags(made, {"a/b": "1", "c": "2"})
    assert client.get_logged_model(made).tags.items() >= {"a/b": "1", "c": "2"}.items()


def delete_logged_model_tag(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made", tags={"a": "1"}).model_id
    client.delete_logged_model_tag(made, "a")
    assert "a" not in client.get_logged_model(made).tags


def log_model_artifact(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made").model_id
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.txt").write_text("a")
        client.log_model_artifact(made, f"{folder}/a.txt", "deep")
    assert [each.path for each in client.list_logged_model_artifacts(made, "deep")] == [
        "deep/a.txt"
    ]


def log_model_artifacts(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made").model_id
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a", "b"):
            (Path(folder) / name).write_text(name)
        client.log_model_artifacts(made, folder)
    assert {each.path for each in client.list_logged_model_artifacts(made)} == {"a", "b"}


def list_logged_model_artifacts(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), "made").model_id
    assert client.list_logged_model_artifacts(made) == []


def delete_logged_model(client: MlflowClient) -> None:
    made = client.create_logged_model(experiment(client), fresh("made")).model_id
    client.delete_logged_model(made)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_logged_model(made))


def metrics_of_a_logged_model(client: MlflowClient) -> None:
    home = run(client).info
    made = client.create_logged_model(home.experiment_id, "made").model_id
    client.log_metric(home.run_id, "accuracy", 0.9, model_id=made)
    assert [each.value for each in client.get_logged_model(made).metrics] == [0.9]
