"""Columns of any Arrow type on either side are compared or have a reason; nothing breaks."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from apps.monitoring.profiling import of_table
from apps.monitoring.verdicts.compare import Options, compare
from apps.monitoring.verdicts.html import page

ROWS = 60
KINDS = {
    "bool": pa.array([True, False] * 30),
    "decimal": pa.array([Decimal(n) for n in range(ROWS)]),
    "unsigned": pa.array([2**64 - 1] * ROWS, pa.uint64()),
    "huge": pa.array([1e308 * (-1) ** n for n in range(ROWS)]),
    "infinite": pa.array([float("-inf"), float("inf")] * 30),
    "null": pa.nulls(ROWS),
    "names": pa.array(["\x00", ""] * 30).dictionary_encode(),
    "texts": pa.array([None] * (ROWS - 1) + ["a long text of many words"]),
    "ragged": pa.array([[1.0] * (n % 4) for n in range(ROWS)]),
    "no vectors": pa.array([None] * ROWS, pa.list_(pa.float64())),
    "struct": pa.array([{"a": 1}] * ROWS),
    "binary": pa.array([b"x"] * ROWS),
    "date": pa.array([0] * ROWS, pa.date32()),
    "view": pa.array(["q"] * ROWS, pa.string_view()),
}


@pytest.mark.parametrize("one", KINDS)
def test_any_two_types_can_be_compared(one: str) -> None:
    other = pa.array(np.arange(ROWS, dtype=float))
    for kind in KINDS.values():
        then = of_table(pa.table({"c": KINDS[one], "n": other}))
        now = of_table(pa.table({"c": kind, "n": other}))
        report = compare(then, now, Options(exact=False))
        json.dumps(report.as_json(), allow_nan=False)
        assert page(report, then, now)
        profiles = then.merged(now).profiles()
        json.dumps([each.packed() for each in profiles], allow_nan=False)
        if kind is KINDS[one]:
            assert not report.drift
