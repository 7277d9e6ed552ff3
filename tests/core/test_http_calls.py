"""Calls: what is sent, what counts as an answer, when it is tried again, where redirects lead."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from apps.core.errors import Retryable
from apps.core.http import (
    NEVER,
    Absent,
    Allow,
    BadAddress,
    BadAnswer,
    Busy,
    Denied,
    Http,
    Redirected,
    Refused,
    Retry,
    Unreachable,
)
from apps.core.http.retry import retry_after
from tests.core.loopback import Loopback, Script, always, answer, in_turn, loopback

AT_ONCE = Retry(times=2, base=0.001)


@contextmanager
def calling(script: Script, path: str = "", **options: Any) -> Iterator[tuple[Http, Loopback]]:
    options = {"allow": Allow.of("127.0.0.0/8"), "retry": AT_ONCE, **options}
    with loopback(script) as server, Http("Jira", server.url + path, **options) as http:
        yield http, server


def test_it_sends_json_below_the_base_address() -> None:
    with calling(always(201, b'{"key": "ML-7"}'), "/rest/api/2/") as (http, server):
        assert http.post("/issue", json={"title": "Drift ✓"}) == {"key": "ML-7"}

    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/rest/api/2/issue")
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(asked.body) == {"title": "Drift ✓"}


@pytest.mark.parametrize(
    ("path", "params", "target"),
    [
        ("", {}, "/base"),
        ("issue", {}, "/base/issue"),
        ("/issue", {"q": "a b&c", "page": 2, "none": None}, "/base/issue?q=a+b%26c&page=2"),
        ("/issue?x=1", {"y": ["1", "2"]}, "/base/issue?x=1&y=1&y=2"),
        ("/a%2Fb c", {}, "/base/a%2Fb%20c"),
    ],
)
def test_it_builds_the_address(path: str, params: dict[str, Any], target: str) -> None:
    with calling(always(), "/base/") as (http, server):
        http.get(path, params=params)

    assert server.asked[0].target == target


@pytest.mark.parametrize(
    "path",
    [
        "/../admin",
        "/a/%2e%2e/admin",
        "/%252e%252e/admin",
        "/a\\..\\b",
        "http://other.example/",
        "https://127.0.0.1/",
        "/a\r\nX: y",
    ],
)
def test_it_stays_below_the_base_address(path: str) -> None:
    with calling(always(), "/base/") as (http, server), pytest.raises(BadAddress):
        http.get(path)
    assert server.asked == []


def test_it_cannot_be_led_to_another_host_by_a_path() -> None:
    with calling(always(), "/base") as (http, server):
        http.get("//other.example/x")
        http.get(f"{server.url}/next?page=2")

    assert [asked.target for asked in server.asked] == ["/base/other.example/x", "/next?page=2"]


@pytest.mark.parametrize(
    "headers",
    [{"X-Note": "a\r\nX-Evil: 1"}, {"X-Note\r\nX-Evil": "1"}, {"X Y": "1"}, {"X": "ö"}, {"": "1"}],
)
def test_it_refuses_header_injection(headers: dict[str, str]) -> None:
    with calling(always()) as (http, server), pytest.raises(BadAddress):
        http.get(headers=headers)
    with pytest.raises(BadAddress), calling(always(), headers=headers) as (http, _):
        http.get()
    assert server.asked == []


@pytest.mark.parametrize(
    ("auth", "sent"),
    [(("ada", "pässword"), "Basic YWRhOnDDpHNzd29yZA=="), ("t0ken", "Bearer t0ken"), (None, None)],
)
def test_it_signs_in(auth: Any, sent: str | None) -> None:
    with calling(always(), auth=auth) as (http, server):
        http.get()

    assert server.asked[0].headers.get("authorization") == sent


def test_it_sends_forms_and_raw_bytes() -> None:
    with calling(always()) as (http, server):
        http.post(form={"grant_type": "a b"})
        http.put(content=b"\x00raw", headers={"Content-Type": "application/x-tar"})

    form, raw = server.asked
    assert (form.body, raw.body) == (b"grant_type=a+b", b"\x00raw")
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert raw.headers["content-type"] == "application/x-tar"


def test_it_returns_nothing_for_an_empty_answer() -> None:
    with calling(always(204, b"")) as (http, _):
        assert http.delete("/issue/1") is None


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"{", b"[NaN]", b"[" * 100_000])
def test_it_says_that_an_answer_is_not_json(body: bytes) -> None:
    script = always(200, body, Content_Type="text/html; charset=utf-8")
    with calling(script) as (http, _), pytest.raises(BadAnswer, match="text/html and not JSON"):
        http.get()


def test_it_reads_json_whatever_its_label() -> None:
    with calling(always(body=b"\xef\xbb\xbf[1]", Content_Type="text/plain")) as (http, _):
        assert http.get() == [1]


@pytest.mark.parametrize(
    ("status", "error", "remedy"),
    [
        (400, Refused, "Trying again will not help"),
        (401, Denied, "Enter new ones"),
        (403, Denied, "Enter new ones"),
        (404, Absent, "Check the address"),
        (409, Refused, "Trying again will not help"),
        (429, Busy, "Try again later"),
        (500, Busy, "Try again later"),
        (503, Busy, "Try again later"),
    ],
)
def test_it_says_what_would_help(status: int, error: type[Exception], remedy: str) -> None:
    script = always(status, b'{"error": "no such field"}')
    with calling(script, retry=NEVER) as (http, _), pytest.raises(error, match=remedy) as raised:
        http.get()

    assert str(raised.value).startswith("Jira ")
    assert f"HTTP {status}" in str(raised.value)
    assert "no such field" in str(raised.value)


def test_it_lets_the_caller_accept_a_status() -> None:
    with calling(always(503, b'{"sealed": true}')) as (http, server):
        response = http.request("GET", accept={503})

    assert (response.status, response.json()) == (503, {"sealed": True})
    assert response.headers["Content-Length"] == "16"
    assert len(server.asked) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_it_tries_safe_verbs_again(method: str) -> None:
    body = b"" if method == "HEAD" else b"{}"
    script = in_turn(answer(503, body), answer(429, body), answer(200, body))
    with calling(script) as (http, server):
        assert http.request(method).status == 200
        assert len(server.asked) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_it_never_repeats_a_write(method: str) -> None:
    with calling(always(503)) as (http, server):
        with pytest.raises(Busy):
            http.request(method, json={})
        assert len(server.asked) == 1


def test_it_never_repeats_a_write_whose_answer_was_lost() -> None:
    with calling(lambda _, __: None) as (http, server):
        with pytest.raises(Unreachable):
            http.post(json={})
        assert len(server.asked) == 1


def test_it_repeats_a_write_that_carries_a_key() -> None:
    with calling(in_turn(answer(502), answer(201))) as (http, server):
        http.post(json={}, idempotency_key="opened-7")

    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["opened-7"] * 2


def test_it_gives_up_after_its_tries() -> None:
    with calling(always(503)) as (http, server):
        with pytest.raises(Busy):
            http.get()
        assert len(server.asked) == 3


def test_it_does_not_repeat_what_was_refused() -> None:
    with calling(always(400)) as (http, server):
        with pytest.raises(Refused):
            http.get()
        assert len(server.asked) == 1


def test_it_tries_a_broken_connection_again() -> None:
    with calling(lambda _, __: answers.pop(0)) as (http, server):
        answers = [None, None, answer()]
        assert http.get() == {}
        assert server.connections == 3


def test_it_waits_as_long_as_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with calling(in_turn(answer(429, Retry_After="7"), answer())) as (http, _):
        http.get()

    assert waits == [7]


@pytest.mark.parametrize("told", ["21", "86400", "29.9"])
def test_it_gives_up_when_told_to_wait_too_long(told: str) -> None:
    with calling(always(503, Retry_After=told)) as (http, server):
        with pytest.raises(Retryable) as raised:
            http.get()
        assert raised.value.data["retry_after"] == float(told)
        assert len(server.asked) == 1


def test_it_reads_retry_after() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=60))
    assert 3000 < (retry_after(soon) or 0) <= 3600
    assert [retry_after(text) for text in (past, "3", "-3")] == [0, 3, 0]
    assert [retry_after(text) for text in (None, "", "soon", "nan", "inf")] == [None] * 5


def test_it_spreads_its_waits() -> None:
    drawn = {Retry().wait(2, None) for _ in range(20)}
    assert len(drawn) == 20
    assert all(0 <= (wait or 0) <= 1 for wait in drawn)


def test_it_follows_a_redirect_with_its_credentials_at_home() -> None:
    script = in_turn(answer(301, Location="/moved?x=1"), answer())
    with calling(script, auth="t0ken") as (http, server):
        http.get()

    assert [asked.target for asked in server.asked] == ["/", "/moved?x=1"]
    assert server.asked[1].headers["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_takes_no_credentials_to_another_origin(status: int) -> None:
    with loopback(always()) as other:
        script = always(status, Location=other.url + "/file")
        headers = {"X-Vault-Token": "s3cret", "Cookie": "a=b"}
        with calling(script, auth="t0ken", headers=headers) as (http, _):
            http.get(headers={"X-Api-Key": "s3cret"})

        assert set(other.asked[0].headers) == {"host", "accept", "accept-encoding", "user-agent"}


@pytest.mark.parametrize("status", [301, 302, 303])
def test_it_does_not_turn_a_write_into_a_read(status: int) -> None:
    with calling(always(status, Location="/elsewhere")) as (http, server):
        with pytest.raises(Redirected, match="Enter the final address"):
            http.post(json={"secret": 1})
        assert len(server.asked) == 1


def test_it_takes_no_body_to_another_origin() -> None:
    with loopback(always()) as other:
        with calling(always(307, Location=other.url)) as (http, _), pytest.raises(Redirected):
            http.post(json={"secret": 1})
        assert other.connections == 0


def test_it_repeats_a_write_where_a_307_points() -> None:
    with calling(in_turn(answer(307, Location="/there"), answer())) as (http, server):
        http.post(json=[1])

    assert [(asked.method, asked.body) for asked in server.asked] == [("POST", b"[1]")] * 2


def test_it_follows_five_redirects_and_no_more() -> None:
    with calling(always(302, Location="/again")) as (http, server):
        with pytest.raises(Redirected, match="more than five times"):
            http.get()
        assert len(server.asked) == 6


def test_it_keeps_no_cookies() -> None:
    with calling(always(Set_Cookie="session=abc")) as (http, server):
        http.get()
        http.get()

    assert "cookie" not in server.asked[1].headers


def test_it_counts_and_times_its_calls() -> None:
    with calling(in_turn(answer(503), answer())) as (http, _):
        http.service = "Counted"
        http.get()

    def count(outcome: str) -> float | None:
        labels = {"service": "Counted", "method": "GET", "outcome": outcome}
        return REGISTRY.get_sample_value("signalbox_outgoing_requests_total", labels)

    seconds = REGISTRY.get_sample_value("signalbox_outgoing_seconds_count", {"service": "Counted"})
    assert (count("ok"), count("busy"), seconds) == (1, 1, 2)


def test_it_is_shared_by_threads() -> None:
    seen: list[Any] = []
    with calling(lambda _, asked: answer(body=asked.body)) as (http, server):

        def call(number: int) -> None:
            seen.extend(http.post(json=[number, n]) == [number, n] for n in range(20))

        threads = [threading.Thread(target=call, args=[number]) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert seen == [True] * 160
        assert server.connections <= 20
