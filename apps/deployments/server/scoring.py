"""MLflow's scoring protocol around one loaded model."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import invocations

logger = logging.getLogger(__name__)

JSON = "application/json"


class BadInput(Exception):
    """Input the model cannot score; the sentence says which part and why."""

    def __init__(self, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Model:
    """A pyfunc model and the schema of its input."""

    pyfunc: Any
    schema: Any

    def score(self, body: bytes, content_type: str) -> bytes:
        """Answer one request of MLflow's scoring protocol; `BadInput` where it does not fit."""
        try:
            answer = invocations(  # type: ignore[no-untyped-call]
                body, content_type or JSON, self.pyfunc, self.schema
            )
        except MlflowException as error:
            raise BadInput(_sentence(error)) from error
        except (UnicodeDecodeError, RecursionError, OverflowError) as error:
            raise BadInput(f"body: it cannot be read ({type(error).__name__})") from error
        if answer.status != 200:
            raise BadInput(str(answer.response), status=answer.status)
        return str(answer.response).encode()

    def warm_up(self) -> None:
        """Score the logged example once, so that the first request pays for nothing."""
        example = self.pyfunc.input_example
        if example is None:
            return
        try:
            self.pyfunc.predict(example)
        except MlflowException as error:
            logger.warning("The logged input example does not fit the model: %s", error)


def load(path: str) -> Model:
    """Load the model in a folder that MLflow wrote."""
    pyfunc = mlflow.pyfunc.load_model(path)
    return Model(pyfunc, pyfunc.metadata.get_input_schema())


def _sentence(error: MlflowException) -> str:
    """MLflow's words without the data it repeats."""
    text = str(error.message)
    _, found, reason = text.partition("Error: ")
    return (reason if found else text).strip()[:2000]
