"""A team's own script: the unchanged MLflow client, a bundled data set, twenty runs, two versions."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "tumour"


def candidates() -> list[tuple[str, dict[str, float], object]]:
    """Twenty models with their parameters."""
    found: list[tuple[str, dict[str, float], object]] = []
    for c in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=500))
        found.append(("logistic", {"C": c}, model))
    for depth in range(1, 11):
        forest = RandomForestClassifier(n_estimators=10, max_depth=depth, random_state=0)
        found.append(("forest", {"max_depth": depth}, forest))
    return found


def log_training_data(inputs: pd.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.csv"
        inputs.to_csv(path, index=False)
        mlflow.log_artifact(str(path), "training")


def main() -> None:
    """Train, log, and register the best of each kind."""
    mlflow.set_experiment("tumours")
    inputs, target = load_breast_cancer(return_X_y=True, as_frame=True)
    train, test, labels, truth = train_test_split(inputs, target, random_state=0)
    dataset = mlflow.data.from_pandas(train, name="breast-cancer")
    best: dict[str, tuple[float, str]] = {}
    for kind, params, model in candidates():
        with mlflow.start_run(run_name=f"{kind} {params}") as run:
            model.fit(train, labels)  # type: ignore[attr-defined]
            score = accuracy_score(truth, model.predict(test))  # type: ignore[attr-defined]
            mlflow.log_params({"kind": kind, **params})
            mlflow.log_metric("accuracy", float(score))
            mlflow.log_input(dataset, context="training")
            log_training_data(train)
            if score > best.get(kind, (0.0, ""))[0]:
                signature = mlflow.models.infer_signature(train, model.predict(train))  # type: ignore[attr-defined]
                logged = mlflow.sklearn.log_model(
                    model,
                    name="model",
                    signature=signature,
                    pip_requirements=["scikit-learn"],
                    serialization_format="cloudpickle",
                )
                best[kind] = (float(score), logged.model_uri)
            assert run.info.run_id
    for kind in ("logistic", "forest"):
        mlflow.register_model(best[kind][1], MODEL)
    sys.stdout.write("trained\n")


if __name__ == "__main__":
    main()
