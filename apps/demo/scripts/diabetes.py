"""Diabetes outlook: the progression within a year, on the diabetes data of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.tree import DecisionTreeRegressor

from apps.demo.scripts.team import Job, run


def score(model: Any, rows: pd.DataFrame, truth: pd.Series) -> dict[str, float]:
    """Errors in points of the progression scale, and the share explained."""
    answers = model.predict(rows)
    return {
        "mae": float(mean_absolute_error(truth, answers)),
        "rmse": float(np.sqrt(mean_squared_error(truth, answers))),
        "r2": float(r2_score(truth, answers)),
    }


def job() -> Job:
    """Fourteen candidates of two kinds."""
    inputs, target = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    inputs = inputs.astype(float)
    lasso = [("lasso", {"alpha": a}, Lasso(alpha=a)) for a in (0.01, 0.03, 0.1, 0.3, 1, 2, 4)]
    ridge = [("ridge", {"alpha": a}, Ridge(alpha=a)) for a in (0.01, 0.1, 1, 10, 30, 100, 300)]
    careless = DecisionTreeRegressor(random_state=0)
    return Job(
        "progression", "diabetes", inputs, target, "bmi",
        [*lasso, *ridge], score, "mae", careless,
    )  # fmt: skip


if __name__ == "__main__":
    run(job())
