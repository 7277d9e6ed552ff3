"""Series from Prometheus, Datadog and New Relic, and what they say about a query that is wrong."""

from __future__ import annotations

import contextlib
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from apps.core.http import BadAnswer, Denied, Retry
from apps.integrations.connectors.datadog import Datadog
from apps.integrations.connectors.newrelic import NewRelic
from apps.integrations.connectors.prometheus import Prometheus
from apps.integrations.ports import Line, MetricSink, MetricSource, Sample
from apps.integrations.series import BadStretch, QueryRefused, SeveralSeries
from tests.contract.document import Document
from tests.contract.swagger import SHARED
from tests.core.loopback import Loopback, always, loopback

SINCE = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AT = SINCE.timestamp()
# As Prometheus 2.42, Datadog's and New Relic's own documentation answer.
MATRIX = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [{"metric": {}, "values": [[AT, "1"], [AT + 60, "NaN"], [AT + 120, "2.5"]]}],
    },
}
PARSE_ERROR = {"status": "error", "errorType": "bad_data", "error": "1:5: parse error: no )"}
POINTS = {
    "status": "ok",
    "res_type": "time_series",
    "query": "avg:system.cpu.idle{*}",
    "series": [
        {
            "metric": "system.cpu.idle",
            "scope": "*",
            "pointlist": [
                [AT * 1000, 70.0],
                [AT * 1000 + 20_000, 80.0],
                [AT * 1000 + 90_000, None],
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def _here(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]


def told(body: Any, status: int = 200) -> Any:
    return always(status, json.dumps(body).encode(), content_type="application/json")


def source(kind: str, server: Loopback) -> Any:
    made: Any
    if kind == "prometheus":
        made = Prometheus({"address": f"{server.url}/prom", "token": "t0ken", "tenant": "a"})
    elif kind == "datadog":
        made = Datadog({"address": server.url, "api_key": "k", "application_key": "a"})
    else:
        made = NewRelic({"address": server.url, "account": 7, "api_key": "NRAK-1"})
    made.http.retry = Retry(times=0)
    return made


def asked(made: Any, query: str = "up", until: datetime = SINCE + HOUR) -> list[Sample]:
    return made.series(query, since=SINCE, until=until, step=MINUTE)  # type: ignore[no-any-return]


def rows(*figures: Any) -> dict[str, Any]:
    found = [
        {"beginTimeSeconds": AT + 60 * n, "endTimeSeconds": AT + 60 * (n + 1), "inspectedCount": 3}
        | figure
        for n, figure in enumerate(figures)
    ]
    return {"data": {"actor": {"account": {"nrql": {"results": found}}}}}


def test_prometheus_answers_one_series() -> None:
    with loopback(told(MATRIX)) as server:
        made = source("prometheus", server)
        found = asked(made, " sum(up) ")
    assert found == [Sample(SINCE, 1.0), Sample(SINCE + 2 * MINUTE, 2.5)]
    one = server.asked[0]
    assert one.target.startswith("/prom/api/v1/query_range?query=sum")
    assert "step=60" in one.target
    assert one.headers["authorization"] == "Bearer t0ken"
    assert one.headers["x-scope-orgid"] == "a"
    assert isinstance(made, MetricSource)
    assert isinstance(made, MetricSink)


@pytest.mark.parametrize("status", [200, 400, 422])
def test_what_prometheus_says_about_a_query_is_shown(status: int) -> None:
    with loopback(told(PARSE_ERROR, status)) as server, pytest.raises(QueryRefused) as refused:
        asked(source("prometheus", server), "sum(")
    assert str(refused.value) == "query: Prometheus refuses it: 1:5: parse error: no )"


def test_several_series_are_refused_and_none_is_empty() -> None:
    several = json.loads(json.dumps(MATRIX))
    several["data"]["result"] *= 3
    with loopback(told(several)) as server, pytest.raises(SeveralSeries, match="answers 3 series"):
        asked(source("prometheus", server))
    with loopback(told({"status": "success", "data": {"result": []}})) as server:
        assert asked(source("prometheus", server)) == []


def test_datadog_is_averaged_into_steps() -> None:
    with loopback(told(POINTS)) as server:
        found = asked(source("datadog", server), "avg:system.cpu.idle{*}")
    assert found == [Sample(SINCE, 75.0)]
    assert server.asked[0].headers["dd-application-key"] == "a"
    document = SHARED / "datadog-v1.trim.json"
    if not document.exists():
        pytest.skip("the vendor's document is not here: set VENDOR_SPECS")
    assert Document(Path(document)).faults("GET", server.asked[0].target, b"") == []


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({"errors": ["Error parsing query: x"]}, 400, "Error parsing query: x"),
        ({"status": "error", "error": "too long"}, 200, "too long"),
    ],
)
def test_what_datadog_says_is_shown(body: Any, status: int, why: str) -> None:
    with loopback(told(body, status)) as server, pytest.raises(QueryRefused, match=why):
        asked(source("datadog", server))


def test_newrelic_is_asked_in_pieces() -> None:
    with loopback(told(rows({"average.duration": 1.5}, {"average.duration": None}))) as server:
        found = asked(
            source("newrelic", server), "SELECT average(duration) FROM T", SINCE + 10 * HOUR
        )
    sent = [json.loads(one.body)["variables"]["nrql"] for one in server.asked]
    assert len(sent) == 2  # 600 minutes, 366 at once
    assert sent[0].endswith("TIMESERIES 60 seconds")
    assert {sample.value for sample in found} == {1.5}


def test_a_percentile_is_one_figure_and_two_functions_are_not() -> None:
    with loopback(told(rows({"percentile.duration": {"95": 2}}))) as server:
        assert (
            asked(source("newrelic", server), "SELECT percentile(duration, 95) FROM T")[0].value
            == 2
        )
    with (
        loopback(told(rows({"a": 1, "b": 2}))) as server,
        pytest.raises(SeveralSeries),
    ):
        asked(source("newrelic", server), "SELECT a, b FROM T")


@pytest.mark.parametrize(
    "nrql", ["SELECT 1 FROM T SINCE 1 day ago", "select 1 from T facet host", "SELECT 1 TIMESERIES"]
)
def test_newrelic_keeps_time_to_itself(nrql: str) -> None:
    with loopback(told(rows())) as server, pytest.raises(QueryRefused, match="leave"):
        asked(source("newrelic", server), nrql)
    assert server.asked == []


def test_a_word_inside_of_a_text_is_no_clause() -> None:
    with loopback(told(rows({"count": 1}))) as server:
        assert asked(source("newrelic", server), "SELECT count(*) FROM T WHERE a = 'since until'")


def test_what_newrelic_says_is_shown() -> None:
    body = {"errors": [{"message": "NRQL Syntax Error: at position 3"}], "data": None}
    with loopback(told(body)) as server, pytest.raises(QueryRefused, match="NRQL Syntax Error"):
        asked(source("newrelic", server), "SELECT")


@pytest.mark.parametrize("kind", ["prometheus", "datadog", "newrelic"])
@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"null", b""])
def test_nonsense_is_no_crash(kind: str, body: bytes) -> None:
    with loopback(always(200, body)) as server, contextlib.suppress(BadAnswer, QueryRefused):
        assert asked(source(kind, server)) == []


