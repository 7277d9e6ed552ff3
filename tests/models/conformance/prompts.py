from __future__ import annotations

from mlflow import MlflowClient
from mlflow.entities.model_registry import PromptVersion

from tests.models.conformance.start import fresh, refused, run


def _prompt(client: MlflowClient) -> PromptVersion:
    return client.register_prompt(fresh("prompt"), "Say {{word}}", "first", {"a": "1"})


def register_prompt(client: MlflowClient) -> None:
    made = _prompt(client)
    again = client.register_prompt(made.name, "Say {{word}} twice")
    assert (made.version, again.version) == (1, 2)


def create_prompt(client: MlflowClient) -> None:
    name = fresh("prompt")
    assert client.create_prompt(name, "about", {"a": "1"}).description == "about"


def create_prompt_version(client: MlflowClient) -> None:
    name = client.create_prompt(fresh("prompt")).name
    assert client.create_prompt_version(name, "Say {{word}}").version == 1


def load_prompt(client: MlflowClient) -> None:
    made = _prompt(client)
    assert client.load_prompt(f"prompts:/{made.name}/1").format(word="hi") == "Say hi"


def get_prompt(client: MlflowClient) -> None:
    assert client.get_prompt(_prompt(client).name) is not None
    assert client.get_prompt(fresh("none")) is None


def get_prompt_version(client: MlflowClient) -> None:
    made = _prompt(client)
    assert client.get_prompt_version(made.name, "1").template == "Say {{word}}"


def search_prompts(client: MlflowClient) -> None:
    made = _prompt(client)
    assert [each.name for each in client.search_prompts(f"name = '{made.name}'")] == [made.name]


def set_prompt_alias(client: MlflowClient) -> None:
    made = _prompt(client)
    client.set_prompt_alias(made.name, "live", 1)
    assert client.get_prompt_version_by_alias(made.name, "live").version == 1


def get_prompt_version_by_alias(client: MlflowClient) -> None:
    made = _prompt(client)
    client.set_prompt_alias(made.name, "live", 1)
    assert client.load_prompt(f"prompts:/{made.name}@live").version == 1


def delete_prompt_alias(client: MlflowClient) -> None:
    made = _prompt(client)
    client.set_prompt_alias(made.name, "live", 1)
    client.delete_prompt_alias(made.name, "live")
    assert client.get_prompt_version(made.name, "1").aliases == []


def set_prompt_tag(client: MlflowClient) -> None:
    made = _prompt(client)
    client.set_prompt_tag(made.name, "team", "fraud")
    assert client.get_prompt(made.name).tags["team"] == "fraud"


def delete_prompt_tag(client: MlflowClient) -> None:
    made = _prompt(client)
    client.set_prompt_tag(made.name, "team", "fraud")
    client.delete_prompt_tag(made.name, "team")
    assert "team" not in client.get_prompt(made.name).tags


def set_prompt_version_tag(client: MlflowClient) -> None:
    made = _prompt(client)
    client.set_prompt_version_tag(made.name, 1, "team", "fraud")
    assert client.get_prompt_version(made.name, 1).tags["team"] == "fraud"


def delete_prompt_version_tag(client: MlflowClient) -> None:
    made = _prompt(client)
    client.delete_prompt_version_tag(made.name, 1, "a")
    assert "a" not in client.get_prompt_version(made.name, 1).tags


def link_prompt_version_to_run(client: MlflowClient) -> None:
    made, home = _prompt(client), run(client).info.run_id
    client.link_prompt_version_to_run(home, made)
    assert made.name in client.get_run(home).data.tags["mlflow.linkedPrompts"]


def list_logged_prompts(client: MlflowClient) -> None:
    assert list(client.list_logged_prompts(run(client).info.run_id)) == []


def link_prompt_version_to_model(client: MlflowClient) -> None:
    made = _prompt(client)
    home = client.create_logged_model(run(client).info.experiment_id, "made").model_id
    client.link_prompt_version_to_model(made.name, "1", home)
    assert made.name in client.get_logged_model(home).tags["mlflow.linkedPrompts"]


def link_prompt_versions_to_trace(client: MlflowClient) -> None:
    made, home = _prompt(client), run(client).info.experiment_id
    root = client.start_trace("root", experiment_id=home)
    client.end_trace(root.trace_id)
    client.link_prompt_versions_to_trace([made], root.trace_id)
    assert made.name in client.get_trace(root.trace_id).info.tags["mlflow.linkedPrompts"]


def delete_prompt_version(client: MlflowClient) -> None:
    made = _prompt(client)
    client.delete_prompt_version(made.name, "1")
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_prompt_version(made.name, "1"))


def delete_prompt(client: MlflowClient) -> None:
    made = _prompt(client)
    client.delete_prompt_version(made.name, "1")
    client.delete_prompt(made.name)
    assert client.get_prompt(made.name) is None
