"""Filters over the database find what plain Python finds, whatever the runs logged."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.models.models import Run
from apps.models.search.grammar import FOR_NUMBERS, FOR_TEXT, LOOSE, read_filter
from apps.models.search.matching import matching
from apps.models.search.tree import ATTRIBUTES, DATASET_KEYS, Comparison, Field, Kind, Op
from tests.base import Cast
from tests.models.search.base import fulfils, store, told

KEYS = st.sampled_from(["a", "b c", "0", "it's", "%"])
TEXTS = st.sampled_from(["", "x", "X", "xy", "x%y", "a_b", "a\\b", "ß", "5", "'", '"', "0"])
NUMBERS = st.sampled_from([0.0, -1.5, 0.5, 1e300, 3.0])
LOGGED_NUMBERS = NUMBERS | st.sampled_from(["NaN", "Infinity", "-Infinity"])
TIMES = st.sampled_from([1, 1_700_000_000_000, 1_700_000_000_001])
RUNS = st.fixed_dictionaries(
    {
        "params": st.dictionaries(KEYS, TEXTS, max_size=3),
        "tags": st.dictionaries(KEYS | st.just("mlflow.user"), TEXTS, max_size=3),
        "metrics": st.dictionaries(KEYS, LOGGED_NUMBERS, max_size=3),
        "name": TEXTS,
        "status": st.sampled_from(["FINISHED", "FAILED", "RUNNING"]),
        "start": TIMES,
        "end": st.none() | TIMES,
        "datasets": st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=2),
    }
)
FIELDS = st.one_of(
    st.builds(Field, st.sampled_from([Kind.METRIC, Kind.PARAM, Kind.TAG]), KEYS),
    st.builds(Field, st.just(Kind.ATTRIBUTE), st.sampled_from(sorted(set(ATTRIBUTES.values())))),
    st.builds(Field, st.just(Kind.DATASET), st.sampled_from(DATASET_KEYS)),
)


@st.composite
def clauses(draw: Any) -> Comparison:
    field = draw(FIELDS)
    if field.numeric:
        value = draw(TIMES.map(float) if field.kind is Kind.ATTRIBUTE else NUMBERS)
        return Comparison(field, draw(st.sampled_from(sorted(FOR_NUMBERS))), value)
    allowed = FOR_TEXT | ({Op.MISSING, Op.PRESENT} if field.kind in LOOSE else set())
    op = draw(st.sampled_from(sorted(allowed)))
    if op in {Op.MISSING, Op.PRESENT}:
        return Comparison(field, op)
    if op in {Op.IN, Op.NOT_IN}:
        return Comparison(field, op, tuple(draw(st.lists(TEXTS, min_size=1, max_size=3))))
    return Comparison(field, op, draw(TEXTS))


def written(clause: Comparison) -> str:
    """The clause as somebody would write it."""
    key = clause.field.key.replace('"', '""')
    field = f'{clause.field.kind}."{key}"'
    if clause.value is None:
        return f"{field} {clause.op}"
    if isinstance(clause.value, tuple):
        return f"{field} {clause.op} ({', '.join(_quoted(each) for each in clause.value)})"
    value = _quoted(clause.value) if isinstance(clause.value, str) else repr(clause.value)
    return f"{field} {clause.op} {value}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


class MatchingTests(Cast, TestCase):
    def setUp(self) -> None:
        self.enter()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(RUNS, min_size=1, max_size=6), st.lists(clauses(), min_size=1, max_size=8))
    def test_it_finds_what_plain_python_finds(
        self, logged: list[dict[str, Any]], asked: list[Comparison]
    ) -> None:
        Run.objects.all().delete()
        stored = store(self.fraud, [told(n, **each) for n, each in enumerate(logged, 1)])
        for clause in asked:
            self.assertEqual(read_filter(written(clause)), (clause,))
            found = set(matching(Run.objects.all(), [clause]).values_list("pk", flat=True))
            wanted = {run.pk for run in stored if fulfils(run, clause)}
            self.assertEqual(found, wanted, written(clause))
        found = set(matching(Run.objects.all(), asked[:3]).values_list("pk", flat=True))
        wanted = {run.pk for run in stored if all(fulfils(run, each) for each in asked[:3])}
        self.assertEqual(found, wanted)