@pytest.mark.parametrize("kind", ["prometheus", "datadog", "newrelic"])
@pytest.mark.parametrize("values", [[["x", "y"]], [[1]], [3], [[AT, "one"]], [None], "text"])
def test_points_of_another_shape_are_a_bad_answer(kind: str, values: Any) -> None:
    bodies = {
        "prometheus": {"status": "success", "data": {"result": [{"values": values}]}},
        "datadog": {"status": "ok", "series": [{"pointlist": values}]},
        "newrelic": rows({"a": "text"}),
    }
    with loopback(told(bodies[kind])) as server, contextlib.suppress(BadAnswer):
        assert asked(source(kind, server)) == []


@pytest.mark.parametrize("kind", ["prometheus", "datadog", "newrelic"])
def test_a_wrong_key_is_denied(kind: str) -> None:
    with loopback(told({"errors": ["Forbidden"]}, 403)) as server, pytest.raises(Denied):
        asked(source(kind, server))


@pytest.mark.parametrize(
    ("until", "step"),
    [
        (SINCE, MINUTE),
        (SINCE + HOUR, timedelta(0)),
        (SINCE + 9000 * HOUR, MINUTE),
        ((SINCE + HOUR).replace(tzinfo=None), MINUTE),
    ],
)
def test_a_stretch_that_no_source_answers(until: datetime, step: timedelta) -> None:
    with loopback(told(MATRIX)) as server, pytest.raises(BadStretch):
        source("prometheus", server).series("up", since=SINCE, until=until, step=step)


def test_remote_write_is_protobuf_in_snappy() -> None:
    lines = [
        Line("m", {"z": "1", "empty": "", "a": "ü"}, Sample(SINCE + MINUTE, 2.0)),
        Line("m", {"z": "1", "a": "ü"}, Sample(SINCE, -math.pi)),
    ]
    with loopback(always(204, b"")) as server:
        source("prometheus", server).push(lines)
        source("prometheus", server).push([])
    (one,) = server.asked
    assert one.target == "/prom/api/v1/write"
    assert one.headers["content-encoding"] == "snappy"
    low, high = one.body[0], one.body[1]
    size = low & 0x7F | high << 7 if low & 0x80 else low
    plain = pyarrow.decompress(one.body, decompressed_size=size, codec="snappy", asbytes=True)
    assert plain.index(b"__name__") < plain.index(b"a\x12\x02\xc3\xbc") < plain.index(b"z")
    assert b"empty" not in plain
