"""The history with a real MLflow: an alias moved behind the portal's back, and a server that is killed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.mlflow_server import killed
from tests.models.site import Site
from tests.models.test_around_the_portal import directly
from tests.models.test_promotion import API, alias, promote, registered, settled
from tests.portal.polling import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def promoted(site: Site, name: str) -> dict[str, Any]:
    """A version that went the whole way into prod."""
    version = registered(site, name, 0.95)
    waiting = settled(site, promote(site, version).json, "waiting", "failed")
    site.ask("max", "POST", f"/api/v1/approvals/{waiting['id']}/approve/", {})
    settled(site, waiting, "done")
    return version


def case_of(site: Site, name: str) -> dict[str, Any]:
    """The newest out-of-band move of a model."""
    found = site.ask("carol", "GET", "/api/v1/out-of-band/").json["results"]
    return next(dict(each) for each in found if each["model"] == name)


def test_an_alias_moved_behind_the_portals_back_is_found_and_goes_back(site: Site) -> None:
    first = promoted(site, "night-shift")
    registered(site, "night-shift", 0.5)
    moved = {"name": "night-shift", "alias": "prod", "version": "2"}
    directly(site, "registered-models/alias", moved)

    site.manage("mirror", "heal", "--project", site.slug)

    case = case_of(site, "night-shift")
    assert (case["state"], case["environment"], case["moved_by"]) == ("open", "prod", None)
    assert (case["before"]["number"], case["after"]["number"]) == (1, 2)
    path = f"/api/v1/out-of-band/{case['id']}"
    assert site.ask("cora", "POST", f"{path}/revert/", {"reason": "no"}).status == 403
    assert site.ask("max", "POST", f"{path}/revert/", {"reason": "not ours"}).status == 202
    until(lambda: case_of(site, "night-shift")["state"] == "reverted", seconds=300, what="reverted")
    assert alias(site, "night-shift").json["model_version"]["version"] == "1"
    moves = site.ask("carol", "GET", f"/api/v1/models/{first['model']}/alias-moves/").json[
        "results"
    ]
    told = [(each["by"], each["out_of_band"]) for each in moves if each["name"] == "prod"]
    assert told == [("max", False), (None, True), ("cora", False)]


def test_it_is_seen_at_once_when_somebody_writes_to_the_model(site: Site) -> None:
    promoted(site, "seen-at-once")
    registered(site, "seen-at-once", 0.5)
    moved = {"name": "seen-at-once", "alias": "prod", "version": "2"}
    directly(site, "registered-models/alias", moved)
    tag = {"name": "seen-at-once", "key": "a", "value": "b"}
    assert site.ask("cora", "POST", f"{API}/registered-models/set-tag", tag).status == 200

    case = case_of(site, "seen-at-once")
    assert (case["state"], case["moved_by"]) == ("open", None)
    adopt = f"/api/v1/out-of-band/{case['id']}/adopt/"
    assert site.ask("max", "POST", adopt, {"reason": "hot fix"}).status == 202
    until(lambda: case_of(site, "seen-at-once")["state"] == "adopted", seconds=300, what="adopted")


def test_a_stage_moved_behind_its_back_goes_back(site: Site) -> None:
    registered(site, "staged", 0.5)
    stage = {"name": "staged", "version": "1", "stage": "Production"}
    directly(site, "model-versions/transition-stage", {**stage, "archive_existing_versions": False})
    site.manage("mirror", "heal", "--project", site.slug)
    case = case_of(site, "staged")
    assert (case["kind"], case["name"]) == ("stage", "Production")
    revert = f"/api/v1/out-of-band/{case['id']}/revert/"
    assert site.ask("max", "POST", revert, {"reason": "no"}).status == 202
    until(lambda: case_of(site, "staged")["state"] == "reverted", seconds=300, what="reverted")
    path = f"{API}/model-versions/get?name=staged&version=1"
    assert site.ask("carol", "GET", path).json["model_version"]["current_stage"] == "None"


def test_a_finished_run_changed_behind_its_back_is_found(site: Site) -> None:
    version = registered(site, "late-change", 0.5)
    site.manage("mirror", "rebuild", "--project", site.slug)
    assert f"{site.slug}: 0 of" in site.manage("mirror", "check", "--project", site.slug)
    run = site.ask("carol", "GET", f"/api/v1/runs/{version['run']}/").json["run_id"]
    done = {"run_id": run, "status": "FINISHED", "end_time": 2}
    assert site.ask("cora", "POST", f"{API}/runs/update", done).status == 200
    metric = {"run_id": run, "key": "accuracy", "value": 0.1, "timestamp": 9, "step": 9}
    directly(site, "runs/log-metric", metric)

    site.manage("mirror", "heal", "--project", site.slug)

    found = site.ask("carol", "GET", f"/api/v1/runs/{version['run']}/").json
    assert found["metrics"] == {"accuracy": 0.1}


def test_a_killed_mlflow_loses_nothing(site: Site) -> None:
    version = registered(site, "survivor", 0.95)
    waiting = settled(site, promote(site, version).json, "waiting", "failed")
    with killed():
        answer = site.ask("cora", "GET", f"{API}/experiments/search?max_results=1")
        assert (answer.status, answer.json["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
        approve = f"/api/v1/approvals/{waiting['id']}/approve/"
        assert site.ask("max", "POST", approve, {}).status == 200
        assert site.ask("carol", "GET", "/api/v1/runs/").status == 200
        until(lambda: _waits(site, waiting), seconds=300, what="its job left it waiting")
        state = site.ask("carol", "GET", f"/api/v1/approvals/{waiting['id']}/").json["state"]
        assert state == "approved"

    site.manage("mirror", "heal", "--project", site.slug)
    settled(site, waiting, "done")
    assert alias(site, "survivor").json["model_version"]["version"] == "1"


def _waits(site: Site, promotion: dict[str, Any]) -> bool:
    """Whether the job of the approval has ended without moving the alias."""
    jobs = site.ask("max", "GET", "/api/v1/jobs/").json["results"]
    ended = [each for each in jobs if each["state"] == "done" and each["result"]]
    wanted = {"promotion": promotion["id"], "state": "approved"}
    return any(each["result"] == wanted for each in ended)
