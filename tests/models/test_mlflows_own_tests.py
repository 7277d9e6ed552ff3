"""MLflow's own tests against a running server pass through the portal, where somebody has them at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.models.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PLUGIN = Path(__file__).parent / "mlflows_own"
# Those of MLflow's test files that speak to a server over HTTP.
FILES = ("test_rest_tracking.py", "test_model_registry.py", "test_mlflow_artifacts.py")


@pytest.fixture
def theirs() -> Path:
    """The folder that holds MLflow's `tests/`: a checkout of MLflow, which publishes them nowhere else."""
    if not (given := os.environ.get("MLFLOW_TESTS")):
        pytest.skip("set MLFLOW_TESTS to a checkout of MLflow: its packages carry no tests")
    return Path(given)


def test_they_pass_or_differ_for_a_named_reason(site: Site, theirs: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    found = [path for name in FILES if (path := theirs / "tests" / "tracking" / name).exists()]
    command = [sys.executable, "-m", "pytest", "-p", "portal_in_place", "-p", "no:cacheprovider"]
    settings = ["-c", os.devnull, f"--rootdir={theirs}", f"--junitxml={report}"]
    done = subprocess.run(
        [*command, *settings, "-rfE", "-q", *map(str, found)],
        env={
            **site.mlflow_of("ada"),
            "PYTHONPATH": os.pathsep.join([str(PLUGIN), str(theirs)]),
            "PORTAL_ADDRESS": site.address,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "false",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1700,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", "0")) > int(suite.get("skipped", "0")) > 0
