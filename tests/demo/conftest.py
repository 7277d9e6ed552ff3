"""One portal with its demo, trained and seeded once for both ways through the story."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.polling import end
from tests.thread.client import PATIENCE, WholePortal


@pytest.fixture(scope="package")
def portal() -> Iterator[WholePortal]:
    home = Path(tempfile.mkdtemp(prefix="sbx-demo-", dir="/tmp"))
    home.chmod(0o711)
    started = WholePortal(home, DEMO="1").start()
    try:
        started.wait_for("Signalbox is ready", seconds=PATIENCE)
        yield started
    finally:
        end(started.process)
        shutil.rmtree(home, ignore_errors=True)
