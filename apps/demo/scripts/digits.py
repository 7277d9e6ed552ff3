"""Digit reading: which of ten digits a small picture shows, on the digits data of scikit-learn."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from apps.demo.scripts.team import Job, run


def score(model: Any, rows: pd.DataFrame, truth: pd.Series) -> dict[str, float]:
    """Accuracy and the mean F1 of the ten digits."""
    answers = model.predict(rows)
    return {
        "accuracy": float(accuracy_score(truth, answers)),
        "f1_macro": float(f1_score(truth, answers, average="macro")),
    }


def job() -> Job:
    """Fourteen candidates of two kinds."""
    inputs, target = load_digits(return_X_y=True, as_frame=True)
    bayes = [
        ("bayes", {"var_smoothing": s}, GaussianNB(var_smoothing=s))
        for s in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
    ]
    linear = [
        ("logistic", {"C": c}, LogisticRegression(C=c, max_iter=300, solver="lbfgs", tol=0.01))
        for c in (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
    ]
    careless = DecisionTreeClassifier(random_state=0)
    return Job(
        "digit", "digits", inputs.astype(float), target, "pixel_4_4",
        [*bayes, *linear], score, "accuracy", careless,
    )  # fmt: skip


if __name__ == "__main__":
    run(job())
