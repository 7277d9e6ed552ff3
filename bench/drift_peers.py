"""What other libraries do with the same two Parquet files, as whole processes; each needs a Python that has it.

Each is given as much as it needs for a verdict per column: whylogs profiles and scores, NannyML its univariate
calculator, alibi-detect its tabular test, for which missing values and categories become numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

EVIDENTLY = """
import sys, pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
a, b = map(pd.read_parquet, sys.argv[1:])
print(len(Report([DataDriftPreset()]).run(b, a).json()))
"""
WHYLOGS = """
import sys, pandas as pd, whylogs
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores
a, b = (whylogs.log(pd.read_parquet(path)).view() for path in sys.argv[1:])
print(len(calculate_drift_scores(target_view=b, reference_view=a, with_thresholds=True)))
"""
NANNYML = """
import sys, pandas as pd, nannyml
a, b = map(pd.read_parquet, sys.argv[1:])
words = list(a.select_dtypes(exclude="number"))
ask = nannyml.UnivariateDriftCalculator(
    column_names=list(a), treat_as_categorical=words, chunk_number=1,
    continuous_methods=["kolmogorov_smirnov"], categorical_methods=["chi2"])
print(len(ask.fit(a).calculate(b).to_df()))
"""
ALIBI = """
import sys, numpy as np, pandas as pd
from alibi_detect.cd import TabularDrift
a, b = map(pd.read_parquet, sys.argv[1:])
words = list(a.select_dtypes(exclude="number"))
for name in words:
    kind = pd.CategoricalDtype(sorted(set(a[name]) | set(b[name])))
    a[name], b[name] = (each[name].astype(kind).cat.codes for each in (a, b))
known = {list(a).index(name): None for name in words}
x, y = (each.fillna(0).to_numpy(np.float32) for each in (a, b))
print(len(TabularDrift(x, p_val=0.05, categories_per_feature=known).predict(y, drift_type="feature")["data"]))
"""
PEERS = {
    "evidently": ("BENCH_DRIFT_PEER", EVIDENTLY),
    "whylogs": ("BENCH_DRIFT_WHYLOGS", WHYLOGS),
    "NannyML": ("BENCH_DRIFT_NANNYML", NANNYML),
    "alibi-detect": ("BENCH_DRIFT_ALIBI", ALIBI),
}


def commands(files: list[str]) -> Iterator[tuple[str, list[str]]]:
    """By name, the command of each library whose Python the environment names."""
    for name, (variable, script) in PEERS.items():
        if python := os.environ.get(variable):
            yield name, [python, "-W", "ignore", "-c", script, *files]
