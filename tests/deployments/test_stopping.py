"""A model server that was stopped leaves nothing in the table of processes."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import patch

import psutil

from apps.deployments.runner import servers


def test_one_that_is_just_ending_is_collected() -> None:
    """It has no command line any more, so it is known as nobody's, and is no child that ended yet."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"])
    with patch.object(servers, "is_ours", return_value=False):
        servers.stop(process.pid, 1, seconds=240)
    process.returncode = 0
    assert not psutil.pid_exists(process.pid)


def test_a_strangers_number_is_left_alone() -> None:
    servers.stop(1, 1, seconds=0.1)
    assert psutil.pid_exists(1)
