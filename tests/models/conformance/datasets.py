from __future__ import annotations

from mlflow import MlflowClient

from tests.models.conformance.start import experiment, fresh, refused


def create_dataset(client: MlflowClient) -> None:
    home = experiment(client)
    made = client.create_dataset(fresh("data"), home, {"a": "1"})
    assert (made.experiment_ids, made.tags["a"]) == ([home], "1")


def get_dataset(client: MlflowClient) -> None:
    made = client.create_dataset(fresh("data"), experiment(client))
    made.merge_records([{"inputs": {"q": "a"}, "expectations": {"e": 1}}])
    found = client.get_dataset(made.dataset_id)
    assert [each.inputs for each in found.records] == [{"q": "a"}]
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_dataset(f"d-{'0' * 32}"))


def search_datasets(client: MlflowClient) -> None:
    home = experiment(client)
    names = {client.create_dataset(fresh("data"), home).name for _ in range(3)}
    found, token = [], None
    while token or not found:
        page = client.search_datasets([home], max_results=2, page_token=token)
        found, token = [*found, *page], page.token
    assert {each.name for each in found} == names


def set_dataset_tags(client: MlflowClient) -> None:
    made = client.create_dataset(fresh("data"), experiment(client)).dataset_id
    client.set_dataset_tags(made, {"team": "fraud"})
    assert client.get_dataset(made).tags["team"] == "fraud"


def delete_dataset_tag(client: MlflowClient) -> None:
    made = client.create_dataset(fresh("data"), experiment(client), {"a": "1"}).dataset_id
    client.delete_dataset_tag(made, "a")
    assert "a" not in client.get_dataset(made).tags


def add_dataset_to_experiments(client: MlflowClient) -> None:
    made, other = client.create_dataset(fresh("data"), experiment(client)), experiment(client)
    client.add_dataset_to_experiments(made.dataset_id, [other])
    assert [each.name for each in client.search_datasets([other])] == [made.name]


def remove_dataset_from_experiments(client: MlflowClient) -> None:
    home = experiment(client)
    made = client.create_dataset(fresh("data"), home)
    client.remove_dataset_from_experiments(made.dataset_id, [home])
    assert client.search_datasets([home]) == []


def delete_dataset(client: MlflowClient) -> None:
    made = client.create_dataset(fresh("data"), experiment(client)).dataset_id
    client.delete_dataset(made)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_dataset(made))
