"""The same strings find the same runs here and in MLflow's own search."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.models.site import Site

pytestmark = pytest.mark.slow

LOG = """
import json, mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
client = MlflowClient()
experiment = client.create_experiment("search")
logged = [
    ("one", {"acc": 0.5, "top 5": 1.0}, {"kind": "forest", "depth": "5"}, {"team": "Risk"}),
    ("two", {"acc": 0.9}, {"kind": "it's", "depth": "10"}, {"team": "risk", "a.b": "x%y"}),
    ("three", {"acc": float("nan")}, {"kind": "net"}, {}),
    ("four", {"acc": float("inf")}, {"kind": "FOREST"}, {"team": "a_b"}),
    ("five", {}, {}, {"team": "a\\\\\\\\b"}),
]
for name, metrics, params, tags in logged:
    run = client.create_run(experiment, run_name=name, tags=tags)
    client.log_batch(
        run.info.run_id,
        [Metric(key, value, 1, 0) for key, value in metrics.items()],
        [Param(key, value) for key, value in params.items()],
    )
    client.set_terminated(run.info.run_id, "FAILED" if name == "two" else "FINISHED")
asked = {}
for text in FILTERS:
    found = client.search_runs([experiment], filter_string=text)
    asked[text] = sorted(run.info.run_name for run in found)
orders = {}
for text in ORDERS:
    found = client.search_runs([experiment], order_by=[text])
    orders[text] = [run.info.run_name for run in found]
print(json.dumps([asked, orders]))
"""
FILTERS = [
    "metrics.acc > 0.5",
    "metrics.acc >= 0.5 AND metrics.acc < 1e300",
    "metrics.acc != 0.5",
    "metrics.acc > 1e300",
    "metrics.`top 5` = 1",
    'metric."top 5" <= 1.0',
    "params.kind = 'forest'",
    "params.kind != 'forest'",
    "params.kind LIKE 'f%'",
    "params.kind ILIKE 'f%t'",
    'param.kind = "it\'s"',
    "params.depth IS NULL",
    "params.depth is not null",
    "tags.team ILIKE 'RISK'",
    "tags.team LIKE 'a_b'",
    "tags.`a.b` = 'x%y'",
    "tags.a.b LIKE '%y'",
    "attributes.status = 'FAILED'",
    "status != 'FAILED' and run_name LIKE 't%'",
    "attributes.start_time > 1000",
    "attribute.end_time <= 1000",
    "run_name != 'one'",
]
ORDERS = ["metrics.acc ASC", "metrics.acc DESC", "params.kind DESC", "tags.team", "run_name"]


def test_the_same_strings_find_the_same_runs(site: Site) -> None:
    script = f"FILTERS, ORDERS = {FILTERS!r}, {ORDERS!r}\n{LOG}"
    found, orders = site.script("cora", script, site.slug)

    for text, names in found.items():
        assert sorted(_names(site, f"filter={quote(text)}")) == names, text
    for text, names in orders.items():
        assert _names(site, f"order_by={quote(text)}") == names, text
    assert len({json.dumps(each) for each in found.values()}) > 8  # they do tell runs apart


def _names(site: Site, query: str) -> list[str]:
    answer = site.ask("cora", "GET", f"/api/v1/runs/?experiment=search&{query}")
    assert answer.status == 200, answer.body
    results: list[dict[str, Any]] = answer.json["results"]
    return [each["name"] for each in results]
