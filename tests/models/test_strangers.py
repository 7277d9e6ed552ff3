"""Somebody without a role in the project gets nothing of it, whatever they try."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.models.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

API = "/mlflow/api/2.0/mlflow"
FILES = "/mlflow/api/2.0/mlflow-artifacts/artifacts"

SECRET = """
import json, mlflow
mlflow.set_experiment("secret-experiment")
with mlflow.start_run(run_name="secret-run") as run:
    mlflow.log_metric("accuracy", 0.9)
    mlflow.log_text("top secret", "secret.txt")
client = mlflow.MlflowClient()
client.create_registered_model("secret-model")
client.create_model_version("secret-model", f"runs:/{run.info.run_id}/model", run.info.run_id)
client.set_registered_model_alias("secret-model", "champion", "1")
with mlflow.start_span("secret-span") as span:
    span.set_inputs({"secret": 1})
print(json.dumps({
    "run": run.info.run_id,
    "experiment": run.info.experiment_id,
    "trace": span.trace_id,
    "uri": run.info.artifact_uri,
}))
"""


@pytest.fixture(scope="module")
def secret(site: Site) -> dict[str, str]:
    found: dict[str, str] = site.script("cora", SECRET)
    return found


def refused(site: Site, method: str, path: str, body: Any = None, **headers: str) -> str:
    """What a stranger hears; it must be a refusal in MLflow's shape."""
    answer = site.ask("bob", method, path, body, **headers)
    assert answer.status in {400, 403, 404}, (answer.status, answer.body)
    assert set(answer.json) >= {"error_code", "message"}
    assert b"secret" not in answer.body.replace(b"secret-model", b"").lower() or method == "GET"
    return str(answer.json["error_code"])


def test_ids_do_not_exist_for_them(site: Site, secret: dict[str, str]) -> None:
    for path in (
        f"{API}/runs/get?run_id={secret['run']}",
        f"{API}/experiments/get?experiment_id={secret['experiment']}",
        f"{API}/metrics/get-history?run_id={secret['run']}&metric_key=accuracy",
        f"{API}/artifacts/list?run_id={secret['run']}",
        f"/mlflow/get-artifact?run_id={secret['run']}&path=secret.txt",
        f"{API}/registered-models/get?name=secret-model",
        f"{API}/model-versions/get?name=secret-model&version=1",
        f"{API}/model-versions/get-download-uri?name=secret-model&version=1",
        f"{API}/registered-models/alias?name=secret-model&alias=champion",
        f"{API}/experiments/get-by-name?experiment_name=secret-experiment",
        f"/mlflow/api/3.0/mlflow/traces/{secret['trace']}",
        f"/mlflow/api/3.0/mlflow/traces/get?trace_id={secret['trace']}",
    ):
        answer = site.ask("bob", "GET", path)
        assert answer.status == 404, (path, answer.status, answer.body)
        assert b"top secret" not in answer.body


def test_searches_find_nothing_of_it(site: Site, secret: dict[str, str]) -> None:
    found = site.ask(
        "bob", "POST", f"{API}/runs/search", {"experiment_ids": [secret["experiment"]]}
    )
    traces = {
        "locations": [
            {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": secret["experiment"]},
            }
        ]
    }
    seen = [
        found,
        site.ask("bob", "GET", f"{API}/experiments/search?max_results=100"),
        site.ask("bob", "GET", f"{API}/registered-models/search"),
        site.ask("bob", "GET", f"{API}/model-versions/search"),
        site.ask("bob", "POST", "/mlflow/api/3.0/mlflow/traces/search", traces),
        site.ask("bob", "GET", "/mlflow/api/3.0/mlflow/workspaces"),
    ]
    for answer in seen:
        assert secret["run"].encode() not in answer.body
        assert b"secret-" not in answer.body
        assert secret["trace"].encode() not in answer.body


def test_writes_do_not_reach_it(site: Site, secret: dict[str, str]) -> None:
    run = secret["run"]
    for path, body in (
        ("runs/log-metric", {"run_id": run, "key": "accuracy", "value": 0, "timestamp": 1}),
        ("runs/log-batch", {"run_id": run, "params": [{"key": "a", "value": "b"}]}),
        ("runs/set-tag", {"run_id": run, "key": "a", "value": "b"}),
        ("runs/update", {"run_id": run, "status": "FAILED"}),
        ("runs/delete", {"run_id": run}),
        ("runs/create", {"experiment_id": secret["experiment"]}),
        ("experiments/delete", {"experiment_id": secret["experiment"]}),
        (
            "registered-models/alias",
            {"name": "secret-model", "alias": "champion", "version": "1"},
        ),
    ):
        assert refused(site, "POST", f"{API}/{path}", body) == "RESOURCE_DOES_NOT_EXIST"
    [kept] = site.ask("carol", "GET", f"/api/v1/runs/?run_id={run}").json["results"]
    assert (kept["metrics"], kept["status"]) == ({"accuracy": 0.9}, "FINISHED")


