from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.models.site import Site, running_site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A running portal with a real MLflow behind it, shared by the tests of one worker."""
    with running_site() as started:
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a live MLflow server start one, which takes long on a small machine."""
    if os.environ.get("TEST_MLFLOW") == "1" or os.environ.get("TEST_MLFLOW_URL"):
        return
    skip = pytest.mark.skip(reason="set TEST_MLFLOW=1: it starts a live MLflow server")
    for item in items:
        if "tests/models/" in item.path.as_posix() and item.get_closest_marker("slow"):
            item.add_marker(skip)
