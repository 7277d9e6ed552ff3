"""Runs every check with the unchanged client in this process, and prints what each said."""

from __future__ import annotations

import inspect
import json
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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

TOGETHER = (experiments, runs, artifacts, registry, logged_models, datasets, prompts)
# These use what the client keeps for its whole process: the experiment, the run, the last trace.
ALONE = (traces, fluent)
AT_ONCE = 3


def checks(part: ModuleType) -> Iterator[Callable[[MlflowClient], None]]:
    for name, found in list(vars(part).items()):
        if inspect.isfunction(found) and found.__module__ == part.__name__ and name[0] != "_":
            yield found


def outcome(check: Callable[[MlflowClient], None]) -> str:
    """Empty where all was well."""
    try:
        check(MlflowClient())
    except Exception:  # noqa: BLE001  # whatever a check raises is what it says
        return traceback.format_exc()[-1500:]
    return ""


if __name__ == "__main__":
    verbs = [name for name in dir(MlflowClient) if name[0] != "_" and name != "tracking_uri"]
    together = [check for part in TOGETHER for check in checks(part)]
    alone = [check for part in ALONE for check in checks(part)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = [*pool.map(outcome, together), *map(outcome, alone)]
    names = [check.__name__ for check in (*together, *alone)]
    said = dict(zip(names, outcomes, strict=True))
    print(json.dumps({"verbs": verbs, "said": said}))
