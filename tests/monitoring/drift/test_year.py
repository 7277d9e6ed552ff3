"""A monitor's looks share one baseline, and still keep to the rate of a year."""

from __future__ import annotations

import pytest

from apps.monitoring.verdicts.budget import per_look
from bench.drift import looks


def test_a_year_of_looks_shares_one_percent() -> None:
    assert per_look(3600) * 8760 == pytest.approx(0.01)
    assert per_look(60) * 365 * 24 * 60 == pytest.approx(0.01)
    assert per_look(10**9) == 0.01


def test_p_values_of_looks_at_unchanged_rows_are_not_small() -> None:
    found = [p for seed in range(100, 110) for p in looks(seed, 10)]
    assert sum(p <= 0.05 for p in found) <= 13  # 5 expected; more than 13 once in a thousand
    assert min(found) > per_look(3600)
