"""One loaded model, and how requests are scored: together where that changes no answer, else one by one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mlflow.pyfunc
import numpy as np
from mlflow.exceptions import MlflowException

from apps.deployments.server.answers import OUT_OF_MEMORY, Answer, Asked, BadInput, Question
from apps.deployments.server.estimators import is_row_wise, takes_arrays
from apps.deployments.server.plan import Plan, compile_plan

try:
    import sklearn
except ImportError:  # a model of another kind in an environment of its own
    sklearn = None

logger = logging.getLogger(__name__)

Placed = tuple[int, Asked, Question]
ROW_WISE = "row_wise"  # what a model may say of itself in its metadata
INFINITE_AS_FLOAT32 = (2 - 2**-24) * 2.0**127  # from half a step above its largest number on


@dataclass(frozen=True, slots=True)
class Model:
    """A pyfunc model, its plan if its signature allows one, and what to call with what the plan builds."""

    pyfunc: Any
    plan: Plan | None
    call: Callable[[Any], Any]
    merges: bool
    most_rows: int = 256

    @property
    def schema(self) -> Any:
        return self.pyfunc.metadata.get_input_schema()

    @property
    def params_schema(self) -> Any:
        return self.pyfunc.metadata.get_params_schema()

    @property
    def output_names(self) -> list[str]:
        """The names of what it predicts, where its signature has any."""
        schema = self.pyfunc.metadata.get_output_schema()
        return list(schema.input_names()) if schema is not None and schema.has_input_names() else []

    def score(self, asked: Sequence[Asked]) -> list[Answer]:
        """An answer to each; never raises for anything that a client can send."""
        answers: dict[int, Answer] = {}
        together: list[Placed] = []
        for place, one in enumerate(asked):
            try:
                question = one.door.read(one.request)
            except Exception as error:  # noqa: BLE001  readers of other people's bytes: each is an answer
                answers[place] = one.door.refuse(as_bad_input(error))
                continue
            if question.rows is None:
                answers[place] = _alone(one, question)
            else:
                together.append((place, one, question))
        for group in self._groups(together):
            answers.update(self._together(group))
        return [answers[place] for place in range(len(asked))]

    def _groups(self, placed: list[Placed]) -> Iterator[list[Placed]]:
        """As many as may be scored together: by rows where the model merges, else each for itself."""
        group: list[Placed] = []
        rows = 0
        for one in placed:
            count = len(one[2].rows)
            if group and (not self.merges or rows + count > self.most_rows):
                yield group
                group, rows = [], 0
            group.append(one)
            rows += count
        if group:
            yield group

    def _together(self, group: list[Placed]) -> dict[int, Answer]:
        assert self.plan is not None
        count = sum(len(question.rows) for _, _, question in group)
        try:
            predictions = self.call(self.plan.join([question.rows for _, _, question in group]))
            if len(predictions) != count:
                raise ValueError("not one prediction for each row")
            return dict(_written(group, predictions))
        except Exception:  # noqa: BLE001  one request may spoil the others: each is asked for itself
            return {place: _alone(one, question) for place, one, question in group}

    def warm_up(self) -> None:
        """Score the logged example once, so that the first request pays for nothing."""
        example = self.pyfunc.input_example
        if example is None:
            return
        try:
            self.pyfunc.predict(example)
        except MlflowException as error:
            logger.warning("The logged input example does not fit the model: %s", error)


def _written(group: list[Placed], predictions: Any) -> Iterator[tuple[int, Answer]]:
    begin = 0
    frame = hasattr(predictions, "iloc")
    for place, _, question in group:
        end = begin + len(question.rows)
        assert question.write is not None
        part = predictions.iloc[begin:end] if frame else predictions[begin:end]
        yield place, question.write(part)
        begin = end


def _alone(asked: Asked, question: Question) -> Answer:
    try:
        return question.alone()
    except Exception as error:  # noqa: BLE001  the model is foreign code: what it raises is an answer
        return asked.door.refuse(as_bad_input(error))


def load(path: str, *, most_rows: int = 256) -> Model:
    """Load the model in a folder that MLflow wrote."""
    pyfunc = mlflow.pyfunc.load_model(path)
    estimator, predict = _estimator(pyfunc)
    plain = estimator is not None and takes_arrays(estimator)
    plan = _plan(pyfunc, arrays=plain, known=estimator is not None)
    merges = (estimator is not None and is_row_wise(estimator)) or _says_row_wise(pyfunc)
    call = _checked_call(predict) if plan and plan.array is not None else pyfunc.predict
    return Model(pyfunc, plan, call, merges, most_rows)


def _plan(pyfunc: Any, *, arrays: bool, known: bool) -> Plan | None:
    """The plan of scikit-learn's models, and of others that say of themselves that rows are independent."""
    metadata = pyfunc.metadata
    if metadata.get_params_schema() is not None or not (known or _says_row_wise(pyfunc)):
        return None
    if metadata._is_signature_from_type_hint() or metadata._is_type_hint_from_example():
        return None
    return compile_plan(metadata.get_input_schema(), arrays=arrays)


def _says_row_wise(pyfunc: Any) -> bool:
    return (pyfunc.metadata.metadata or {}).get(ROW_WISE) is True


def _estimator(pyfunc: Any) -> tuple[Any, Callable[[Any], Any]]:
    """scikit-learn's own object behind the plain sklearn flavour, and the method that MLflow would call."""
    if pyfunc.loader_module != "mlflow.sklearn":
        return None, pyfunc.predict
    estimator = pyfunc.get_raw_model()
    name = pyfunc.metadata.flavors["python_function"].get("predict_fn", "predict")
    return (estimator, getattr(estimator, name)) if name != "score" else (None, pyfunc.predict)


def _checked_call(predict: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Call the estimator without a second look for NaN and infinity where a first one found none.

    Trees look again after the cast to 32 bits, where a large number becomes infinity; so this look knows it too.
    """

    def call(array: Any) -> Any:
        finite = array.dtype.kind != "f" or bool((np.abs(array) < INFINITE_AS_FLOAT32).all())
        with sklearn.config_context(assume_finite=finite):
            return predict(array)

    return call


def as_bad_input(error: BaseException) -> BadInput:
    """What went wrong as one sentence for whoever asked."""
    if isinstance(error, BadInput):
        return error
    if _ran_out_of_memory(error):
        sentence = "This request needs more memory than the model server may use; send fewer rows."
        return BadInput(sentence, status=OUT_OF_MEMORY)
    if isinstance(error, MlflowException):
        return BadInput(sentence_of(error))
    return BadInput(f"The model cannot score this: {type(error).__name__}: {str(error)[:1000]}")


def _ran_out_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def sentence_of(error: MlflowException) -> str:
    """MLflow's words without the data it repeats, and the model's own where it only says that they failed."""
    text = str(error.message)
    if text.startswith("Encountered an unexpected error"):
        cause = error.__cause__ or error.__context__
        return f"The model cannot score this: {type(cause).__name__}: {str(cause)[:1000]}"
    _, found, reason = text.rpartition("Error: ")
    return (reason if found else text).strip()[:2000]
