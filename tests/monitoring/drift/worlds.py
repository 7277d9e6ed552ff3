"""Windows to compare, with a known truth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from apps.monitoring.profiling import Summary, of_table


def table(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Mixed columns: two follow from each other, one is heavy-tailed, one rounded, one a name."""
    draw = np.random.default_rng(seed)
    income = draw.normal(size=rows)
    return {
        "income": income,
        "spent": income + 0.3 * draw.normal(size=rows),
        "tail": draw.standard_t(2, size=rows),
        "age": draw.integers(18, 90, rows).astype(float),
        "city": np.array(["ulm", "bonn", "kiel", "jena"])[draw.integers(0, 4, rows)],
        "y": (income + draw.normal(size=rows) > 0).astype(float),
    }


def summary(columns: dict[str, object]) -> Summary:
    """Sum up columns of Python or NumPy values; NaN is missing."""
    arrays = {
        name: values if isinstance(values, pa.Array) else pa.array(values)
        for name, values in columns.items()
    }
    return of_table(pa.table(arrays))
