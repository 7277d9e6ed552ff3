"""How to call a deployment, ready to be copied."""

from __future__ import annotations

from dataclasses import dataclass

CURL = """curl {address}/serve/{slug}/invocations \\
  -H "Authorization: Bearer $SIGNALBOX_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{{"dataframe_records": [{{"feature": 1.0}}]}}'"""
PYTHON = """import json, os, urllib.request

request = urllib.request.Request(
    "{address}/serve/{slug}/invocations",
    data=json.dumps({{"dataframe_records": [{{"feature": 1.0}}]}}).encode(),
    headers={{
        "Authorization": f"Bearer {{os.environ['SIGNALBOX_TOKEN']}}",
        "Content-Type": "application/json",
    }},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    print(json.load(answer), answer.headers["X-Served-Version"])"""
MLFLOW = """import os, urllib.request
import pandas
from mlflow.models import convert_input_example_to_serving_input

rows = pandas.DataFrame([{{"feature": 1.0}}])
request = urllib.request.Request(
    "{address}/serve/{slug}/invocations",
    data=convert_input_example_to_serving_input(rows).encode(),
    headers={{
        "Authorization": f"Bearer {{os.environ['SIGNALBOX_TOKEN']}}",
        "Content-Type": "application/json",
    }},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    print(answer.read().decode())"""
TEXTS = (("Shell", CURL), ("Python", PYTHON), ("Python, from a data frame by MLflow", MLFLOW))


@dataclass(frozen=True, slots=True)
class Call:
    """One way to call it."""

    title: str
    text: str


def calls(address: str, slug: str) -> list[Call]:
    """Every way, for the deployment of this name."""
    return [Call(title, text.format(address=address, slug=slug)) for title, text in TEXTS]