def test_naming_the_project_does_not_open_it(site: Site, secret: dict[str, str]) -> None:
    path = f"{API}/runs/get?run_id={secret['run']}"
    for name in (site.slug, site.slug.upper(), "default", f" {site.slug}", f"{site.slug}-third"):
        answer = site.ask("bob", "GET", path, X_MLFLOW_WORKSPACE=name)
        assert answer.status == 404, (name, answer.body)


def test_artifact_paths_do_not_lead_there(site: Site, secret: dict[str, str]) -> None:
    inside = secret["uri"].removeprefix("mlflow-artifacts:")
    for path in (
        f"{FILES}{inside}/secret.txt",
        f"{FILES}/x/../..{inside}/secret.txt",
        f"{FILES}/%2e%2e/{site.slug}/secret.txt",
        f"{FILES}/..%2f..{inside}/secret.txt",
        f"{FILES}/%252e%252e{inside}/secret.txt",
        f"{FILES}?path={inside}",
        f"{FILES}?path=../{site.slug}",
        f"{FILES}?path=workspaces/{site.slug}",
    ):
        answer = site.ask("bob", "GET", path)
        assert b"secret" not in answer.body.lower().replace(site.slug.encode(), b""), path
        assert answer.status in {400, 404}, (path, answer.status, answer.body)
    put = site.ask("bob", "PUT", f"{FILES}{inside}/secret.txt", b"changed")
    assert put.status == 404
    assert site.ask("carol", "GET", f"{FILES}{inside}/secret.txt").body == b"top secret"


def test_a_model_version_cannot_borrow_its_files(site: Site, secret: dict[str, str]) -> None:
    site.ask("bob", "POST", f"{API}/registered-models/create", {"name": "mine"})
    for source in (secret["uri"], f"runs:/{secret['run']}/model", "file:///etc", "/etc"):
        body = {"name": "mine", "source": source, "run_id": secret["run"]}
        answer = site.ask("bob", "POST", f"{API}/model-versions/create", body)
        assert answer.status in {400, 404}, (source, answer.body)
    for source in ("s3://bucket/model", "http://127.0.0.1:1/x", "RUNS:/x/model", "models:/m-1"):
        body = {"name": "mine", "source": source}
        answer = site.ask("bob", "POST", f"{API}/model-versions/create", body)
        assert answer.status in {400, 404}, (source, answer.body)
    assert site.ask("bob", "GET", "/api/v1/model-versions/").json["results"] == []


def test_traces_cannot_be_put_there(site: Site, secret: dict[str, str]) -> None:
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "planted",
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001000000000",
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    answer = site.ask(
        "bob", "POST", "/mlflow/v1/traces", body, x_mlflow_experiment_id=secret["experiment"]
    )
    assert answer.status >= 400, answer.body


PLACES = ("mlflow.artifactLocation", "mlflow.trace.archiveLocation", "mlflow.trace.spansLocation")


@pytest.fixture(scope="module")
def own(site: Site) -> dict[str, str]:
    """What the stranger has in their own project."""
    experiment = site.ask("bob", "POST", f"{API}/experiments/create", {"name": "own"}).json
    run = site.ask("bob", "POST", f"{API}/runs/create", experiment).json
    return {"experiment": experiment["experiment_id"], "run": run["run"]["info"]["run_id"]}


def own_trace(own: dict[str, str], trace: str, **tags: str) -> dict[str, Any]:
    where = {"experiment_id": own["experiment"]}
    info = {
        "trace_id": trace,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": where},
        "request_time": "2026-01-01T00:00:00Z",
        "state": "OK",
        "tags": tags,
    }
    return {"trace": {"trace_info": info}}


def test_a_trace_cannot_point_at_their_files(
    site: Site, secret: dict[str, str], own: dict[str, str]
) -> None:
    trace, v3 = f"tr-{'5b' * 16}", "/mlflow/api/3.0/mlflow/traces"
    assert site.ask("bob", "POST", v3, own_trace(own, trace)).status == 200
    for place in PLACES:
        there = f"{secret['uri'].rpartition('/')[0]}/traces/{secret['trace']}/artifacts"
        tag = {"key": place, "value": there}
        v2 = {"experiment_id": own["experiment"], "timestamp_ms": 1, "tags": [tag]}
        for method, path, body in (
            ("PATCH", f"{v3}/{trace}/tags", tag),
            ("PATCH", f"{API}/traces/{trace}/tags", tag),
            ("DELETE", f"{v3}/{trace}/tags", tag),
            ("POST", v3, own_trace(own, f"tr-{'6c' * 16}", **{place: there})),
            ("POST", f"{API}/traces", v2),
            ("PATCH", f"{API}/traces/{trace}", {"tags": [tag], "status": "OK"}),
        ):
            answer = site.ask("bob", method, path, body)
            assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED"), path


