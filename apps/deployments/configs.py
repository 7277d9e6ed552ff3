"""What a deployment is configured with: checked here, kept as rows that are never changed."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Part):
    """Bounds of one model server and of one request to it."""

    memory_mb: int = Field(default=0, ge=0, le=1_000_000, title="Memory", description="MB; 0: none")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of numeric libraries")
    timeout_seconds: float = Field(default=30.0, gt=0, le=600, title="Time-out")
    requests_per_second: float = Field(
        default=0, ge=0, le=1_000_000, title="Rate per caller", description="0: no limit"
    )


class Batching(_Part):
    """Requests of one moment may be scored together, if that costs at most `budget_ms`."""

    most_rows: int = Field(default=256, ge=1, le=100_000, title="Most rows at once")
    budget_ms: float = Field(default=2.0, ge=0, le=1000, description="0: never wait")


class Strategy(_Part):
    """How traffic moves to a new release, and what a judge may do meanwhile."""

    kind: Literal["all_at_once", "blue_green", "canary", "shadow"] = "all_at_once"
    steps: tuple[int, ...] = Field(default=(5, 25, 50), description="Percent of the traffic")
    step_seconds: float = Field(default=60.0, ge=1, le=86_400, title="Length of a step")
    least_requests: int = Field(default=100, ge=1, le=10_000_000, title="Fewest requests per step")
    false_alarm: float = Field(default=0.01, gt=0, le=0.2, title="False rollbacks per release")
    approval: bool = Field(default=False, title="Wait for a person before the last step")
    judge_scores: bool = Field(
        default=True,
        title="Judge the distribution of scores",
        description="Off where a new version is meant to score otherwise",
    )
    most_seconds: float = Field(default=86_400, ge=10, le=30 * 86_400, title="Give up after")

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
    image: str = Field(default="", max_length=300, description="Clusters and Docker only")
    namespace: str = Field(default="default", max_length=63, description="Kubernetes only")
    cpu: str = Field(default="", max_length=20, description="Kubernetes only, for example 500m")


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
