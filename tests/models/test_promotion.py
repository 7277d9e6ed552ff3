"""Gates, four eyes, and the alias that only a promotion moves: through REST and MLflow's client."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.site import Site
from tests.portal.polling import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

API = "/mlflow/api/2.0/mlflow"


def registered(site: Site, name: str, accuracy: float) -> dict[str, Any]:
    """A version of a model whose run reached this accuracy."""
    experiment = site.ask("cora", "POST", f"{API}/experiments/create", {"name": name})
    found = site.ask("cora", "GET", f"{API}/experiments/get-by-name?experiment_name={name}")
    assert experiment.status in {200, 400}
    wanted = {"experiment_id": found.json["experiment"]["experiment_id"], "start_time": 1}
    run = site.ask("cora", "POST", f"{API}/runs/create", wanted).json["run"]["info"]
    metric = {"run_id": run["run_id"], "key": "accuracy", "value": accuracy, "timestamp": 1}
    assert site.ask("cora", "POST", f"{API}/runs/log-metric", metric).status == 200
    site.ask("cora", "POST", f"{API}/registered-models/create", {"name": name})
    body = {"name": name, "source": f"runs:/{run['run_id']}/model", "run_id": run["run_id"]}
    made = site.ask("cora", "POST", f"{API}/model-versions/create", body).json["model_version"]
    path = f"/api/v1/model-versions/?name={name}&version={made['version']}"
    [version] = site.ask("cora", "GET", path).json["results"]
    return dict(version)


def promote(site: Site, version: dict[str, Any], who: str = "cora", **more: Any) -> Any:
    path = f"/api/v1/model-versions/{version['id']}/promote/"
    return site.ask(who, "POST", path, {"environment": "prod", **more})


def settled(site: Site, promotion: dict[str, Any], *states: str) -> dict[str, Any]:
    """The promotion, once it is in one of these states."""
    path = f"/api/v1/approvals/{promotion['id']}/"

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = site.ask("carol", "GET", path).json
        return found if found["state"] in states else None

    seen = until(look, seconds=300, what=lambda: str(site.ask("carol", "GET", path).json))
    assert seen is not None
    return seen


def floor(site: Site, version: dict[str, Any], value: float) -> Any:
    settings = {"metric": "accuracy", "floor": value}
    gate = {"model": version["model"], "environment": "prod", "kind": "metric_floor"}
    return site.ask("max", "POST", "/api/v1/gates/", {**gate, "settings": settings})


def alias(site: Site, name: str) -> Any:
    return site.ask("carol", "GET", f"{API}/registered-models/alias?name={name}&alias=prod")


def test_it_goes_through_gate_and_second_person_to_the_alias(site: Site) -> None:
    version = registered(site, "whole-way", 0.95)
    assert floor(site, version, 0.9).status == 201
    asked = promote(site, version, note="better")
    assert (asked.status, asked.json["state"]) == (202, "checking")

    waiting = settled(site, asked.json, "waiting", "refused", "failed")
    assert waiting["state"] == "waiting"
    [gate] = waiting["gates"]
    assert (gate["passed"], gate["evidence"]["value"]) == (True, 0.95)
    listed = site.ask("max", "GET", "/api/v1/approvals/").json["results"]
    assert waiting["id"] in [each["id"] for each in listed]
    assert alias(site, "whole-way").status != 200

    path = f"/api/v1/approvals/{waiting['id']}"
    assert site.ask("cora", "POST", f"{path}/approve/", {}).status == 403
    approved = site.ask("max", "POST", f"{path}/approve/", {"note": "seen"})
    assert approved.status == 200
    assert approved.json["decision"]["by"] == "max"
    done = settled(site, waiting, "done", "failed")
    assert done["state"] == "done"
    assert alias(site, "whole-way").json["model_version"]["version"] == "1"
    [model] = site.ask("carol", "GET", "/api/v1/models/?name=whole-way").json["results"]
    assert model["aliases"] == {"prod": 1}


def test_the_gate_refuses_what_is_below(site: Site) -> None:
    version = registered(site, "below", 0.5)
    floor(site, version, 0.9)
    refused = settled(site, promote(site, version).json, "waiting", "refused", "failed")

    assert refused["state"] == "refused"
    [gate] = refused["gates"]
    assert gate["sentence"] == "accuracy is 0.5, below the floor of 0.9."
    assert alias(site, "below").status != 200
    again = site.ask("max", "POST", f"/api/v1/approvals/{refused['id']}/approve/", {})
    assert (again.status, again.json["code"]) == (409, "not_waiting")


def test_nobody_approves_their_own(site: Site) -> None:
    version = registered(site, "own", 0.95)
    waiting = settled(site, promote(site, version, who="max").json, "waiting", "failed")
    path = f"/api/v1/approvals/{waiting['id']}/approve/"
    own = site.ask("max", "POST", path, {})

    assert (own.status, own.json["code"]) == (403, "four_eyes")
    assert site.ask("carol", "POST", path, {}).status == 403
    assert site.ask("bob", "POST", path, {}).status == 404
    declined = site.ask("ada", "POST", path.replace("approve", "decline"), {"note": "no"})
    assert declined.json["state"] == "declined"
    assert alias(site, "own").status != 200


def test_the_alias_does_not_move_past_the_gates(site: Site) -> None:
    version = registered(site, "around", 0.95)
    asked = {"name": "around", "alias": "prod", "version": "1"}
    answer = site.ask("max", "POST", f"{API}/registered-models/alias", asked)
    assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED")
    assert "another maintainer approves" in answer.json["message"]
    for body in (
        {"name": "around", "alias": "PROD", "version": "1"},
        {"name": "around", "alias": "production", "version": "1"},
    ):
        answer = site.ask("max", "POST", f"{API}/registered-models/alias", body)
        assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED"), body
        assert "/promote/" in answer.json["message"]
    twice = b'"{\\"name\\": \\"around\\", \\"alias\\": \\"prod\\", \\"version\\": \\"1\\"}"'
    coded = site.ask(
        "max", "POST", f"{API}/registered-models/alias", twice, Content_Type="application/json"
    )
    assert coded.status == 403
    assert alias(site, "around").status != 200
    stage = {"name": "around", "version": "1", "stage": "Production"}
    assert site.ask("max", "POST", f"{API}/model-versions/transition-stage", stage).status == 403

    free = {"name": "around", "alias": "candidate", "version": "1"}
    assert site.ask("cora", "POST", f"{API}/registered-models/alias", free).status == 200
    shown = site.ask("carol", "GET", f"/api/v1/model-versions/{version['id']}/").json
    assert shown["aliases"] == ["candidate"]


def test_what_is_promoted_is_not_deleted_or_renamed(site: Site) -> None:
    version = registered(site, "stays", 0.95)
    waiting = settled(site, promote(site, version).json, "waiting", "failed")
    site.ask("max", "POST", f"/api/v1/approvals/{waiting['id']}/approve/", {})
    settled(site, waiting, "done", "failed")
    for method, path, body in (
        ("DELETE", "registered-models/delete", {"name": "stays"}),
        ("DELETE", "registered-models/alias", {"name": "stays", "alias": "prod"}),
        ("DELETE", "model-versions/delete", {"name": "stays", "version": "1"}),
        ("POST", "registered-models/rename", {"name": "stays", "newName": "gone"}),
    ):
        answer = site.ask("ada", method, f"{API}/{path}", body)
        assert (answer.status, answer.json["error_code"]) == (403, "PERMISSION_DENIED"), path
    again = promote(site, version)
    assert (again.status, again.json["code"]) == (409, "already_there")


def test_mlflows_own_client_promotes_where_the_gates_pass(site: Site) -> None:
    version = registered(site, "by-client", 0.95)
    settings = {"metric": "accuracy", "floor": 0.9}
    gate = {"model": version["model"], "environment": "staging", "kind": "metric_floor"}
    site.ask("max", "POST", "/api/v1/gates/", {**gate, "settings": settings})
    weak = registered(site, "by-client", 0.5)
    script = """