@pytest.mark.parametrize("place", PLACES)
def test_a_span_cannot_either(site: Site, own: dict[str, str], place: str) -> None:
    key = f"mlflow.traceTag.{place}"
    span = {"traceId": "7d" * 16, "spanId": "7d" * 8, "name": "planted"}
    span["attributes"] = [{"key": key, "value": {"stringValue": "file:///etc"}}]
    plain = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    hidden = plain.replace("mlflow.traceTag", "\\u006dlflow.traceTag")
    as_json, as_protobuf = "application/json", "application/x-protobuf"
    for body, kind, coding in (
        (plain.encode(), as_json, ""),
        (hidden.encode(), as_json, ""),
        (gzip.compress(hidden.encode()), as_json, "gzip"),
        (b"\n" + key.encode(), as_protobuf, ""),
        (gzip.compress(key.encode()), as_protobuf, "gzip"),
        (zlib.compress(key.encode()), as_protobuf, "deflate"),
        (zlib.compress(key.encode(), wbits=-15), as_protobuf, "deflate"),
    ):
        headers = {"Content-Type": kind, "X-MLflow-Experiment-Id": own["experiment"]}
        coded = {"Content-Encoding": coding} if coding else {}
        answer = site.ask("bob", "POST", "/mlflow/v1/traces", body, **headers, **coded)
        assert answer.status == 403, (body[:60], kind, coding, answer.body)


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [
        (gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 400),
        (gzip.compress(bytes(1000))[:-9], "gzip", 400),
        (b"plain", "gzip", 400),
        (b"plain", "br", 400),
        (gzip.compress(bytes(65 * 1024 * 1024)), "gzip", 413),
    ],
    ids=["two", "cut", "none", "unknown", "bomb"],
)
def test_spans_that_cannot_be_read_do_not_pass(
    site: Site, own: dict[str, str], body: bytes, coding: str, status: int
) -> None:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": coding}
    headers["X-MLflow-Experiment-Id"] = own["experiment"]
    assert site.ask("bob", "POST", "/mlflow/v1/traces", body, **headers).status == status


def test_rest_and_pages_hide_it_too(site: Site, secret: dict[str, str]) -> None:
    [run] = site.ask("carol", "GET", f"/api/v1/runs/?run_id={secret['run']}").json["results"]
    [model] = site.ask("carol", "GET", "/api/v1/models/?name=secret-model").json["results"]

    assert site.ask("bob", "GET", f"/api/v1/runs/{run['id']}/").status == 404
    assert site.ask("bob", "GET", f"/api/v1/models/{model['id']}/").status == 404
    assert site.ask("bob", "GET", "/api/v1/model-versions/?name=secret-model").json["results"] == []
    assert site.ask("bob", "GET", "/api/v1/datasets/").json["results"] == []


@pytest.mark.parametrize("token", [None, "sbx_nothing_at_all", "x"])
def test_without_a_token_nothing_passes(site: Site, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    for path in (f"{API}/experiments/search", "/mlflow/version", "/mlflow/", "/mlflow/x"):
        answer = site.ask(None, "GET", path, **headers)
        assert (answer.status, answer.json["error_code"]) == (401, "UNAUTHENTICATED")


def test_a_viewer_reads_and_does_not_write(site: Site, secret: dict[str, str]) -> None:
    run = secret["run"]
    for who in ("carol", "cora-reads"):
        assert site.ask(who, "GET", f"{API}/runs/get?run_id={run}").status == 200
        for path, body in (
            ("runs/set-tag", {"run_id": run, "key": "a", "value": "b"}),
            ("experiments/create", {"name": "mine"}),
            ("registered-models/create", {"name": "mine"}),
        ):
            answer = site.ask(who, "POST", f"{API}/{path}", body)
            assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
        assert site.ask(who, "PUT", f"{FILES}/x.txt", b"x").status == 403


def test_who_has_two_projects_says_which(site: Site) -> None:
    path = f"{API}/experiments/search?max_results=5"
    asked = site.ask("eve", "GET", path)
    assert (asked.status, asked.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert f"{site.slug}-third, {site.slug}-weather" in asked.json["message"]

    named = site.ask("eve", "GET", path, X_MLFLOW_WORKSPACE=f"{site.slug}-third")
    assert named.status == 200
    assert site.ask("eve-third", "GET", path).status == 200
    other = site.ask("eve-third", "GET", path, X_MLFLOW_WORKSPACE=f"{site.slug}-weather")
    assert other.status == 404


def test_workspaces_are_the_projects_one_sees(site: Site) -> None:
    names = site.ask("eve", "GET", "/mlflow/api/3.0/mlflow/workspaces").json["workspaces"]
    assert [each["name"] for each in names] == [f"{site.slug}-third", f"{site.slug}-weather"]

    for method, path in (("POST", ""), ("DELETE", f"/{site.slug}-third")):
        answer = site.ask("eve", method, f"/mlflow/api/3.0/mlflow/workspaces{path}", {"name": "a"})
        assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/mlflow/api/2.0/mlflow/nothing", 404, "ENDPOINT_NOT_FOUND"),
        ("/mlflow/api/2.0/mlflow/webhooks", 403, "PERMISSION_DENIED"),
        ("/mlflow/api/3.0/mlflow/gateway/secrets/list", 403, "PERMISSION_DENIED"),
    ],
)
def test_unknown_and_closed_routes_are_refused(
    site: Site, path: str, status: int, code: str
) -> None:
    answer = site.ask("ada", "GET", path)
    assert (answer.status, answer.json["error_code"]) == (status, code)
