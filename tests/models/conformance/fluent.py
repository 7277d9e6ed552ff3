"""Whole ways of working, as a training script writes them, and the workspaces."""

from __future__ import annotations

import mlflow
import pandas
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression

from tests.models.conformance.start import fresh, refused


def a_model_is_logged_registered_and_loaded_back(client: MlflowClient) -> None:
    mlflow.set_experiment(fresh("fluent"))
    frame, name = pandas.DataFrame({"x": [1.0, 2.0], "y": [2.0, 4.0]}), fresh("fluent")
    with mlflow.start_run():
        fitted = LinearRegression().fit(frame[["x"]], frame["y"])
        logged = mlflow.sklearn.log_model(
            fitted, name="model", input_example=frame[["x"]], registered_model_name=name
        )
    client.set_registered_model_alias(name, "champion", "1")
    for uri in (f"models:/{name}/1", f"models:/{name}@champion", logged.model_uri):
        loaded = mlflow.pyfunc.load_model(uri)
        assert abs(loaded.predict(pandas.DataFrame({"x": [3.0]}))[0] - 6.0) < 1e-6
    assert mlflow.models.get_model_info(f"models:/{name}/1").signature is not None


def runs_are_nested(client: MlflowClient) -> None:
    mlflow.set_experiment(fresh("nested"))
    with mlflow.start_run() as parent:
        for number in range(2):
            with mlflow.start_run(nested=True):
                mlflow.log_metric("n", number)
    asked = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    assert sorted(mlflow.search_runs(filter_string=asked)["metrics.n"]) == [0, 1]


def data_is_logged_as_an_input(client: MlflowClient) -> None:
    mlflow.set_experiment(fresh("inputs"))
    frame = pandas.DataFrame({"x": [1.0]})
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(frame, name="little"), context="training")
    [found] = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.tags[0].value) == ("little", "training")


def logging_beside_the_work(client: MlflowClient) -> None:
    mlflow.set_experiment(fresh("beside"))
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", step, step=step, synchronous=False)
        mlflow.flush_async_logging()
    assert len(client.get_metric_history(run.info.run_id, "loss")) == 50


def list_workspaces(client: MlflowClient) -> None:
    assert len(client.list_workspaces()) == 1


def get_workspace(client: MlflowClient) -> None:
    [mine] = client.list_workspaces()
    assert client.get_workspace(mine.name).name == mine.name
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_workspace("nobody-knows"))
