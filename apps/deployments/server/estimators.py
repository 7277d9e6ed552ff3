"""What is known of scikit-learn's own estimators, so that their answers stay those of MLflow to the last bit.

Two questions. Does an estimator do the same with a plain array as with a frame of the same numbers? And is the
answer to one row the same bits, whichever rows stand beside it? Trees answer yes to the second. Linear algebra
does not: the last bits of a product depend on the shape of the matrix.
"""

from __future__ import annotations

from typing import Any

TREES = {
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
    "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
    "GradientBoostingClassifier", "GradientBoostingRegressor",
    "HistGradientBoostingClassifier", "HistGradientBoostingRegressor",
    "DummyClassifier", "DummyRegressor",
}  # fmt: skip
PER_VALUE = {
    "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer", "Binarizer",
    "OrdinalEncoder", "OneHotEncoder",
}  # fmt: skip
OF_ROWS = {
    "LinearRegression", "Ridge", "RidgeCV", "RidgeClassifier", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV",
    "BayesianRidge", "HuberRegressor", "PoissonRegressor", "GammaRegressor", "TweedieRegressor", "Lars", "LassoLars",
    "LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "SGDRegressor", "Perceptron",
    "LinearSVC", "LinearSVR", "SVC", "SVR", "NuSVC", "NuSVR",
    "KNeighborsClassifier", "KNeighborsRegressor", "GaussianNB", "BernoulliNB", "MultinomialNB",
    "MLPClassifier", "MLPRegressor", "KMeans", "MiniBatchKMeans",
}  # fmt: skip


def takes_arrays(estimator: Any) -> bool:
    """Whether a plain array of the same numbers gives the same answer as a frame."""
    if _name(estimator) == "Pipeline":
        return all(takes_arrays(step) for step in _steps(estimator))
    if hasattr(estimator, "_sklearn_output_config"):  # somebody asked it for frames
        return False
    if getattr(estimator, "is_categorical_", None) is not None:  # it looks at a column's type
        return False
    return _name(estimator) in TREES | PER_VALUE | OF_ROWS


def is_row_wise(estimator: Any) -> bool:
    """Whether a row's answer is the same to the last bit in whatever company."""
    name = _name(estimator)
    if name == "Pipeline":
        return all(is_row_wise(step) for step in _steps(estimator))
    if name == "ColumnTransformer":
        return all(_passes(step) or is_row_wise(step) for _, step, _ in estimator.transformers_)
    return name in TREES | PER_VALUE


def _name(estimator: Any) -> str:
    """The name of scikit-learn's own class; nothing for anybody else's, subclasses included."""
    kind = type(estimator)
    return kind.__name__ if kind.__module__.startswith("sklearn.") else ""


def _passes(step: Any) -> bool:
    if isinstance(step, str):
        return step in {"drop", "passthrough"}
    return _name(step) == "FunctionTransformer" and step.func is None


def _steps(pipeline: Any) -> list[Any]:
    return [step for _, step in pipeline.steps if step is not None and step != "passthrough"]
