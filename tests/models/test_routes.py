"""The table of MLflow's paths: nothing of MLflow's is unlisted, nothing unlisted passes."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from apps.core.access import Role
from apps.models.proxy import routes
from apps.models.proxy.ask import Ask, as_json, snake
from apps.models.proxy.refusals import Refusal

ENDPOINTS = """
import json
from mlflow.server import handlers
print(json.dumps(sorted({(m, path) for path, _, methods in handlers.get_endpoints() for m in methods})))
"""


@pytest.mark.slow
def test_every_route_of_mlflow_is_listed_or_closed() -> None:
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ENDPOINTS],
        capture_output=True,
        text=True,
        check=True,
    )
    endpoints = json.loads(told.stdout.splitlines()[-1])
    assert len(endpoints) > 200

    missing = [(method, path) for method, path in endpoints if not _listed(method, path)]
    assert missing == [], "MLflow has paths that no row of the table decides on"


def _listed(method: str, path: str) -> bool:
    concrete = re.sub(r"<path:[^>]+>", "1/model/MLmodel", path)
    concrete = re.sub(r"<[^>]+>", "abc123", concrete)
    answered = routes.plain_path(concrete).startswith(routes.WORKSPACES)
    return answered or routes.match(method, concrete) is not None


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/index.html",
        "/static-files/main.js",
        "/api/2.0/mlflow/runs/create/",
        "/api/2.0/mlflow/runs/createx",
        "/api/2.0/mlflow/nothing",
        "/api/9.0/mlflow/runs/create",
        "/signup",
        "/api/2.0/mlflow/users/create",
        "/api/3.0/mlflow/mcp-servers",
    ],
)
def test_what_the_table_does_not_know_has_no_route(path: str) -> None:
    assert routes.match("POST", path) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/2.0/mlflow/webhooks"),
        ("POST", "/api/3.0/mlflow/gateway/secrets/create"),
        ("POST", "/ajax-api/3.0/mlflow/gateway/secrets/create"),
        ("GET", "/api/2.0/mlflow-artifacts/presigned/1/x"),
        ("POST", "/api/2.0/mlflow/artifacts/presigned-upload-url"),
        ("GET", "/model-versions/get-artifact"),
        ("GET", "/graphql"),
    ],
)
def test_what_could_leave_the_project_is_closed(method: str, path: str) -> None:
    found = routes.match(method, path)
    assert found is not None
    assert found.needs is None


def test_a_method_that_changes_something_never_reads() -> None:
    readable = {"search", "batchGetInfos", "metrics", "calculate-filter-correlation"}
    readable |= {"get-latest-versions", "search-datasets", "graphql"}
    for route in routes.TABLE:
        if route.needs == Role.VIEWER and not route.methods <= {"GET", "HEAD"}:
            assert route.pattern.rpartition("/")[2] in readable, route.pattern


@pytest.mark.parametrize(
    "raw",
    [
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/../../secret",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/%2e%2e/secret",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/%252e%252e/secret",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/a%5c..%5cb",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts//etc/passwd",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/%2Fetc/passwd",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/a%00b",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/a%0d%0ab",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/a%23b",
        b"/mlflow/api/2.0/mlflow-artifacts/artifacts/%ff",
        b"/mlflow/./api/2.0/mlflow/runs/get",
    ],
)
def test_a_path_that_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        Ask.of({"method": "GET", "path": "", "raw_path": raw, "headers": []})
    assert refused.value.status == 400


def test_a_path_goes_on_as_it_was_judged() -> None:
    raw = "/mlflow/api/2.0/mlflow-artifacts/artifacts/1/ü b 50%25.txt".encode()
    scope = {"method": "GET", "path": "", "raw_path": raw, "headers": [], "query_string": b"a=1"}
    ask = Ask.of(scope)

    assert ask.path == "/api/2.0/mlflow-artifacts/artifacts/1/ü b 50%.txt"
    assert ask.target == b"/api/2.0/mlflow-artifacts/artifacts/1/%C3%BC%20b%2050%25.txt?a=1"


def test_a_body_means_to_the_portal_what_it_means_to_mlflow() -> None:
    assert as_json(b'"{\\"alias\\": \\"prod\\"}"') == {"alias": "prod"}
    assert snake({"newName": "a", "runId": "b"}).items() >= {"new_name": "a", "run_id": "b"}.items()
    assert snake({"alias": "prod", "ALIAS": "x"})["alias"] == "prod"
    assert snake({"run_id": "kept", "runId": "other"})["run_id"] == "kept"


@pytest.mark.parametrize("body", [b"[]", b"1", b"{", b"\xff", b'"[]"', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        as_json(body)
