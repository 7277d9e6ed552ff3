from __future__ import annotations

from mlflow import MlflowClient
from mlflow.entities import ViewType

from tests.models.conformance.start import experiment, fresh, refused


def create_experiment(client: MlflowClient) -> None:
    name = fresh("ünïcode / %50")
    made = client.create_experiment(name, tags={"a": "1"})
    assert client.get_experiment(made).tags["a"] == "1"
    refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_experiment(name))


def get_experiment(client: MlflowClient) -> None:
    made = experiment(client)
    found = client.get_experiment(made)
    assert (found.experiment_id, found.lifecycle_stage) == (made, "active")
    assert found.artifact_location.startswith("mlflow-artifacts:/workspaces/")
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_experiment("987654321"))


def get_experiment_by_name(client: MlflowClient) -> None:
    made = client.get_experiment(experiment(client))
    assert client.get_experiment_by_name(made.name).experiment_id == made.experiment_id
    assert client.get_experiment_by_name(fresh("none")) is None


def search_experiments(client: MlflowClient) -> None:
    mark = fresh("page")
    made = {client.create_experiment(f"{mark}-{number}", tags={"m": mark}) for number in range(5)}
    wanted = {"filter_string": f"tags.m = '{mark}'", "order_by": ["name DESC"], "max_results": 2}
    found, token = [], None
    while token or not found:
        page = client.search_experiments(page_token=token, **wanted)
        found, token = [*found, *page], page.token
    assert {each.experiment_id for each in found} == made
    assert [each.name for each in found] == sorted((each.name for each in found), reverse=True)


def rename_experiment(client: MlflowClient) -> None:
    made, name = experiment(client), fresh("renamed")
    client.rename_experiment(made, name)
    assert client.get_experiment(made).name == name


def delete_experiment(client: MlflowClient) -> None:
    made = experiment(client)
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    hidden = client.search_experiments(view_type=ViewType.DELETED_ONLY)
    assert made in {each.experiment_id for each in hidden}


def restore_experiment(client: MlflowClient) -> None:
    made = experiment(client)
    client.delete_experiment(made)
    client.restore_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "active"


def set_experiment_tag(client: MlflowClient) -> None:
    made = experiment(client)
    client.set_experiment_tag(made, "team", "fraud")
    assert client.get_experiment(made).tags["team"] == "fraud"


def delete_experiment_tag(client: MlflowClient) -> None:
    made = experiment(client)
    client.set_experiment_tag(made, "team", "fraud")
    client.delete_experiment_tag(made, "team")
    assert "team" not in client.get_experiment(made).tags
