"""What can be written in a filter, and what the refusal of everything else says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.models.errors import BadFilter
from apps.models.search.grammar import read_field, read_filter, read_order
from apps.models.search.tree import Comparison, Field, Kind, Op, Term

ACCURACY = Field(Kind.METRIC, "accuracy")


@pytest.mark.parametrize(
    ("text", "field", "op", "value"),
    [
        ("metrics.accuracy > 0.9", ACCURACY, Op.MORE, 0.9),
        ("metric.accuracy>=-1e-3", ACCURACY, Op.AT_LEAST, -0.001),
        ("metrics.`a b` != .5", Field(Kind.METRIC, "a b"), Op.UNEQUAL, 0.5),
        ('metrics."a.b" <> 5', Field(Kind.METRIC, "a.b"), Op.UNEQUAL, 5.0),
        ("metrics.val/loss-2 < 5", Field(Kind.METRIC, "val/loss-2"), Op.LESS, 5.0),
        ("metrics.top.5.acc <= 5.", Field(Kind.METRIC, "top.5.acc"), Op.AT_MOST, 5.0),
        ("metrics.5 = 5", Field(Kind.METRIC, "5"), Op.EQUAL, 5.0),
        ("params.kind = 'it''s'", Field(Kind.PARAM, "kind"), Op.EQUAL, "it's"),
        ('parameter.kind = "it\'s"', Field(Kind.PARAM, "kind"), Op.EQUAL, "it's"),
        ("tags.`mlflow.user` iLike 'a%'", Field(Kind.TAG, "mlflow.user"), Op.ILIKE, "a%"),
        ("tag.a IS NULL", Field(Kind.TAG, "a"), Op.MISSING, None),
        ("params.a is  not\nnull", Field(Kind.PARAM, "a"), Op.PRESENT, None),
        ("status = 'FAILED'", Field(Kind.ATTRIBUTE, "status"), Op.EQUAL, "FAILED"),
        ("attributes.run_id IN ('a', 'b')", Field(Kind.ATTRIBUTE, "run_id"), Op.IN, ("a", "b")),
        ("attr.`run name` NOT IN ('a')", Field(Kind.ATTRIBUTE, "run_name"), Op.NOT_IN, ("a",)),
        ("Created > 17", Field(Kind.ATTRIBUTE, "start_time"), Op.MORE, 17.0),
        ("datasets.name LIKE '%x'", Field(Kind.DATASET, "name"), Op.LIKE, "%x"),
    ],
)
def test_a_clause_is_read(text: str, field: Field, op: Op, value: object) -> None:
    assert read_filter(text) == (Comparison(field, op, value),)


def test_clauses_are_joined_by_and() -> None:
    found = read_filter(" metrics.a > 1 AND params.and = 'AND' and tags.b IS NULL ")

    assert [str(each.field) for each in found] == ["metrics.a", "params.and", "tags.b"]
    assert read_filter("  ") == ()


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("metrics.a > 'x'", 13, "a number"),
        ("metrics.a LIKE 5", 11, "one of =, !=, <, <=, >, >="),
        ("params.a > '5'", 10, "one of =, !=, LIKE"),
        ("params.a = 5", 12, "a text in single or double quotes"),
        ("params.a = 'x", 12, "a closing quote"),
        ("params.a = 'x' OR params.b = 'y'", 16, "AND between two conditions"),
        ("nonsense.a = 'x'", 1, "metrics, params, tags"),
        ("colour = 'x'", 1, "an attribute (artifact_uri"),
        ("datasets.colour = 'x'", 10, "one of name, digest, context"),
        ("metrics. > 5", 10, "a key"),
        ("metrics.a >", 12, "a number"),
        ("metrics.a", 10, "a comparison"),
        ("metrics.a IS NULL", 11, "one of ="),
        ("status IN 'x'", 11, "a list such as"),
        ("status IN ('x'", 15, "a comma or the closing bracket"),
        ("params.a LIKE 'x\\'", 15, "a lone backslash"),
        ("params.a = '\x00'", 12, "a closing quote"),
        ("params.\x00 = 'a'", 8, "stored"),
        ("metrics.a = nan", 13, "a number"),
        ("= 5", 1, "a field"),
        ("x" * 6000, 5000, "at most 5000 characters"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, at: int, expected: str) -> None:
    with pytest.raises(BadFilter) as refusal:
        read_filter(text)

    assert refusal.value.data["at"] == at
    assert expected in refusal.value.data["expected"]
    assert refusal.value.status == 400


def test_an_order_is_read() -> None:
    assert read_order(["metrics.accuracy DESC", "params.`a b`, start_time asc"]) == (
        Term(ACCURACY, descending=True),
        Term(Field(Kind.PARAM, "a b")),
        Term(Field(Kind.ATTRIBUTE, "start_time")),
    )


@pytest.mark.parametrize(
    "text",
    ["metrics.a UP", "datasets.name", "metrics.a, metrics.a", "a,b", ",".join("status " * 6), ","],
)
def test_an_order_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        read_order([text])


def test_a_column_is_named_without_quotes() -> None:
    assert read_field("metrics.a b.c") == Field(Kind.METRIC, "a b.c")
    assert read_field("attributes.Created") == Field(Kind.ATTRIBUTE, "start_time")
    for wrong in ("a", "metrics.", "datasets.name", "attributes.x", "metrics.\x00", "x.y"):
        assert read_field(wrong) is None, wrong


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    places = []
    try:
        read_filter(text)
    except BadFilter as refusal:
        places.append(refusal.data["at"])
    assert all(1 <= at <= len(text) + 1 for at in places)
