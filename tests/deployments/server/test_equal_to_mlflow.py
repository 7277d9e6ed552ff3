"""Every answer is MLflow's own, in every form of input, alone and together with others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.pyfunc.scoring_server import invocations

from apps.deployments.server.answers import Answer, Asked, Request
from apps.deployments.server.invocations import JSON, Invocations
from apps.deployments.server.scoring import Model
from tests.deployments.server import models

Loaded = Callable[[str], Model]

DATA = {
    "boost": models.numbers,
    "linear": models.mixed,
    "forest": models.mixed,
    "proba": models.numbers,
    "pipeline": models.words,
    "matrix": models.numbers,
    "unsigned": models.numbers,
    "custom": models.mixed,
    "row_wise": models.mixed,
    "params": models.mixed,
    "optional": models.numbers,
}
PLANNED = {"boost", "linear", "forest", "proba", "pipeline", "matrix", "row_wise"}
MERGED = {"boost", "forest", "pipeline", "matrix", "row_wise"}


def forms(data: pd.DataFrame) -> list[dict[str, Any]]:
    """The same rows in each of MLflow's JSON forms."""
    split = json.loads(data.to_json(orient="split", double_precision=15))
    backwards = data[list(reversed(data.columns))]
    return [
        {"dataframe_split": split},
        {"dataframe_split": {name: split[name] for name in ("columns", "data")}},
        {"dataframe_split": {"columns": list(backwards), "data": backwards.values.tolist()}},
        {"dataframe_records": data.to_dict(orient="records")},
        {"dataframe_records": [{**row, "more": "x"} for row in data.to_dict(orient="records")]},
        {"instances": data.to_dict(orient="records")},
        {"instances": data.values.tolist()},
        {"inputs": data.to_dict(orient="list")},
        {"inputs": data.to_dict(orient="records")},
        {"inputs": data.values.tolist()},
        {"inputs": data.to_dict(orient="list"), "params": {"factor": 3.5}},
        {"dataframe_split": split, "params": {"factor": 3, "unknown": 1}},
    ]


def ask(model: Model, *bodies: bytes, kind: str = JSON) -> list[Answer]:
    """Ask the model server's own code for all of them at once."""
    door = Invocations(model)
    headers = [(b"content-type", kind.encode())]
    requests = [Request("POST", "/invocations", headers, body) for body in bodies]
    return model.score([Asked(door, request, lambda answer: None) for request in requests])


def theirs(model: Model, body: bytes, kind: str = JSON) -> Any:
    """MLflow's answer as JSON; nothing where it refuses."""
    try:
        return json.loads(invocations(body, kind, model.pyfunc, model.schema).response)
    except Exception:  # noqa: BLE001  it lets some of pandas' and NumPy's errors pass
        return None


def compare(model: Model, bodies: list[bytes], kind: str = JSON) -> int:
    """How many were answered; each as MLflow answers it, asked together."""
    answers = ask(model, *bodies, kind=kind)
    for body, answer in zip(bodies, answers, strict=True):
        wanted = theirs(model, body, kind)
        if wanted is None:
            assert 400 <= answer.status < 500, (body, answer)
        else:
            assert answer.status == 200, (body, answer)
            # As texts, so that NaN equals itself and every bit of a number counts.
            assert json.dumps(json.loads(answer.body)) == json.dumps(wanted), body
    return sum(answer.status == 200 for answer in answers)


@pytest.mark.parametrize("kind", DATA)
def test_each_form_is_answered_as_mlflow_answers_it(kind: str, loaded: Loaded) -> None:
    model, data = loaded(kind), DATA[kind]()
    parts = [data.iloc[:1], data.iloc[1:4], data.iloc[4:40].reset_index(drop=True)]
    bodies = [json.dumps(form).encode() for part in parts for form in forms(part)]

    answered = compare(model, bodies)

    assert answered >= 3


@pytest.mark.parametrize("kind", DATA)
def test_csv_and_parquet_are_answered_as_mlflow_answers_them(kind: str, loaded: Loaded) -> None:
    data = DATA[kind]().head(5)
    compare(loaded(kind), [data.to_csv(index=False).encode()], "text/csv")
    compare(loaded(kind), [data.to_parquet()], "application/vnd.apache.parquet")


@pytest.mark.parametrize("kind", DATA)
def test_it_knows_which_models_it_may_hurry(kind: str, loaded: Loaded) -> None:
    model = loaded(kind)
    assert (model.plan is not None) == (kind in PLANNED)
    assert (model.plan is not None and model.merges) == (kind in MERGED)


def test_every_plain_form_goes_the_fast_way(loaded: Loaded) -> None:
    model = loaded("boost")
    door = Invocations(model)
    slow = []
    for place, form in enumerate(forms(models.numbers(4))):
        if door.read(Request("POST", "", [], json.dumps(form).encode())).rows is None:
            slow.append(place)

    # Lists without names, which MLflow refuses for a frame, and those with params.
    assert slow == [6, 9, 10, 11]


VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-(2**66), 2**66),
    st.sampled_from([None, True, "x", "1.5", 0, -0.0, 1e308, 2**53 + 1, 2**63, [1.0], {}]),
)
PLAIN_VALUES = st.one_of(st.floats(-1e6, 1e6), st.integers(-1000, 1000))
COLUMNS = ["age", "income", "debt", "visits", "city", "bonus"]


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A body in some form: mostly plain, sometimes with anything in any place."""
    values = draw(st.sampled_from([PLAIN_VALUES, PLAIN_VALUES, VALUES]))
    columns = draw(st.permutations(COLUMNS))[: draw(st.integers(3, 6))]
    if draw(st.booleans()):
        columns = ["age", "income", "debt", "visits"]
    count = draw(st.integers(0, 3))
    rows = [[_cell(draw, name, values) for name in columns] for _ in range(count)]
    form = draw(st.sampled_from(["split", "records", "instances", "lists", "inputs", "columns"]))
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    made = {
        "split": {"dataframe_split": {"columns": columns, "data": rows}},
        "records": {"dataframe_records": records},
        "instances": {"instances": records},
        "lists": {"inputs": [row[:3] for row in rows]},
        "inputs": {"inputs": records},
        "columns": {"inputs": {name: [row[name] for row in records] for name in columns}},
    }[form]
    return json.dumps(made).encode()


def _cell(draw: st.DrawFn, name: str, values: st.SearchStrategy[Any]) -> Any:
    if values is PLAIN_VALUES and name == "city":
        return draw(st.sampled_from(["Rome", "Oslo", "Paris", ""]))
    if values is PLAIN_VALUES and name == "visits":
        return draw(st.integers(-5, 5))
    return draw(values)


@pytest.mark.parametrize("kind", ["boost", "linear", "forest", "pipeline", "matrix", "row_wise"])
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=st.lists(bodies(), min_size=1, max_size=4))
def test_whatever_is_asked_together_is_answered_as_alone(
    kind: str, loaded: Loaded, asked: list[bytes]
) -> None:
    model = loaded(kind)
    compare(model, asked)


@pytest.mark.parametrize("kind", ["boost", "forest", "matrix"])
@pytest.mark.parametrize("number", [3.4028235677973366e38, 3.4028234e38, 1e300, -1e300])
def test_a_number_too_large_for_trees_is_refused_as_mlflow_refuses_it(
    kind: str, number: float, loaded: Loaded
) -> None:
    row = [0.0, 0.0, number]
    compare(loaded(kind), [json.dumps({"inputs": [row]}).encode()])
