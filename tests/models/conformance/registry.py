from __future__ import annotations

import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from tests.models.conformance.start import fresh, model, refused, run, version


def create_registered_model(client: MlflowClient) -> None:
    name = fresh("made")
    client.create_registered_model(name, {"a": "1"}, "about")
    found = client.get_registered_model(name)
    assert (found.description, found.tags) == ("about", {"a": "1"})
    refused("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model(name))


def get_registered_model(client: MlflowClient) -> None:
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(fresh("none")))


def search_registered_models(client: MlflowClient) -> None:
    mark = fresh("page")
    for number in range(5):
        client.create_registered_model(f"{mark}-{number}", {"m": mark})
    found, token = [], None
    while token or not found:
        page = client.search_registered_models(
            f"tags.m = '{mark}'", max_results=2, order_by=["name DESC"], page_token=token
        )
        found, token = [*found, *page], page.token
    assert [each.name for each in found] == [f"{mark}-{number}" for number in range(4, -1, -1)]
    assert len(client.search_registered_models(f"name ILIKE '{mark.upper()}%'")) == 5


def update_registered_model(client: MlflowClient) -> None:
    name = model(client)
    client.update_registered_model(name, "about")
    assert client.get_registered_model(name).description == "about"


def rename_registered_model(client: MlflowClient) -> None:
    name, new = version(client), fresh("renamed")
    client.rename_registered_model(name, new)
    assert client.get_model_version(new, "1").name == new
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(name))


def delete_registered_model(client: MlflowClient) -> None:
    name = version(client)
    client.delete_registered_model(name)
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model(name))


def set_registered_model_tag(client: MlflowClient) -> None:
    name = model(client)
    client.set_registered_model_tag(name, "b", "2")
    assert client.get_registered_model(name).tags == {"a": "1", "b": "2"}


def delete_registered_model_tag(client: MlflowClient) -> None:
    name = model(client)
    client.delete_registered_model_tag(name, "a")
    assert client.get_registered_model(name).tags == {}


def set_registered_model_alias(client: MlflowClient) -> None:
    name = version(client)
    client.set_registered_model_alias(name, "champion", "1")
    assert client.get_registered_model(name).aliases == {"champion": "1"}
    refused(
        "RESOURCE_DOES_NOT_EXIST", lambda: client.set_registered_model_alias(name, "champion", "9")
    )


def delete_registered_model_alias(client: MlflowClient) -> None:
    name = version(client)
    client.set_registered_model_alias(name, "champion", "1")
    client.delete_registered_model_alias(name, "champion")
    assert client.get_registered_model(name).aliases == {}


def get_model_version_by_alias(client: MlflowClient) -> None:
    name = version(client)
    client.set_registered_model_alias(name, "champion", "1")
    assert client.get_model_version_by_alias(name, "champion").version == "1"
    refused("INVALID_PARAMETER_VALUE", lambda: client.get_model_version_by_alias(name, "none"))


def create_model_version(client: MlflowClient) -> None:
    name, source = model(client), run(client).info.run_id
    made = client.create_model_version(name, f"runs:/{source}/m", source, {"a": "1"}, None, "about")
    assert (made.version, made.run_id, made.status) == ("1", source, "READY")
    assert (made.tags, made.description) == ({"a": "1"}, "about")


def get_model_version(client: MlflowClient) -> None:
    assert client.get_model_version(version(client), "1").current_stage == "None"
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version(fresh("none"), "1"))


def update_model_version(client: MlflowClient) -> None:
    name = version(client)
    client.update_model_version(name, "1", "about")
    assert client.get_model_version(name, "1").description == "about"


def delete_model_version(client: MlflowClient) -> None:
    name = version(client)
    client.delete_model_version(name, "1")
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version(name, "1"))


def search_model_versions(client: MlflowClient) -> None:
    name = version(client)
    source = client.get_model_version(name, "1")
    for _ in range(4):
        client.create_model_version(name, source.source, source.run_id)
    found, token = [], None
    while token or not found:
        page = client.search_model_versions(
            f"name = '{name}'", max_results=2, order_by=["version_number ASC"], page_token=token
        )
        found, token = [*found, *page], page.token
    assert [each.version for each in found] == ["1", "2", "3", "4", "5"]
    assert len(client.search_model_versions(f"run_id = '{source.run_id}'")) == 5


def get_model_version_download_uri(client: MlflowClient) -> None:
    uri = client.get_model_version_download_uri(version(client), "1")
    with tempfile.TemporaryDirectory() as folder:
        got = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder)
        assert (Path(got) / "weights.txt").read_text() == "weights"


def get_model_version_stages(client: MlflowClient) -> None:
    assert "Production" in client.get_model_version_stages(version(client), "1")


def get_latest_versions(client: MlflowClient) -> None:
    assert [each.version for each in client.get_latest_versions(version(client))] == ["1"]


def transition_model_version_stage(client: MlflowClient) -> None:
    name = version(client)
    client.transition_model_version_stage(name, "1", "Archived")
    assert client.get_model_version(name, "1").current_stage == "Archived"


def set_model_version_tag(client: MlflowClient) -> None:
    name = version(client)
    client.set_model_version_tag(name, "1", "a", "1")
    assert client.get_model_version(name, "1").tags == {"a": "1"}


def delete_model_version_tag(client: MlflowClient) -> None:
    name = version(client)
    client.set_model_version_tag(name, "1", "a", "1")
    client.delete_model_version_tag(name, "1", "a")
    assert client.get_model_version(name, "1").tags == {}


def copy_model_version(client: MlflowClient) -> None:
    name, copy = version(client), fresh("copy")
    made = client.copy_model_version(f"models:/{name}/1", copy)
    assert (made.name, made.version) == (copy, "1")
    assert client.get_model_version_download_uri(copy, "1")
