"""Whatever the other side answers, a connector says it in the portal's own errors, and never crashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from apps.core.errors import PortalError, Retryable
from apps.core.http import (
    NEVER,
    Absent,
    BadAnswer,
    Busy,
    Denied,
    Http,
    Refused,
    TimedOut,
    Unreachable,
)
from apps.core.http.client import Timeout
from apps.integrations.catalog import entry
from tests.core.loopback import Script, always, answer, loopback

SLUGS = ("jira", "servicenow", "zendesk", "pagerduty", "opsgenie", "splunk_oncall")
PLACES = ("site", "instance", "address", "events", "api", "alerts")
OURS = "s3cr3t-0f-0urs"
VALUES = {
    "email": "bot@example.org", "project": "ML", "username": "bot", "route": "ml", "api_id": "i",
    "api_token": OURS, "password": OURS, "routing_key": OURS, "api_key": OURS,
    "integration_key": OURS,
    "secret": "a-webhook-secret",
}  # fmt: skip
BENT = (
    b"", b"[]", b"3", b"null", b'"x"', b"{}", b'{"issues": [3]}', b'{"result": [null]}',
    b'{"tickets": {"a": 1}}', b'{"incidents": [[]]}', b'{"data": [{"id": {}}]}', b"<html>",
    b"\xff\xfe",
)  # fmt: skip


each = pytest.mark.parametrize("slug", SLUGS)


@pytest.fixture(autouse=True)
def _here(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]


def made(slug: str, url: str, *, seconds: float = 60) -> Any:
    """The connector with every address on loopback, which waits for an answer so long, once."""
    kind = entry(slug).load()
    known = kind.config_class.model_fields
    places = {name: url for name in PLACES if name in known}
    found: Any = kind({**{k: v for k, v in VALUES.items() if k in known}, **places})
    http: Http = found.http
    http.timeout, http.retry = Timeout(connect=60, read=seconds, total=120), NEVER
    return found


def find(slug: str, script: Script, *, seconds: float = 60) -> Any:
    with loopback(script) as server:
        connector = made(slug, server.url, seconds=seconds)
        ask: Callable[[str], Any] = getattr(connector, "find_ticket", None) or connector.find_alarm
        return ask("signalbox-7-3")


@each
@pytest.mark.parametrize(
    ("status", "error"),
    [(401, Denied), (403, Denied), (404, Absent), (409, Refused), (400, Refused), (500, Busy)],
)
def test_a_status_is_an_error_with_a_sentence(slug: str, status: int, error: type) -> None:
    with pytest.raises(error) as caught:
        find(slug, always(status, b'{"message": "s3cr3t-0f-0urs said no"}'))
    assert "s3cr3t" not in str(caught.value)


@each
def test_it_hears_how_long_to_wait(slug: str) -> None:
    with pytest.raises(Busy) as caught:
        find(slug, always(429, b"{}", retry_after="120"))
    assert caught.value.data["retry_after"] == 120


@each
def test_silence_and_half_an_answer_may_be_tried_again(slug: str) -> None:
    def silent(connection: Any, asked: Any) -> None:
        connection.recv(1)

    half = answer(200, b'{"a": 1}')[:-4]

    def hang_up(connection: Any, asked: Any) -> None:
        connection.sendall(half)

    for script in (silent, hang_up, lambda *_: None):
        with pytest.raises((TimedOut, Unreachable)) as caught:
            find(slug, script, seconds=0.2)
        assert isinstance(caught.value, Retryable)


@each
@pytest.mark.parametrize("body", BENT, ids=range(len(BENT)))
def test_an_answer_of_another_shape_is_a_bad_answer(slug: str, body: bytes) -> None:
    try:
        found = find(slug, always(200, body))
    except BadAnswer:
        return
    assert found is None


@each
@pytest.mark.parametrize("body", BENT, ids=range(len(BENT)))
def test_a_webhook_of_another_shape_names_nothing(slug: str, body: bytes) -> None:
    connector = made(slug, "http://127.0.0.1:9")
    try:
        parsed = json.loads(body)
    except ValueError:
        return
    assert connector.keys_in(parsed) == ()


@each
def test_every_verb_meets_nonsense(slug: str) -> None:
    for body in BENT:
        with loopback(always(200, body)) as server:
            connector = made(slug, server.url)
            for verb in ("check", "on_call"):
                if hasattr(connector, verb):
                    _try(getattr(connector, verb))
            if hasattr(connector, "read_ticket"):
                _try(connector.read_ticket, "7")
                _try(connector.comment, "7", "x")


def _try(act: Callable[..., Any], *args: str) -> None:
    try:
        act(*args)
    except PortalError:
        return
