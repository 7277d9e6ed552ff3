"""A monitor's looks share one baseline, and still keep to the rate of a year."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.monitoring.verdicts.budget import per_look
from bench.year import CHANGES, labelled, looks


def test_a_year_of_looks_shares_one_percent() -> None:
    assert per_look(3600) * 8760 == pytest.approx(0.01)
    assert per_look(60) * 365 * 24 * 60 == pytest.approx(0.01)
    assert per_look(10**9) == 0.01


def test_p_values_of_looks_at_unchanged_rows_are_not_small() -> None:
    found = [p for seed in range(100, 110) for p in looks(seed, 10)]
    assert sum(p <= 0.05 for p in found) <= 13  # 5 expected; more than 13 once in a thousand
    assert min(found) > per_look(3600)


@pytest.mark.parametrize("change", CHANGES)
def test_at_the_rate_of_a_year_what_changed_is_noticed(change: str) -> None:
    found = looks(7, 4, change=change)
    assert max(found) <= per_look(3600), found


def test_labelled_cases_are_counted_by_kind(tmp_path: Path) -> None:
    truths = {
        "calm": {"drift": False, "kind": "none", "where": "none"},
        "far": {"drift": True, "kind": "offset", "where": "marginal"},
        "prior": {"drift": True, "kind": "prior", "where": "marginal"},
    }
    (tmp_path / "cases").mkdir()
    for name, shift in (("calm", 0), ("far", 500), ("prior", 0)):
        rows = [
            f"{n * 37 % 101 + shift * part},{side}"
            for part, side in enumerate(("ref", "cur"))
            for n in range(101)
        ]
        data = "\n".join(["income,__window__", *rows]).encode()
        (tmp_path / "cases" / f"{name}.csv.gz").write_bytes(gzip.compress(data))
    lines = [json.dumps({"id": name, "truth": truth}) for name, truth in truths.items()]
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    with ThreadPoolExecutor(1) as pool:
        found = labelled(tmp_path, pool)
    assert found == {"none": (0, 1), "offset": (1, 1), "marginal": (1, 1), "prior": (0, 1)}
