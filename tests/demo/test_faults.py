"""What a fault does to the rows."""

from __future__ import annotations

from apps.demo.choices import Fault
from apps.demo.faults import Rows, choose, distort

ROWS = Rows(["a", "b"], [[float(n), 1.0] for n in range(100)], [0] * 100, list(range(70, 100)))


def test_calm_traffic_sends_every_row_once_a_round() -> None:
    first = [
        n
        for start in range(0, 100, 5)
        for n in choose(ROWS, start=start, count=5, is_shifted=False)
    ]
    second = [
        n
        for start in range(100, 200, 5)
        for n in choose(ROWS, start=start, count=5, is_shifted=False)
    ]
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second


def test_a_shift_draws_mostly_from_the_sub_population() -> None:
    drawn = [
        n
        for start in range(0, 1000, 5)
        for n in choose(ROWS, start=start, count=5, is_shifted=True)
    ]
    share = sum(n >= 70 for n in drawn) / len(drawn)
    assert 0.75 < share < 0.85
    assert any(n < 70 for n in drawn)


def test_a_unit_and_a_broken_feature_touch_their_own_column_alone() -> None:
    told = distort(Fault.UNITS, [[2.0, 3.0]], columns=ROWS.columns, column="b")
    assert told == [[2.0, 30.0]]
    assert distort(Fault.BROKEN, [[2.0, 3.0]], columns=ROWS.columns, column="a") == [[0.0, 3.0]]
