"""The time machine: what served at one moment, and which version held an environment's alias then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.core import access
from apps.core.access import Person
from apps.deployments.models import ServedSpan
from apps.models import history
from apps.models.models import AliasMove, Decision, ModelVersion, OutOfBandMove
from apps.projects import selectors as projects

# A model and the name of an environment.
Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Served:
    """One version at one moment: released, or held by the environment's alias, or both."""

    project: str
    model: str
    version: int
    version_id: int
    release: int | None
    release_number: int | None
    deployment: str | None
    environment: str
    alias: str
    run: str | None
    run_id: int | None
    dataset: str | None
    approved_by: str | None
    since: datetime
    gone: bool

    @property
    def uri(self) -> str:
        """How MLflow's client names the version."""
        return f"models:/{self.model}/{self.version}"


def served_at(user: Person, at: datetime, environment: str | None = None) -> list[Served]:
    """What served at `at`, in environments of this name where one is given.

    A release comes with the alias that its version held then. A version that held the alias while no
    release of it was live has a row of its own, without a release.
    """
    held = _held(user, at, environment)
    spans = list(_spans(user, at, environment))
    released = [_released(span, held) for span in spans]
    answered = {(_place(span), span.release.version_id) for span in spans}
    alone = [
        _promised(move, at)
        for place, move in held.items()
        if (place, move.after_id) not in answered
    ]
    return sorted(released + alone, key=_order)


def served_now(user: Person, project: str | None = None) -> list[Served]:
    """Which released versions serve now, in one project where one is given."""
    found = served_at(user, timezone.now())
    return [each for each in found if each.release and project in {None, each.project}]


def _held(user: Person, at: datetime, environment: str | None) -> dict[Place, AliasMove]:
    """The aliases that are named like an environment of their project, each where it stood."""
    known = set(projects.environments(user).values_list("project_id", "name"))
    return {
        (move.model_id, move.name): move
        for move in history.holders_at(user, at, environment)
        if (move.project_id, move.name) in known
    }


def _spans(user: Person, at: datetime, environment: str | None) -> Iterator[ServedSpan]:
    spans = ServedSpan.objects.filter(
        Q(until=None) | Q(until__gt=at),
        since__lte=at,
        environment__project_id__in=access.project_ids(user),
    )
    if environment:
        spans = spans.filter(environment__name=environment)
    joined = spans.select_related(
        "environment__project", "approved_by", "release__deployment", "release__version__model"
    )
    yield from joined.select_related("release__version__run")


def _place(span: ServedSpan) -> Place:
    return span.release.version.model_id, span.environment.name


def _released(span: ServedSpan, held: dict[Place, AliasMove]) -> Served:
    release, version = span.release, span.release.version
    move = held.get(_place(span))
    holds = move is not None and move.after_id == version.pk
    return Served(
        project=span.environment.project.slug,
        model=version.model.name,
        version=version.number,
        version_id=version.pk,
        release=release.pk,
        release_number=release.number,
        deployment=release.deployment.slug,
        environment=span.environment.name,
        alias=span.environment.name if holds else "",
        run=version.run.mlflow_id if version.run else None,
        run_id=version.run_id,
        dataset=_dataset(version),
        approved_by=span.approved_by.username if span.approved_by else None,
        since=span.since,
        gone=_is_gone(version),
    )


def _promised(move: AliasMove, at: datetime) -> Served:
    version = move.after
    assert version is not None
    decision = _decision(move, at)
    return Served(
        project=move.project.slug,
        model=version.model.name,
        version=version.number,
        version_id=version.pk,
        release=None,
        release_number=None,
        deployment=None,
        environment=move.name,
        alias=move.name,
        run=version.run.mlflow_id if version.run else None,
        run_id=version.run_id,
        dataset=_dataset(version),
        approved_by=decision.by.username if decision else None,
        since=move.at,
        gone=_is_gone(version),
    )


def _decision(move: AliasMove, at: datetime) -> Decision | None:
    """Who let the version hold the alias: with its promotion, or by adopting its move until then."""
    case: OutOfBandMove | None = getattr(move, "out_of_band_case", None)
    adopted = case.promotion if case and case.was_adopted_by(at) else None
    decision: Decision | None = getattr(move.promotion or adopted, "decision", None)
    return decision


def _is_gone(version: ModelVersion) -> bool:
    return version.deleted_at is not None or version.model.deleted_at is not None


def _dataset(version: ModelVersion) -> str | None:
    """`name@digest` of the first dataset that the version's run logged."""
    inputs = version.run.inputs if version.run else []
    if not inputs:
        return None
    return f"{inputs[0].get('name', '')}@{inputs[0].get('digest', '')}"


def _order(row: Served) -> tuple[Any, ...]:
    return row.environment, row.project, row.model, row.release is None, row.deployment
