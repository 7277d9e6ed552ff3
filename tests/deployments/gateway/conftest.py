from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deployments.gateway import house as houses
from tests.deployments.gateway.house import House


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A gateway before two model servers of one version; they are well again before each test."""
    with houses.house(replicas=2) as built:
        yield built
