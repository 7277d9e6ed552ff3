"""The list of runs, filtered and sorted by a metric: 100,000 in the portal, 20,000 in MLflow beside it."""

from __future__ import annotations

import json
import random
from urllib.parse import urlencode

from bench import browser, seed
from bench.house import House, house, serving
from bench.load import Figures, Request, measure
from bench.mlflow import RUNS as MLFLOW_RUNS
from bench.mlflow import mlflow

PER_PAGE = 50
SORT = "metrics.f1 DESC"
P95, TENTH, TIMES, CONTENT = 100.0, 0.1, 20.0, 500.0
SECONDS = 12.0
OTHER_LISTS = {
    "by a metric, no filter": {"order_by": "metrics.accuracy DESC"},
    "by a param": {"order_by": "params.depth DESC"},
    "by a tag": {"order_by": "tags.`mlflow.user`"},
    "newest first": {},
    "one in 100,000": {"filter": "params.seed = '77777'", "order_by": SORT},
    "like, one in 100,000": {"filter": "params.seed LIKE '7777_'", "order_by": SORT},
    "filter against the order": {"filter": "metrics.f1 < 0.2", "order_by": SORT},
    "one experiment": {"experiment": "experiment 7", "order_by": SORT},
}


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    with house() as built:
        built.told = seed.seed(built)
        print(f"runs: {seed.RUNS} in the portal, {MLFLOW_RUNS} in MLflow, pages of {PER_PAGE}")
        with serving(built) as address:
            alone, many = _portal(built, address)
            _others(built, address)
            content = browser.content(
                address, "/models/runs/?sort=-metrics.f1", built.told["session"]
            )
        with mlflow(built) as address:
            theirs, their_many = _mlflow(address)
    print(f"portal, 1 client    {alone}")
    print(f"MLflow, 1 client    {theirs}")
    print(f"portal, 16 clients  {many}")
    print(f"MLflow, 16 clients  {their_many}")
    aims = [
        ("p95 of the list, ms", alone.p95, P95, alone.p95 < P95),
        ("share of MLflow's p95", alone.p95 / theirs.p95, TENTH, alone.p95 <= TENTH * theirs.p95),
        (
            "times MLflow's rate",
            many.rate / their_many.rate,
            TIMES,
            many.rate >= TIMES * their_many.rate,
        ),
    ]
    if content is None:
        print("There is no Chromium here: the page's time to content was not measured.")
    else:
        aims.append(("page's content in Chromium, ms", content, CONTENT, content < CONTENT))
    for name, value, aim, met in aims:
        print(f"{'met   ' if met else 'MISSED'}  {name}: {value:.3g}, aim {aim:g}")
    return sum(not met for *_, met in aims)


def _filter(dice: random.Random) -> str:
    return f"metrics.accuracy > {dice.uniform(0.4, 0.6):.6f} and params.kind = 'forest'"


def _portal(built: House, address: str) -> tuple[Figures, Figures]:
    dice = random.Random(1)

    def make(client: int, number: int) -> Request:
        query = {"filter": _filter(dice), "order_by": SORT, "page_size": PER_PAGE}
        return _get(built, client, query)

    return _both(address, make)


def _mlflow(address: str) -> tuple[Figures, Figures]:
    dice = random.Random(1)
    experiments = [str(number) for number in range(1, seed.EXPERIMENTS + 1)]

    def make(client: int, number: int) -> Request:
        asked = {
            "experiment_ids": experiments,
            "filter": _filter(dice),
            "order_by": [SORT],
            "max_results": PER_PAGE,
        }
        headers = {"Content-Type": "application/json"}
        return Request("POST", "/api/2.0/mlflow/runs/search", headers, json.dumps(asked).encode())

    return _both(address, make)


def _both(address: str, make) -> tuple[Figures, Figures]:  # type: ignore[no-untyped-def]
    measure(address, make, clients=4, seconds=2)  # every process has met the query
    alone = measure(address, make, clients=1, seconds=SECONDS, least=20)
    return alone, measure(address, make, clients=seed.CLIENTS, seconds=SECONDS, least=2)


def _others(built: House, address: str) -> None:
    """Other lists of the same runs, for whoever wants to know where it is slow."""
    for name, query in OTHER_LISTS.items():
        found = measure(
            address,
            lambda client, number, query=query: _get(
                built, client, {**query, "page_size": PER_PAGE}
            ),
            clients=1,
            seconds=1.5,
            least=5,
        )
        print(f"portal, {name:26} {found}")


def _get(built: House, client: int, query: dict[str, object]) -> Request:
    headers = {"Authorization": f"Bearer {built.told['tokens'][client]}"}
    return Request("GET", f"/api/v1/runs/?{urlencode(query)}", headers)