import json
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
client = MlflowClient()
client.set_registered_model_alias("by-client", "staging", "1")
try:
    client.set_registered_model_alias("by-client", "staging", "2")
except MlflowException as refusal:
    said = [refusal.error_code, str(refusal)]
print(json.dumps([client.get_model_version_by_alias("by-client", "staging").version, *said]))
"""
    held, code, said = site.script("cora", script, site.slug)

    assert (str(held), code) == ("1", "PERMISSION_DENIED")
    assert "below the floor" in said
    assert "#promotion-" in said
    path = f"/api/v1/approvals/?state=refused&version={weak['id']}"
    [refused] = site.ask("carol", "GET", path).json["results"]
    assert refused["requested_by"] == "cora"


def test_an_open_environment_needs_no_second_person(site: Site) -> None:
    version = registered(site, "to-dev", 0.1)
    done = settled(
        site, promote(site, version, environment="dev").json, "done", "failed", "waiting"
    )
    assert (done["state"], done["decision"]) == ("done", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"environment": "nowhere"},
        {"environment": ""},
        {"environment": None},
        {"environment": True},
        {"environment": 0},
        {"environment": 10**30},
        {"environment": "x\u0000"},
        {"environment": ["prod"]},
        {"environment": "prod", "note": "x" * 501},
        {"environment": "prod", "note": ["x"]},
    ],
)
def test_a_bent_request_names_its_field(site: Site, body: dict[str, Any]) -> None:
    [version] = [
        *site.ask("cora", "GET", "/api/v1/model-versions/?page_size=1").json["results"],
        registered(site, "bent", 0.5),
    ][:1]
    answer = site.ask("cora", "POST", f"/api/v1/model-versions/{version['id']}/promote/", body)
    assert answer.status == 400, answer.body
    assert "environment" in answer.json["detail"] or "note" in answer.json["detail"]


def test_who_may_ask_and_gate(site: Site) -> None:
    version = registered(site, "rights", 0.5)
    assert promote(site, version, who="carol").status == 403
    assert promote(site, version, who="bob").status == 404
    gate = {"model": version["model"], "environment": "prod", "kind": "metric_floor"}
    whole = {**gate, "settings": {"metric": "accuracy", "floor": 1}}
    assert site.ask("cora", "POST", "/api/v1/gates/", whole).status == 403
    assert site.ask("bob", "POST", "/api/v1/gates/", whole).status == 404
    assert site.ask("max", "POST", "/api/v1/gates/", whole).status == 201
    assert site.ask("max", "POST", "/api/v1/gates/", whole).status == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"settings": {"metric": "a"}}, "settings.floor"),
        ({"settings": {"metric": "a", "floor": "high"}}, "settings.floor"),
        ({"settings": {"metric": "", "floor": 1}}, "settings.metric"),
        ({"settings": {"metric": "a", "floor": 1, "more": 1}}, "settings.more"),
        ({"environment": "nowhere"}, "environment"),
        ({"model": 10**19}, "model"),
    ],
)
def test_a_bent_gate_names_its_field(site: Site, change: dict[str, Any], field: str) -> None:
    version = registered(site, "bent-gate", 0.5)
    gate = {"model": version["model"], "environment": "prod", "kind": "metric_floor"}
    body = {**gate, "settings": {"metric": "a", "floor": 1}, **change}
    answer = site.ask("max", "POST", "/api/v1/gates/", body)

    assert answer.status == 400, answer.body
    assert field in answer.json["detail"]
