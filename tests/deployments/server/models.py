"""Models of every kind that the server tells apart, saved as MLflow saves them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from mlflow.types.schema import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["age", "income", "debt"]


def numbers(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    return pd.DataFrame(rng.normal(size=(rows, 3)), columns=NUMBERS)


def mixed(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(12)
    data = numbers(rows)
    data["visits"] = rng.integers(0, 9, rows)
    return data


def words(rows: int = 300) -> pd.DataFrame:
    data = mixed(rows)
    data["city"] = [("Rome", "Oslo", "Bonn")[each % 3] for each in range(rows)]
    return data


def target(data: pd.DataFrame) -> Any:
    return (data["age"] + data["income"] * data["debt"] > 0).astype(int)


class Doubles(mlflow.pyfunc.PythonModel):
    """Twice the sum of what it is given, times a factor."""

    def predict(self, context, model_input, params=None):  # annotated, it would be its signature
        factor = (params or {}).get("factor", 2.0)
        return pd.DataFrame({"twice": model_input.sum(axis=1, numeric_only=True) * factor})


class Eats(mlflow.pyfunc.PythonModel):
    """Takes as many megabytes as it is told."""

    def predict(self, context, model_input):
        size = int(model_input["megabytes"].iloc[0])
        taken = np.ones(size * 1024 * 1024 // 8)
        return np.array([float(taken[-1])] * len(model_input))


def _boost(to: str) -> None:
    data = numbers()
    model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(data, target(data))
    _save(model, to, data)


def _linear(to: str) -> None:
    data = mixed()
    _save(LinearRegression().fit(data, target(data)), to, data)


def _forest(to: str) -> None:
    data = mixed()
    model = RandomForestRegressor(8, random_state=0).fit(data, target(data))
    _save(model, to, data)


def _proba(to: str) -> None:
    data = numbers()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, target(data))
    _save(model, to, data, pyfunc_predict_fn="predict_proba")


def _pipeline(to: str) -> None:
    data = words()
    columns = ColumnTransformer(
        [("city", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"])],
        remainder="passthrough",
    )
    boost = HistGradientBoostingClassifier(max_iter=10, random_state=0)
    _save(make_pipeline(columns, boost).fit(data, target(data)), to, data)


def _matrix(to: str) -> None:
    data = numbers()
    values = data.to_numpy()
    model = RandomForestRegressor(8, random_state=0).fit(values, target(data))
    _save(model, to, values)


def _unsigned(to: str) -> None:
    data = numbers()
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(data, target(data))
    mlflow.sklearn.save_model(model, to, **PLAIN_SKLEARN)


def _custom(to: str) -> None:
    data = mixed()
    signature = infer_signature(data, pd.DataFrame({"twice": [1.0]}))
    mlflow.pyfunc.save_model(to, python_model=Doubles(), signature=signature, **PLAIN)


def _row_wise(to: str) -> None:
    data = mixed()
    signature = infer_signature(data, pd.DataFrame({"twice": [1.0]}))
    says = {"row_wise": True}
    mlflow.pyfunc.save_model(
        to, python_model=Doubles(), signature=signature, metadata=says, **PLAIN
    )


def _params(to: str) -> None:
    data = mixed()
    signature = infer_signature(data, pd.DataFrame({"twice": [1.0]}))
    signature.params = ParamSchema([ParamSpec("factor", DataType.double, 2.0)])
    mlflow.pyfunc.save_model(to, python_model=Doubles(), signature=signature, **PLAIN)


def _eats(to: str) -> None:
    signature = infer_signature(pd.DataFrame({"megabytes": [1]}), np.array([1.0]))
    mlflow.pyfunc.save_model(to, python_model=Eats(), signature=signature, **PLAIN)


def _optional(to: str) -> None:
    data = numbers()
    signature = infer_signature(data, pd.DataFrame({"twice": [1.0]}))
    optional = ColSpec(DataType.double, "bonus", required=False)
    signature.inputs = Schema([*signature.inputs.inputs, optional])
    mlflow.pyfunc.save_model(to, python_model=Doubles(), signature=signature, **PLAIN)


# Named, so that MLflow does not load the model once more to find out.
PLAIN: dict[str, Any] = {"pip_requirements": ["mlflow"]}
PLAIN_SKLEARN: dict[str, Any] = {**PLAIN, "serialization_format": "cloudpickle"}

KINDS: dict[str, Callable[[str], None]] = {
    "boost": _boost,
    "linear": _linear,
    "forest": _forest,
    "proba": _proba,
    "pipeline": _pipeline,
    "matrix": _matrix,
    "unsigned": _unsigned,
    "custom": _custom,
    "row_wise": _row_wise,
    "params": _params,
    "optional": _optional,
    "eats": _eats,
}


def _save(model: Any, to: str, data: Any, **more: Any) -> None:
    signature = infer_signature(data, model.predict(data))
    mlflow.sklearn.save_model(model, to, signature=signature, **PLAIN_SKLEARN, **more)


def save(kind: str, to: Path) -> Path:
    """The folder of a model of this kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        KINDS[kind](str(to))
    return to
