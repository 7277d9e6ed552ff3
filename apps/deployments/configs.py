"""What a deployment is configured with: checked here, kept as rows that are never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from apps.deployments.errors import ConfigInvalid

P = TypeVar("P", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Part):
    """Bounds of one model server and of one request to it."""

    memory_mb: int = Field(default=0, ge=0, le=1_000_000, title="Memory", description="MB; 0: none")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of numeric libraries")
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=600, title="Time-out", description="Seconds"
    )
    requests_per_second: float = Field(
        default=0,
        ge=0,
        le=1_000_000,
        title="Rate per caller",
        description="Requests per second; 0: no limit",
    )


class Batching(_Part):
    """Requests of one moment may be scored together, if that costs at most `budget_ms`."""

    most_rows: int = Field(default=256, ge=1, le=100_000, title="Most rows at once")
    budget_ms: float = Field(
        default=2.0, ge=0, le=1000, title="Longest wait", description="Milliseconds; 0: never wait"
    )


class Strategy(_Part):
    """How traffic moves to a new release, and what a judge may do meanwhile."""

    kind: Literal["all_at_once", "blue_green", "canary", "shadow"] = Field(
        default="all_at_once", title="Strategy"
    )
    steps: tuple[int, ...] = Field(
        default=(5, 25, 50), description="Percent of the traffic, each larger than the one before"
    )
    step_seconds: float = Field(
        default=60.0, ge=1, le=86_400, title="Length of a step", description="Seconds, at least"
    )
    least_requests: int = Field(default=100, ge=1, le=10_000_000, title="Fewest requests per step")
    false_alarm: float = Field(
        default=0.01,
        gt=0,
        le=0.2,
        title="False rollbacks per release",
        description="How probable it may be that a good release is rolled back: 0.01 is 1 %",
    )
    approval: bool = Field(default=False, title="Wait for a person before the last step")
    judge_scores: bool = Field(
        default=True,
        title="Judge the distribution of scores",
        description="Off where a new version is meant to score otherwise",
    )
    most_seconds: float = Field(
        default=86_400, ge=10, le=30 * 86_400, title="Give up after", description="Seconds"
    )

    @model_validator(mode="after")
    def rises(self) -> Self:
        shares = list(self.steps)
        if shares != sorted(set(shares)) or not all(0 < share < 100 for share in shares):
            raise ValueError("steps: percentages between 1 and 99, each larger than the one before")
        if self.kind == "canary" and not shares:
            raise ValueError("steps: a canary needs at least one")
        return self


class Runtime(_Part):
    """Where and in what a model server runs."""

    packages: Literal["portal", "own"] = Field(
        default="portal",
        description="own: a virtual environment from the model's own requirements",
    )
    image: str = Field(
        default="",
        max_length=300,
        pattern=r"^[A-Za-z0-9._/:@-]*$",
        description="Clusters and Docker only, for example registry.example/serving:1.4",
    )
    namespace: str = Field(
        default="default",
        max_length=63,
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        description="Kubernetes only",
    )
    cpu: str = Field(
        default="",
        max_length=20,
        pattern=r"^([0-9]+(\.[0-9]+)?|[0-9]+m)?$",
        title="CPU",
        description="Kubernetes only, for example 500m",
    )


class Config(_Part):
    """The whole configuration of a deployment."""

    replicas: int = Field(default=1, ge=1, le=50)
    most_replicas: int = Field(
        default=0, ge=0, le=500, title="Scale up to", description="0: stays as it is; clusters only"
    )
    limits: Limits = Limits()
    batching: Batching = Batching()
    strategy: Strategy = Strategy()
    runtime: Runtime = Runtime()


# Everything else needs a new model server, or speaks of the next release.
AT_ONCE = frozenset(
    {"replicas", "most_replicas", "limits.timeout_seconds", "limits.requests_per_second"}
)


def running(made: Config, in_force: Config) -> Config:
    """What a release runs with: the configuration it was made with, but for what holds at once."""
    limits = {
        name: getattr(in_force.limits, name)
        for name in Limits.model_fields
        if f"limits.{name}" in AT_ONCE
    }
    whole = {name: getattr(in_force, name) for name in Config.model_fields if name in AT_ONCE}
    return made.model_copy(update={**whole, "limits": made.limits.model_copy(update=limits)})


def read(body: Mapping[str, Any]) -> Config:
    """The configuration in a body that somebody sent; `ConfigInvalid` names each field that does not fit."""
    return _read(Config, body)


def read_strategy(body: Mapping[str, Any]) -> Strategy:
    """The strategy in a body that somebody sent; `ConfigInvalid` names each field that does not fit."""
    return _read(Strategy, body, "strategy.")


def _read(kind: type[P], body: Mapping[str, Any], prefix: str = "") -> P:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise ConfigInvalid.of({f"{prefix}{path}": said for path, said in _faults(error)}) from None


def _faults(error: ValidationError) -> list[tuple[str, str]]:
    found = []
    for fault in error.errors(include_url=False, include_input=False):
        said = fault["msg"].removeprefix("Value error, ")
        path = [str(part) for part in fault["loc"] if not isinstance(part, int)]
        if fault["type"] == "value_error":  # it names the field of its group by itself
            name, _, said = said.partition(": ")
            path.append(name)
        found.append((".".join(path), said[:1].lower() + said[1:]))
    return found
