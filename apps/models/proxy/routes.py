"""Which of MLflow's paths the portal passes on, to whom, and what it does beside: one table, closed at its end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from apps.core.access import Role
from apps.core.http.forward import Headers
from apps.models.proxy import confines, effects, guards, page, queries, spans
from apps.models.proxy.ask import Ask
from apps.models.proxy.change import Change

# A guard refuses by raising; what it answers is the whole answer, and MLflow is not asked.
Guard = Callable[[Change], dict[str, Any] | None]
Effect = Callable[[Change, dict[str, Any]], None]
Judge = Callable[[Ask, bytes], tuple[bytes, Headers]]


@dataclass(frozen=True, slots=True)
class Route:
    """One path of MLflow's below `/api/`: `{}` is one segment, `{*}` the rest of the path.

    `needs` is the least role in the project; `None` keeps it closed to everybody. A `guard` refuses
    before MLflow hears of it; an `effect` mirrors what MLflow did before the client hears of it.
    """

    methods: frozenset[str]
    pattern: str
    needs: Role | None
    guards: tuple[Guard, ...] = ()
    effect: Effect | None = None
    in_project: bool = True
    # What the answer carries instead of a file's own headers: MLflow's page runs in the browser.
    shown: Headers | None = None
    # Reads a body that is no JSON, and says what goes on in its place.
    judge: Judge | None = None
    regex: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        written = re.escape(self.pattern).replace(r"\{\*\}", "(.*)").replace(r"\{\}", "([^/]+)")
        object.__setattr__(self, "regex", re.compile(written))

    @property
    def is_read_whole(self) -> bool:
        """Whether the portal reads the body itself; every other one streams through."""
        return self.effect is not None or bool(self.guards)


def read(methods: str, *patterns: str, in_project: bool = True) -> Iterator[Route]:
    for pattern in patterns:
        allowed = frozenset(methods.split())
        yield Route(allowed, pattern, Role.VIEWER, in_project=in_project)


def write(
    methods: str, *patterns: str, effect: Effect | None = None, guards: tuple[Guard, ...] = ()
) -> Iterator[Route]:
    for pattern in patterns:
        allowed = frozenset(methods.split())
        yield Route(allowed, pattern, Role.CONTRIBUTOR, guards, effect)


def closed(*patterns: str) -> Iterator[Route]:
    for pattern in patterns:
        yield Route(EVERY, pattern, None)


READS = frozenset({"GET", "HEAD"})
EVERY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
V2, V3, FILES = "api/2.0/mlflow", "api/3.0/mlflow", "api/2.0/mlflow-artifacts"
SERVER_INFO = f"{V3}/server-info"
OWN_MODELS: tuple[Guard, ...] = (confines.keeps_to_own_models,)
KNOWN_DATASET: tuple[Guard, ...] = (confines.knows_dataset,)
OWN_PLACES: tuple[Guard, ...] = (confines.keeps_trace_places,)

TABLE: tuple[Route, ...] = (
    *read("GET", "health", "version", SERVER_INFO, in_project=False),
    # MLflow's own page, and what only the page asks for
    Route(READS, "", Role.VIEWER, in_project=False, shown=page.PAGE),
    Route(READS, "static-files/{*}", Role.VIEWER, in_project=False, shown=page.ASSET),
    Route(frozenset({"POST"}), "graphql", Role.VIEWER, guards=(queries.only_known,)),
    *read("POST", f"{V2}/experiments/search-datasets"),
    *read("GET", f"{V2}/metrics/get-history-bulk"),
    *read("GET", f"{V2}/get-trace-artifact", f"{V3}/get-trace-artifact"),
    *read("GET", f"{V2}/logged-models/{{}}/artifacts/files"),
    # Experiments
    *read(
        "GET",
        f"{V2}/experiments/get",
        f"{V2}/experiments/get-by-name",
        f"{V2}/experiments/search",
    ),
    *read("POST", f"{V2}/experiments/search"),
    *write(
        "POST",
        f"{V2}/experiments/create",
        effect=effects.experiment_created,
        guards=(confines.keeps_own_folder,),
    ),
    *write(
        "POST",
        f"{V2}/experiments/delete",
        f"{V2}/experiments/restore",
        f"{V2}/experiments/update",
        f"{V2}/experiments/set-experiment-tag",
        f"{V2}/experiments/delete-experiment-tag",
        effect=effects.experiment_changed,
    ),
    # Runs
    *read("GET", f"{V2}/runs/get", f"{V2}/metrics/get-history", f"{V2}/artifacts/list"),
    *read("GET", f"{V2}/metrics/get-history-bulk-interval", "get-artifact"),
    *read("POST", f"{V2}/runs/search"),
    *write("POST", f"{V2}/runs/create", effect=effects.run_created),
    *write("POST", f"{V2}/runs/update", effect=effects.run_updated),
    *write(
        "POST",
        f"{V2}/runs/delete",
        f"{V2}/runs/restore",
        f"{V2}/runs/delete-tag",
        f"{V2}/runs/log-model",
        effect=effects.run_changed,
    ),
    *write("POST", f"{V2}/runs/log-inputs", effect=effects.run_changed, guards=OWN_MODELS),
    *write("POST", f"{V2}/runs/outputs", guards=OWN_MODELS),
    *write("POST", f"{V2}/runs/log-batch", effect=effects.batch_logged, guards=OWN_MODELS),
    *write("POST", f"{V2}/runs/log-metric", effect=effects.metric_logged, guards=OWN_MODELS),
    *write("POST", f"{V2}/runs/log-parameter", effect=effects.param_logged),
    *write("POST", f"{V2}/runs/set-tag", effect=effects.tag_set),
    # Logged models
    *read("GET", f"{V2}/logged-models/{{}}", f"{V2}/logged-models/{{}}/artifacts/directories"),
    *read("POST", f"{V2}/logged-models/search"),
    *write("POST", f"{V2}/logged-models", guards=(confines.keeps_to_own_runs,)),
    *write("POST", f"{V2}/logged-models/{{}}/params"),
    *write("PATCH", f"{V2}/logged-models/{{}}", f"{V2}/logged-models/{{}}/tags"),
    *write("DELETE", f"{V2}/logged-models/{{}}", f"{V2}/logged-models/{{}}/tags/{{}}"),
    # Registered models
    *read(
        "GET",
        f"{V2}/registered-models/get",
        f"{V2}/registered-models/search",
        f"{V2}/registered-models/alias",
        f"{V2}/registered-models/get-latest-versions",
    ),
    *read("POST", f"{V2}/registered-models/get-latest-versions"),
    *write("POST", f"{V2}/registered-models/create", effect=effects.model_changed),
    *write("PATCH", f"{V2}/registered-models/update", effect=effects.model_changed),
    *write("POST", f"{V2}/registered-models/set-tag", effect=effects.model_changed),
    *write("DELETE", f"{V2}/registered-models/delete-tag", effect=effects.model_changed),
    *write(
        "POST",
        f"{V2}/registered-models/rename",
        effect=effects.model_renamed,
        guards=(guards.keeps_gated_name,),
    ),
    *write(
        "DELETE",
        f"{V2}/registered-models/delete",
        effect=effects.model_changed,
        guards=(guards.keeps_promoted_model,),
    ),
    *write(
        "POST DELETE",
        f"{V2}/registered-models/alias",
        effect=effects.alias_moved,
        guards=(guards.promotes,),
    ),
    # Model versions
    *read(
        "GET",
        f"{V2}/model-versions/get",
        f"{V2}/model-versions/search",
        f"{V2}/model-versions/get-download-uri",
    ),
    *write(
        "POST",
        f"{V2}/model-versions/create",
        effect=effects.version_created,
        guards=(guards.takes_own_files,),
    ),
    *write("PATCH", f"{V2}/model-versions/update", effect=effects.version_changed),
    *write("POST", f"{V2}/model-versions/set-tag", effect=effects.version_changed),
    *write("DELETE", f"{V2}/model-versions/delete-tag", effect=effects.version_changed),
    *write(
        "DELETE",
        f"{V2}/model-versions/delete",
        effect=effects.version_changed,
        guards=(guards.keeps_promoted_version,),
    ),
    *write(
        "POST",
        f"{V2}/model-versions/transition-stage",
        effect=effects.stage_moved,
        guards=(guards.keeps_stage,),
    ),
    # Artifacts
    *read("GET", f"{FILES}/artifacts", f"{FILES}/artifacts/{{*}}"),
    *write("PUT DELETE", f"{FILES}/artifacts/{{*}}"),
    *write("POST", f"{FILES}/mpu/create/{{*}}", f"{FILES}/mpu/complete/{{*}}"),
    *write("POST", f"{FILES}/mpu/abort/{{*}}"),
    # Traces
    *read("GET", f"{V2}/traces", f"{V2}/traces/{{}}/info"),
    *write("POST", f"{V2}/traces", f"{V3}/traces", guards=OWN_PLACES),
    *write("PATCH", f"{V2}/traces/{{}}", guards=OWN_PLACES),
    *write("PATCH", f"{V2}/traces/{{}}/tags", f"{V3}/traces/{{}}/tags", guards=OWN_PLACES),
    *write("DELETE", f"{V2}/traces/{{}}/tags", f"{V3}/traces/{{}}/tags", guards=OWN_PLACES),
    *write("POST", f"{V2}/traces/delete-traces", f"{V3}/traces/delete-traces"),
    *write("POST", f"{V2}/traces/link-prompts", f"{V2}/traces/link-to-run"),
    *read("GET", f"{V3}/traces/get", f"{V3}/traces/batchGet", f"{V3}/traces/{{}}"),
    *read("POST", f"{V3}/traces/search", f"{V3}/traces/batchGetInfos", f"{V3}/traces/metrics"),
    *read("POST", f"{V3}/traces/calculate-filter-correlation"),
    *read("GET", f"{V3}/traces/{{}}/assessments/{{}}"),
    *write("POST", f"{V3}/traces/{{}}/assessments"),
    *write("PATCH DELETE", f"{V3}/traces/{{}}/assessments/{{}}"),
    Route(frozenset({"POST"}), "v1/traces", Role.CONTRIBUTOR, judge=spans.judged),
    # Data sets for evaluation
    *read("GET POST", f"{V3}/datasets/search"),
    *write("POST", f"{V3}/datasets/create"),
    *read("GET", f"{V3}/datasets/{{}}", f"{V3}/datasets/{{}}/experiment-ids"),
    Route(frozenset({"GET"}), f"{V3}/datasets/{{}}/records", Role.VIEWER, KNOWN_DATASET),
    *write("POST DELETE", f"{V3}/datasets/{{}}/records"),
    *write("DELETE", f"{V3}/datasets/{{}}", f"{V3}/datasets/{{}}/tags/{{}}"),
    *write("PATCH", f"{V3}/datasets/{{}}/tags"),
    *write("POST", f"{V3}/datasets/{{}}/add-experiments", f"{V3}/datasets/{{}}/remove-experiments"),
    # Closed: they act outside the project, run code, hold secrets, or sign addresses past the portal.
    *closed(
        f"{V2}/artifacts/presigned-download-url",
        f"{V2}/artifacts/presigned-upload-url",
        f"{FILES}/presigned/{{*}}",
        "model-versions/get-artifact",
        f"{V2}/webhooks",
        f"{V2}/webhooks/{{*}}",
        f"{V2}/get-online-trace-details",
        f"{V2}/unified-traces",
        "api/2.0mlflow/experiments/search-datasets",
        f"{V3}/demo/{{*}}",
        f"{V3}/gateway/{{*}}",
        f"{V3}/genai/{{*}}",
        f"{V3}/issues",
        f"{V3}/issues/{{*}}",
        f"{V3}/jobs/{{*}}",
        f"{V3}/label-schemas/{{*}}",
        f"{V3}/prompt-optimization/{{*}}",
        f"{V3}/review-queues/{{*}}",
        f"{V3}/scorer/{{*}}",
        f"{V3}/scorers/{{*}}",
        "graphql",
    ),
)
# The portal itself answers these two; MLflow's own answer would name every project.
WORKSPACES = f"{V3}/workspaces"


@lru_cache(maxsize=512)
def match(method: str, path: str) -> Route | None:
    """The route of a request; `None` where the table knows none."""
    plain = plain_path(path)
    for route in TABLE:
        if method in route.methods and route.regex.fullmatch(plain):
            return route
    return None


def plain_path(path: str) -> str:
    """The path as the table writes it: MLflow serves its page the same routes under another name."""
    bare = path.lstrip("/")
    return bare.removeprefix("ajax-") if bare.startswith("ajax-api/") else bare
