"""What most checks begin with."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException


def fresh(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


def experiment(client: MlflowClient) -> str:
    return client.create_experiment(fresh("experiment"))


def run(client: MlflowClient) -> Run:
    return client.create_run(experiment(client), run_name="start")


def model(client: MlflowClient) -> str:
    return client.create_registered_model(fresh("model"), tags={"a": "1"}).name


def version(client: MlflowClient) -> str:
    """A model with one version; its name."""
    name, source = model(client), run(client)
    client.log_text(source.info.run_id, "weights", "m/weights.txt")
    client.create_model_version(name, f"runs:/{source.info.run_id}/m", source.info.run_id)
    return name


def refused(code: str, ask: Callable[[], object]) -> None:
    """MLflow's own error code comes through."""
    with pytest.raises(MlflowException) as raised:
        ask()
    assert raised.value.error_code == code
