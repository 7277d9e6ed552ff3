"""Tail probabilities against SciPy's, which the portal itself does without."""

from __future__ import annotations

import numpy as np
import pytest

from apps.monitoring.verdicts import tails

stats = pytest.importorskip("scipy.stats")


def test_the_normal_tail_is_right_far_out() -> None:
    z = np.linspace(0, 30, 301)
    expected = -(stats.norm.logsf(z) + np.log(2))
    assert np.allclose(tails.normal_surprise(z), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("marked", "drawn", "rows"), [(5, 100, 400), (60, 30, 80), (1, 1, 2)])
def test_counts_have_the_hypergeometric_tail(marked: int, drawn: int, rows: int) -> None:
    found = tails.count_surprise(marked, drawn, rows, tails.log_factorials(rows))
    exact = stats.hypergeom(rows, marked, drawn)
    for count in range(max(0, drawn + marked - rows), min(marked, drawn) + 1):
        p = min(1.0, 2 * min(exact.cdf(count), exact.sf(count - 1)))
        assert found[count] == pytest.approx(-np.log(p), abs=1e-8)
