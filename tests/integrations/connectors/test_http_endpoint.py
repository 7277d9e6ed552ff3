"""An endpoint of a team's own: looked at, never changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apps.core.errors import Conflict
from apps.core.http import (
    Absent,
    AddressRefused,
    BadAnswer,
    Busy,
    Denied,
    Retry,
    TooLarge,
    Unreachable,
)
from apps.integrations.connectors.http_endpoint import HttpEndpoint
from tests.core.loopback import Loopback, always, answer, loopback, rudely
from tests.integrations.connectors.test_kubernetes import WORKLOAD


@pytest.fixture(autouse=True)
def _here(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]


def endpoint(server: Loopback, **values: Any) -> HttpEndpoint:
    made = HttpEndpoint({"address": server.url} | values)
    made.http.retry = Retry(times=0)
    return made


def test_it_reads_the_version_from_a_header() -> None:
    with loopback(always(200, b"ok", x_served_version="7")) as server:
        found = endpoint(server).observe(WORKLOAD)
        assert endpoint(server).check() == "It answers and serves version 7."
    assert found is not None
    assert (found.version, found.replicas, found.image) == ("7", None, None)
    assert found.servers[0].host == ""
    assert {asked.method for asked in server.asked} == {"GET"}


@pytest.mark.parametrize(("told", "version"), [("7", "7"), (7, "7"), (None, None), ([], None)])
def test_or_from_a_field(told: object, version: str | None) -> None:
    with loopback(always(200, json.dumps({"version": told}).encode())) as server:
        found = endpoint(server, version_field="version").observe(WORKLOAD)
    assert found is not None
    assert found.version == version


def test_an_endpoint_without_a_version_cannot_be_watched() -> None:
    told = "version_header: the endpoint answers without it"
    with loopback(always(200, b"ok")) as server, pytest.raises(Conflict, match=told):
        endpoint(server).check()


def test_it_signs_in_with_a_token() -> None:
    with loopback(always(200, b"ok", x_served_version="7")) as server:
        endpoint(server, token="t0ken", ping="/healthz/live").check()
    assert server.asked[0].headers["authorization"] == "Bearer t0ken"
    assert server.asked[0].target == "/healthz/live"


@pytest.mark.parametrize(
    ("rude", "error"),
    [
        (answer(401), Denied),
        (answer(403), Denied),
        (answer(404), Absent),
        (answer(302, location="http://127.0.0.2/"), AddressRefused),
        (answer(429, retry_after="3600"), Busy),
        (answer(500), Busy),
        (answer(200, b"x" * 70_000), TooLarge),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Unreachable),
        (b"\x00\x01\r\n\r\n", Unreachable),
    ],
)
def test_rude_answers_are_errors_with_a_name(rude: bytes, error: Any) -> None:
    with loopback(rudely(rude, cut=error is Unreachable)) as server, pytest.raises(error):
        endpoint(server).observe(WORKLOAD)


def test_a_field_of_something_else_than_json_is_no_version() -> None:
    with loopback(always(200, b"<html>")) as server, pytest.raises(BadAnswer):
        endpoint(server, version_field="version").observe(WORKLOAD)
