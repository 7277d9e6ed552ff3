from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.polling import end, until
from tests.thread.client import WholePortal


@pytest.fixture(scope="module")
def portal() -> Iterator[WholePortal]:
    """A portal with all its processes, MLflow too."""
    home = Path(tempfile.mkdtemp(prefix="sbx-thread-", dir="/tmp"))
    home.chmod(0o711)
    started = WholePortal(home).start()
    try:
        started.wait_for("Signalbox is ready")
        until(
            lambda: started.seen("mlflow")["state"] == "running", seconds=600, what=lambda: "MLflow"
        )
        yield started
    finally:
        end(started.process)
        shutil.rmtree(home, ignore_errors=True)
