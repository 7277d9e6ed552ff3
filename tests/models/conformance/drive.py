"""Runs every check with the unchanged client in this process, and prints what each said."""

from __future__ import annotations

import inspect
import json
import traceback
from collections.abc import Callable, Iterator
from types import ModuleType

from mlflow import MlflowClient

from tests.models.conformance import (
    artifacts,
    datasets,
    experiments,
    fluent,
    logged_models,
    prompts,
    registry,
    runs,
    traces,
)

PARTS = (experiments, runs, artifacts, registry, logged_models, traces, datasets, prompts, fluent)


def checks(part: ModuleType) -> Iterator[Callable[[MlflowClient], None]]:
    for name, found in vars(part).items():
        if inspect.isfunction(found) and found.__module__ == part.__name__ and name[0] != "_":
            yield found


def outcome(check: Callable[[MlflowClient], None]) -> str:
    """Empty where all was well."""
    try:
        check(MlflowClient())
    except Exception:
        return traceback.format_exc()[-1500:]
    return ""


if __name__ == "__main__":
    verbs = [name for name in dir(MlflowClient) if name[0] != "_" and name != "tracking_uri"]
    said = {check.__name__: outcome(check) for part in PARTS for check in checks(part)}
    print(json.dumps({"verbs": verbs, "said": said}))
