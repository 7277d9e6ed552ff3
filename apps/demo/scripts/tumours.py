"""Tumour screening: malignant or benign, on the breast cancer data of scikit-learn."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from apps.demo.scripts.team import Job, run


def score(model: Any, rows: pd.DataFrame, truth: pd.Series) -> dict[str, float]:
    """Accuracy and F1."""
    answers = model.predict(rows)
    return {
        "accuracy": float(accuracy_score(truth, answers)),
        "f1": float(f1_score(truth, answers)),
    }


def job() -> Job:
    """Fifteen candidates of two kinds."""
    inputs, target = load_breast_cancer(return_X_y=True, as_frame=True)
    trees = [
        ("tree", {"max_depth": depth}, DecisionTreeClassifier(max_depth=depth, random_state=0))
        for depth in range(2, 9)
    ]
    linear = [
        (
            "logistic",
            {"C": c},
            make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500)),
        )
        for c in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
    ]
    careless = DecisionTreeClassifier(random_state=0)
    return Job(
        "tumour", "breast-cancer", inputs, target, "mean radius",
        [*trees, *linear], score, "accuracy", careless,
    )  # fmt: skip


if __name__ == "__main__":
    run(job())
