"""MLflow's registry and runs in memory, speaking as much of its REST as the portal asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from apps.models.errors import MlflowAway, MlflowRefused
from apps.models.upstream import Upstream

Json = dict[str, Any]


class Absent(Exception):
    """What MLflow answers with RESOURCE_DOES_NOT_EXIST."""


class FakeMlflow:
    """One workspace. What a test does to it directly happens behind the portal's back."""

    def __init__(self) -> None:
        self.models: dict[str, Json] = {}
        self.runs: dict[str, Json] = {}
        self.experiments: dict[str, Json] = {}
        self.away = False
        self.asked: list[tuple[str, str]] = []

    # What somebody with MLflow's address may do

    def register(self, name: str, versions: int = 1, *, prompt: bool = False) -> None:
        model = self.models.setdefault(name, {"versions": {}, "aliases": {}, "prompt": prompt})
        for number in range(1, versions + 1):
            model["versions"][number] = {"stage": "None"}

    def set_alias(self, name: str, alias: str, number: int) -> None:
        if number not in self._model(name)["versions"]:
            raise Absent
        self._model(name)["aliases"][alias] = number

    def drop_alias(self, name: str, alias: str) -> None:
        self._model(name)["aliases"].pop(alias, None)

    def set_stage(self, name: str, number: int, stage: str) -> None:
        self._version(name, number)["stage"] = stage

    def delete_version(self, name: str, number: int) -> None:
        model = self._model(name)
        del model["versions"][number]
        model["aliases"] = {each: at for each, at in model["aliases"].items() if at != number}

    def delete_model(self, name: str) -> None:
        del self.models[name]

    def log_run(self, run_id: str, **metrics: float) -> None:
        self.experiments.setdefault("1", {"experiment_id": "1", "name": "first"})
        info = {"run_id": run_id, "experiment_id": "1", "status": "FINISHED", "start_time": 1000}
        told = [{"key": key, "value": value, "timestamp": 1} for key, value in metrics.items()]
        self.runs[run_id] = {"info": {**info, "end_time": 2000}, "data": {"metrics": told}}

    # What the portal asks

    @contextmanager
    def installed(self) -> Iterator[FakeMlflow]:
        """Answer the portal in place of a server."""

        def ask(upstream: Upstream, method: str, path: str, **options: Any) -> Json:
            if self.away:
                raise MlflowAway
            given = {**options.get("params", {}), **options.get("json", {})}
            try:
                return self.answer(method, path, given)
            except Absent:
                raise MlflowRefused(answered="RESOURCE_DOES_NOT_EXIST", reason="absent") from None

        with patch.object(Upstream, "_ask", ask):
            yield self

    def answer(self, method: str, path: str, given: Json) -> Json:
        """One of MLflow's answers; `Absent` for its 404."""
        self.asked.append((method, path))
        resource = path.removeprefix("2.0/mlflow/")
        verb = f"{method.lower()}_{resource}".replace("/", "_").replace("-", "_")
        told: Json = getattr(self, f"_{verb}")(given)
        return told

    def _get_experiments_search(self, given: Json) -> Json:
        return {"experiments": list(self.experiments.values())}

    def _get_experiments_get(self, given: Json) -> Json:
        return {"experiment": self._found(self.experiments, given["experiment_id"])}

    def _post_runs_search(self, given: Json) -> Json:
        words = given.get("filter", "")
        if "run_id IN" in words:
            found = [run for key, run in self.runs.items() if f"'{key}'" in words]
            return {"runs": found}
        return {"runs": [] if words else list(self.runs.values())}

    def _get_runs_get(self, given: Json) -> Json:
        return {"run": self._found(self.runs, given["run_id"])}

    def _get_registered_models_search(self, given: Json) -> Json:
        return {"registered_models": [self._told(name) for name in self._listed(given)]}

    def _listed(self, given: Json) -> list[str]:
        """As MLflow: prompts only where they are asked for, and then nothing else."""
        wanted = "mlflow.prompt.is_prompt" in given.get("filter", "")
        return [name for name, model in self.models.items() if model["prompt"] == wanted]

    def _get_registered_models_get(self, given: Json) -> Json:
        self._model(given["name"])
        return {"registered_model": self._told(given["name"])}

    def _get_model_versions_search(self, given: Json) -> Json:
        every = [
            (name, number)
            for name in self._listed(given)
            for number in self.models[name]["versions"]
        ]
        return {"model_versions": [self._told_version(*each) for each in every]}

    def _get_model_versions_get(self, given: Json) -> Json:
        return {"model_version": self._told_version(given["name"], int(given["version"]))}

    def _post_registered_models_alias(self, given: Json) -> Json:
        self.set_alias(given["name"], given["alias"], int(given["version"]))
        return {}

    def _delete_registered_models_alias(self, given: Json) -> Json:
        self.drop_alias(given["name"], given["alias"])
        return {}

    def _post_model_versions_transition_stage(self, given: Json) -> Json:
        self.set_stage(given["name"], int(given["version"]), given["stage"])
        return {"model_version": self._told_version(given["name"], int(given["version"]))}

    def _told(self, name: str) -> Json:
        aliases = self.models[name]["aliases"].items()
        told = [{"alias": alias, "version": str(number)} for alias, number in aliases]
        return {"name": name, "aliases": told}

    def _told_version(self, name: str, number: int) -> Json:
        stage = self._version(name, number)["stage"]
        return {"name": name, "version": str(number), "current_stage": stage}

    def _model(self, name: str) -> Json:
        return self._found(self.models, name)

    def _version(self, name: str, number: int) -> Json:
        return self._found(self._model(name)["versions"], number)

    def _found(self, rows: dict[Any, Json], key: Any) -> Json:
        return rows[key] if key in rows else self._absent()

    def _absent(self) -> Json:
        raise Absent
