"""What happens in MLflow behind the portal's back, and what the portal does while MLflow is away."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.models.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

API = "/mlflow/api/2.0/mlflow"


def directly(site: Site, path: str, body: dict[str, Any]) -> Any:
    """A write to MLflow itself, past the portal."""
    headers = {"Content-Type": "application/json", "X-MLFLOW-WORKSPACE": site.slug}
    request = Request(
        f"{site.mlflow}/api/2.0/mlflow/{path}", json.dumps(body).encode(), headers, method="POST"
    )
    with urlopen(request, timeout=240) as answer:
        return json.loads(answer.read())


def test_the_mirror_finds_what_went_around_the_portal(site: Site) -> None:
    made = site.ask("cora", "POST", f"{API}/experiments/create", {"name": "around"}).json
    wanted = {"experiment_id": made["experiment_id"], "start_time": 1, "run_name": "quiet"}
    run = directly(site, "runs/create", wanted)["run"]["info"]["run_id"]
    directly(
        site, "runs/log-metric", {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "step": 1}
    )
    directly(site, "registered-models/create", {"name": "quiet-model"})
    source = {"name": "quiet-model", "source": f"runs:/{run}/model", "run_id": run}
    directly(site, "model-versions/create", source)
    alias = {"name": "quiet-model", "alias": "champion", "version": "1"}
    directly(site, "registered-models/alias", alias)
    assert site.ask("carol", "GET", f"/api/v1/runs/?run_id={run}").json["results"] == []

    site.manage("mirror", "heal", "--project", site.slug)

    [found] = site.ask("carol", "GET", f"/api/v1/runs/?run_id={run}").json["results"]
    assert (found["name"], found["metrics"], found["logged_by"]) == ("quiet", {"a": 1.0}, None)
    [model] = site.ask("carol", "GET", "/api/v1/models/?name=quiet-model").json["results"]
    assert model["aliases"] == {"champion": 1}


def test_the_mirror_rebuilds_from_zero(site: Site) -> None:
    made = site.ask("cora", "POST", f"{API}/experiments/create", {"name": "rebuilt"}).json
    wanted = {"experiment_id": made["experiment_id"], "start_time": 5, "run_name": "kept"}
    run = site.ask("cora", "POST", f"{API}/runs/create", wanted).json["run"]["info"]["run_id"]
    site.manage(
        "shell", "-c", "from apps.models.models import *; Experiment.objects.all().delete()"
    )
    assert site.ask("carol", "GET", f"/api/v1/runs/?run_id={run}").json["results"] == []

    site.manage("mirror", "rebuild")

    [found] = site.ask("carol", "GET", f"/api/v1/runs/?run_id={run}").json["results"]
    assert found["name"] == "kept"


def test_while_mlflow_is_away_the_proxy_says_so_and_the_mirror_answers(site: Site) -> None:
    site.ask("cora", "GET", f"{API}/experiments/search?max_results=1")
    with site.other_web(MLFLOW_TRACKING_URI="http://127.0.0.1:9") as other:
        for method, path, body in (
            ("GET", f"{API}/experiments/search?max_results=1", None),
            ("POST", f"{API}/runs/set-tag", {"run_id": "x", "key": "a", "value": "b"}),
        ):
            answer = other.ask("cora", method, path, body)
            assert answer.status == 503, answer.body
            assert answer.json["error_code"] == "TEMPORARILY_UNAVAILABLE"
            assert answer.headers["retry-after"] == "5"
        assert other.ask("carol", "GET", "/api/v1/runs/").status == 200
        assert other.ask(None, "GET", f"{API}/experiments/search").status == 401
