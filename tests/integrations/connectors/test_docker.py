"""Docker: one container for each replica, by requests that fit the published document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from apps.core.errors import Conflict, Invalid
from apps.core.http import BadAnswer, Busy, Denied, Retry, TimedOut, Timeout, Unreachable
from apps.integrations.connectors.docker import Docker
from apps.integrations.errors import NotOurs, WrongAtService
from tests.core.loopback import Loopback, answer, loopback, rudely
from tests.integrations.connectors.engine import Engine, frame, said
from tests.integrations.connectors.test_kubernetes import IMAGE, SECRET, WORKLOAD


@pytest.fixture
def engine() -> Engine:
    return Engine(IMAGE)


@pytest.fixture
def server(engine: Engine, settings: Any) -> Iterator[Loopback]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(engine) as running:
        yield running
    assert engine.faults == []


def docker(server: Loopback, **values: Any) -> Docker:
    made = Docker({"address": server.url, "image": IMAGE, "portal_token": SECRET} | values)
    made.http.retry = Retry(times=1, base=0.0)
    return made


def test_it_runs_replicas_and_says_where_they_answer(server: Loopback, engine: Engine) -> None:
    connector = docker(server)
    assert connector.observe(WORKLOAD) is None
    connector.apply(WORKLOAD)
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert [each.ready for each in found.servers] == [False, False]
    assert found.servers[0].note == "starting"

    engine.settle()
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert [each.ready for each in found.servers] == [True, True]
    assert [each.handle for each in found.servers] == ["m-churn-7-1", "m-churn-7-2"]
    assert [(each.host, each.port) for each in found.servers] == [
        ("127.0.0.1", 49153),
        ("127.0.0.1", 49154),
    ]
    assert (found.replicas, found.image, found.memory_mb, found.cpu) == (2, IMAGE, 2048, "1000m")
    assert (found.command, found.environ) == (WORKLOAD.command, WORKLOAD.environ)


def test_a_container_has_no_rights_and_bounds(server: Loopback, engine: Engine) -> None:
    docker(server).apply(WORKLOAD)
    row = engine.named("m-churn-7-1")
    host = row["HostConfig"]
    assert row["Config"]["User"] == "10001"
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges"])
    assert (host["Memory"], host["NanoCpus"]) == (2048 * 2**20, 10**9)
    assert not {"Binds", "Mounts", "Privileged"} & set(host)
    assert f"MLFLOW_TRACKING_TOKEN={SECRET}" in row["Config"]["Env"]


def test_applying_twice_changes_nothing(server: Loopback, engine: Engine) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    before = json.dumps(engine.containers)
    connector.apply(WORKLOAD)
    assert json.dumps(engine.containers) == before


def test_another_number_scales(server: Loopback, engine: Engine) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    connector.apply(replace(WORKLOAD, replicas=3))
    assert len(engine.containers) == 3
    connector.apply(replace(WORKLOAD, replicas=1))
    assert [row["Name"] for row in engine.containers.values()] == ["/m-churn-7-1"]


def test_a_stopped_container_counts_as_scaled_down_and_is_started_again(
    server: Loopback, engine: Engine
) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    engine.named("m-churn-7-2")["State"] = {"Status": "exited", "Running": False, "ExitCode": 1}
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert found.replicas == 1
    assert found.servers[1].note == "exited (exit code 1)"
    connector.apply(WORKLOAD)
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert found.replicas == 2


@pytest.mark.parametrize("field", ["Image", "Env", "Cmd"])
def test_what_was_changed_by_hand_is_seen_and_taken_back(
    server: Loopback, engine: Engine, field: str
) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    value = "evil:1" if field == "Image" else ["MLFLOW_TRACKING_URI=https://evil.example.org"]
    engine.named("m-churn-7-2")["Config"][field] = value
    with pytest.raises(Conflict, match="m-churn-7-2 was changed by hand"):
        connector.apply(WORKLOAD)
    connector.apply(WORKLOAD, force=True)
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.replicas, found.image) == (2, IMAGE)
    assert (found.command, found.environ) == (WORKLOAD.command, WORKLOAD.environ)


def test_it_restarts_and_removes_its_own_alone(server: Loopback, engine: Engine) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    connector.apply(replace(WORKLOAD, name="m-other-8"))
    connector.restart(WORKLOAD)
    connector.remove(WORKLOAD)
    connector.remove(WORKLOAD)
    assert {row["Name"] for row in engine.containers.values()} == {"/m-other-8-1", "/m-other-8-2"}


def test_a_network_of_the_engine_may_be_used(server: Loopback, engine: Engine) -> None:
    connector = docker(server, network="models")
    connector.apply(WORKLOAD)
    engine.settle()
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert (found.servers[0].host, found.servers[0].port) == ("172.20.0.2", 8080)


def test_a_missing_image_is_pulled(server: Loopback, engine: Engine) -> None:
    engine.images.clear()
    with pytest.raises(WrongAtService, match="manifest unknown"):
        docker(server).apply(WORKLOAD)
    engine.pullable.add(IMAGE)
    docker(server).apply(WORKLOAD)
    assert len(engine.containers) == 2


def test_logs_go_on_where_they_ended(server: Loopback, engine: Engine) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    engine.log = frame("2026-11-27T05:00:00.500000000Z one") + frame(
        "2026-11-27T05:00:00.750000000Z two", stream=2
    )
    part = connector.logs(WORKLOAD, "m-churn-7-1")
    assert part.lines == ("one", "two")
    engine.log += frame("2026-11-27T05:00:01.000000001Z three")
    part = connector.logs(WORKLOAD, "m-churn-7-1", since=part.until)
    assert part.lines == ("three",)
    with pytest.raises(NotOurs):
        connector.logs(WORKLOAD, "somebody-elses")


def test_check_says_which_engine_it_is(server: Loopback) -> None:
    assert docker(server).check() == "Docker 20.10.24 answers."


def test_a_foreign_container_of_the_name_is_left_alone(server: Loopback, engine: Engine) -> None:
    connector = docker(server)
    connector.apply(WORKLOAD)
    engine.named("m-churn-7-1")["Config"]["Labels"] = {}
    with pytest.raises(WrongAtService, match="already in use"):
        connector.apply(WORKLOAD)
    assert engine.named("m-churn-7-1")["Config"]["Labels"] == {}


def test_images_that_the_connection_does_not_allow_are_refused(server: Loopback) -> None:
    with pytest.raises(Invalid, match="image: the connection does not allow"):
        docker(server).apply(replace(WORKLOAD, image="evil:1"))


def test_its_settings_are_whole() -> None:
    common = {"image": IMAGE, "portal_token": SECRET}
    for values, reason in (
        ({}, "address"),
        ({"address": "https://d.example.org:2376"}, "client certificate"),
        ({"address": "http://d.example.org", "network": "host"}, "own networks"),
        ({"address": "http://d.example.org", "network": "container:1"}, "pattern"),
    ):
        with pytest.raises(ValidationError, match=reason):
            Docker(common | values)


@pytest.mark.parametrize(
    ("rude", "error"),
    [
        (said(401, {"message": "no"}), Denied),
        (said(403, {"message": "no"}), Denied),
        (said(429, {}, retry_after="3600"), Busy),
        (said(503, {}), Busy),
        (answer(200, b"<html>"), BadAnswer),
        (answer(200, b"{}"), BadAnswer),
        (answer(200, b"[3]"), BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[", Unreachable),
        (b"\x00\x01\x02\r\n\r\n", Unreachable),
    ],
)
def test_rude_answers_are_errors_with_a_name(settings: Any, rude: bytes, error: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]

    with loopback(rudely(rude, cut=error is Unreachable)) as server:
        with pytest.raises(error):
            docker(server).observe(WORKLOAD)
        with pytest.raises(error):
            docker(server).apply(WORKLOAD)


def test_an_engine_that_hangs_is_given_up(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(lambda *_: server.over.wait() and None) as server:
        connector = docker(server)
        connector.http.timeout = Timeout(connect=60, read=0.1, total=120)
        with pytest.raises(TimedOut):
            connector.observe(WORKLOAD)
        server.over.set()
