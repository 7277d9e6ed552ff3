"""Rows as columns: what goes in comes out, whatever the types."""

from __future__ import annotations

import pyarrow as pa
import pytest

from apps.predictions import columns, joining
from apps.predictions.rows import Row

ROWS = [
    Row("a", 1000.25, {"x": 1.5, "city": "Bern"}, {"score": 0.1}, "2", 7),
    Row("b", 1001.000001, {"x": None, "city": "Chur"}, {"score": 1}, "3", None, None, True),
]


def test_rows_survive_columns() -> None:
    table = columns.unpacked(columns.packed(columns.of_rows(ROWS)))
    assert columns.to_rows(table) == ROWS
    assert table.schema.field("inputs.x").type == pa.float64()


@pytest.mark.parametrize("values", [[1, "a", None], [True, 1, 2.5], [2**63, "x"], ["1", 1]])
def test_several_types_in_one_column_survive(values: list[object]) -> None:
    rows = [Row(str(n), float(n), {"v": value}) for n, value in enumerate(values)]  # type: ignore[dict-item]
    table = columns.of_rows(rows)
    assert columns.to_rows(table) == rows
    again = columns.joined([table, columns.of_rows(ROWS)])
    assert columns.to_rows(again)[0].inputs["v"] == values[0]
    plain = columns.joined([table], plain=True)
    assert plain.schema.field("inputs.v").type == pa.string()


def test_tables_of_other_types_become_one() -> None:
    whole = columns.of_rows([Row("a", 1.0, {"v": 1, "only": True})])
    part = columns.of_rows([Row("b", 2.0, {"v": 2.5})])
    text = columns.of_rows([Row("c", 3.0, {"v": "three"})])
    both = columns.joined([whole, part])
    assert both.column("inputs.v").to_pylist() == [1.0, 2.5]
    assert both.column("inputs.only").to_pylist() == [True, None]
    every = columns.joined([whole, part, text])
    assert [row.inputs["v"] for row in columns.to_rows(every)] == [1, 2.5, "three"]
    assert columns.joined([whole, text], plain=True).column("inputs.v").to_pylist() == [
        "1",
        "three",
    ]
    assert columns.joined([]).num_rows == 0


def test_the_later_truth_wins_field_by_field() -> None:
    told = [
        Row("a", 3.0, truth={"paid": True}),
        Row("a", 1.0, truth={"paid": False, "amount": 10}),
        Row("b", 2.0, truth=1),
        Row("b", 5.0, truth=0),
    ]
    assert joining.latest(told) == {"a": {"amount": 10, "paid": True}, "b": 0}
    found = joining.with_truth(
        columns.of_rows([Row(key, 0.0) for key in "abc"]), [columns.of_rows([row]) for row in told]
    )
    assert found.column("truth").to_pylist() == [None, 0, None]
    assert found.column("truth.paid").to_pylist() == [True, None, None]
    assert found.column("truth.amount").to_pylist() == [10, None, None]
