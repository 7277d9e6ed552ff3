"""Every verb of MLflow's client does through the portal what it does without it, or is refused for a reason."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(580)]

HERE = Path(__file__).parent
# What the portal keeps closed, and why; tests of the routes hold it closed.
CLOSED = {
    "webhook": "MLflow would call out past the portal; the portal has webhooks of its own",
    "mcp": "servers of tools belong to no project",
    "workspace": "a workspace is a project: the portal makes, changes and removes those",
}
# Pure computing on the client's side, or a verb that MLflow has for a managed service alone.
ELSEWHERE = {
    "parse_prompt_uri",
    "get_workspace_store_uri",
    "search_prompt_versions",
    "unlink_traces_from_run",
}
# Detaching writes a tag that `set_tag` proves.
SAME_ROUTE = {"detach_prompt_from_run"}
# MLflow itself fails on these with PostgreSQL: it compares numbers with texts.
FAILS_WITHOUT = {"add_dataset_to_experiments": "sqlalche.me"}


def written() -> list[str]:
    """The names of all checks, read from their files: MLflow takes seconds to import."""
    shared = {"start.py", "drive.py", Path(__file__).name}
    trees = [
        ast.parse(path.read_text()) for path in sorted(HERE.glob("*.py")) if path.name not in shared
    ]
    found = [each.name for tree in trees for each in tree.body if isinstance(each, ast.FunctionDef)]
    return [name for name in found if name[0] != "_"]


@pytest.fixture(scope="module")
def told(site: Site) -> dict[str, Any]:
    """What the checks said, all run by one process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.models.conformance.drive"],
        env=site.mlflow_of("cora"),
        capture_output=True,
        text=True,
        timeout=560,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@pytest.mark.parametrize("name", written())
def test_it_works_through_the_portal(told: dict[str, Any], name: str) -> None:
    said = told["said"][name]
    assert FAILS_WITHOUT[name] in said if name in FAILS_WITHOUT else said == ""


def test_no_verb_of_the_client_is_forgotten(told: dict[str, Any]) -> None:
    known = set(written()) | ELSEWHERE | SAME_ROUTE
    closed = {verb for verb in told["verbs"] if any(word in verb for word in CLOSED)}
    assert set(told["verbs"]) - known - closed == set()
    assert set(told["said"]) == set(written())
