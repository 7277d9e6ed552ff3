"""Sends rows of the tour's data set through the gateway: as they come, or the large tumours alone."""

from __future__ import annotations

import argparse
import json
import os
import sys
from urllib.request import Request, urlopen

import pandas as pd
from sklearn.datasets import load_breast_cancer

BATCH = 10


def rows(kind: str, count: int) -> pd.DataFrame:
    """`count` rows of the data set; `large` draws from a really different part of it."""
    found = load_breast_cancer(as_frame=True).data
    if kind == "large":
        found = found[found["mean radius"] > found["mean radius"].quantile(0.7)]
    return found.sample(count, replace=count > len(found), random_state=1)


def send(some: pd.DataFrame, address: str, token: str) -> str:
    """Ask for predictions; the id that the gateway gave them."""
    body = {"dataframe_split": {"columns": list(some.columns), "data": some.values.tolist()}}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(address, json.dumps(body).encode(), headers), timeout=30) as answer:
        return str(answer.headers["X-Prediction-Id"])


def main() -> None:
    """Send, and say how many."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("address", help="http://localhost:8000/serve/<deployment>/invocations")
    words.add_argument("kind", choices=["calm", "large"])
    words.add_argument("--rows", type=int, default=200)
    given = words.parse_args()
    found = rows(given.kind, given.rows)
    starts = range(0, len(found), BATCH)
    ids = [send(found[n : n + BATCH], given.address, os.environ["TOKEN"]) for n in starts]
    sys.stdout.write(f"{len(found)} rows in {len(ids)} predictions, the first is {ids[0]}\n")


if __name__ == "__main__":
    main()
