from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.models.site import Site, running_site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """A running portal with a real MLflow behind it, shared by the tests of one worker."""
    with running_site() as started:
        yield started
