"""Models are saved once for a run; each is loaded once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.deployments.server.scoring import Model, load
from tests.deployments.server import models
from tests.deployments.server.running import Running, running

Folder = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A model server is started with -W ignore: what MLflow and scikit-learn warn of is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    home = tmp_path_factory.mktemp("models")

    def saved(kind: str) -> Path:
        to = home / kind
        return to if to.exists() else models.save(kind, to)

    return saved


@pytest.fixture(scope="session")
def loaded(folder: Folder) -> Callable[[str], Model]:
    known: dict[str, Model] = {}

    def model(kind: str) -> Model:
        if kind not in known:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                known[kind] = load(str(folder(kind)))
        return known[kind]

    return model


@pytest.fixture(scope="session")
def boost(folder: Folder) -> Iterator[Running]:
    """A model server of its own process."""
    with running(folder("boost"), "boost", "--grpc") as server:
        yield server
