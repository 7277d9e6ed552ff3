from __future__ import annotations

import io
import tempfile
from pathlib import Path

import matplotlib.figure
import numpy
import pandas
import pytest
from mlflow import MlflowClient, artifacts
from requests import HTTPError

from tests.models.conformance.start import run


def log_text(client: MlflowClient) -> None:
    made = run(client).info
    client.log_text(made.run_id, "hällo", "a b/50% #1+ü.txt")
    assert artifacts.load_text(f"{made.artifact_uri}/a b/50% #1+ü.txt") == "hällo"


def log_dict(client: MlflowClient) -> None:
    made = run(client).info
    client.log_dict(made.run_id, {"a": [1]}, "d.json")
    assert artifacts.load_dict(f"{made.artifact_uri}/d.json") == {"a": [1]}


def log_stream(client: MlflowClient) -> None:
    made = run(client).info
    client.log_stream(made.run_id, io.BytesIO(b"stream"), "s.bin")
    assert artifacts.load_text(f"{made.artifact_uri}/s.bin") == "stream"


def log_figure(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.log_figure(made, matplotlib.figure.Figure(), "f.png")
    assert [each.path for each in client.list_artifacts(made)] == ["f.png"]


def log_image(client: MlflowClient) -> None:
    made = run(client).info
    client.log_image(made.run_id, numpy.zeros((4, 4, 3), dtype=numpy.uint8), "i.png")
    assert artifacts.load_image(f"{made.artifact_uri}/i.png").size == (4, 4)


def log_table(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.log_table(made, pandas.DataFrame({"a": [1]}), "t.json")
    client.log_table(made, {"a": [2]}, "t.json")
    assert [each.path for each in client.list_artifacts(made)] == ["t.json"]


def load_table(client: MlflowClient) -> None:
    made = run(client).info
    client.log_table(made.run_id, {"a": [1, 2]}, "t.json")
    assert list(client.load_table(made.experiment_id, "t.json")["a"]) == [1, 2]


def log_artifact(client: MlflowClient) -> None:
    made = run(client).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "few").write_bytes(b"abc")
        client.log_artifact(made, f"{folder}/few", "deep/er")
    [found] = client.list_artifacts(made, "deep/er")
    assert (found.path, found.file_size) == ("deep/er/few", 3)


def log_artifacts(client: MlflowClient) -> None:
    made = run(client).info.run_id
    with tempfile.TemporaryDirectory() as folder:
        for number in range(12):
            (Path(folder) / f"{number}.txt").write_text(str(number))
        client.log_artifacts(made, folder, "many")
    assert len(client.list_artifacts(made, "many")) == 12


def list_artifacts(client: MlflowClient) -> None:
    made = run(client).info.run_id
    client.log_text(made, "a", "one/two/three.txt")
    assert [(each.path, each.is_dir) for each in client.list_artifacts(made)] == [("one", True)]
    assert client.list_artifacts(made, "none") == []
    with pytest.raises(HTTPError, match="Invalid path"):
        client.list_artifacts(made, "../..")


def download_artifacts(client: MlflowClient) -> None:
    made = run(client).info.run_id
    for name in ("d/a.txt", "d/e/b.txt"):
        client.log_text(made, name, name)
    with tempfile.TemporaryDirectory() as folder:
        got = Path(client.download_artifacts(made, "d", folder))
        assert sorted(str(each.relative_to(got)) for each in got.rglob("*.txt")) == [
            "a.txt",
            "e/b.txt",
        ]
