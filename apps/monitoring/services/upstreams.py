"""Which tables features come from."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.core.errors import Conflict, Invalid
from apps.monitoring.models import Upstream
from apps.monitoring.services.journal import note_rule
from apps.projects.models import Project

LONGEST_NAME, MOST_COLUMNS = 180, 2000


@transaction.atomic
def create_upstream(
    *, project: Project, name: str, columns: Sequence[str], by: AbstractUser
) -> Upstream:
    """Name a table and the features that come from it: what moves in these alone is one alert."""
    upstream = Upstream(project=project, name=_name(name), columns=_columns(columns))
    _save(upstream, by, "monitoring.upstream_created")
    return upstream


@transaction.atomic
def change_upstream(
    *, upstream: Upstream, name: str, columns: Sequence[str], by: AbstractUser
) -> Upstream:
    """Say anew what a table is called and holds; what fires already stays in its group."""
    upstream.name, upstream.columns = _name(name), _columns(columns)
    _save(upstream, by, "monitoring.upstream_changed")
    return upstream


@transaction.atomic
def remove_upstream(*, upstream: Upstream, by: AbstractUser) -> None:
    """Forget a table; its alerts stay."""
    note_rule(upstream, verb="monitoring.upstream_removed", by=by, data={"name": upstream.name})
    upstream.delete()


def _save(upstream: Upstream, by: AbstractUser, verb: str) -> None:
    try:
        with transaction.atomic():
            upstream.save()
    except IntegrityError as error:
        reason = f"name: {upstream.project.name} has an upstream table {upstream.name} already."
        raise Conflict(reason=reason) from error
    data = {"name": upstream.name, "columns": len(upstream.columns)}
    note_rule(upstream, verb=verb, by=by, data=data)


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(field="name", reason=f"1 to {LONGEST_NAME} characters, in one line")
    return name


def _columns(given: Sequence[str]) -> list[str]:
    names = [name for name in dict.fromkeys(each.strip() for each in given) if name]
    if not 0 < len(names) <= MOST_COLUMNS:
        raise Invalid(field="columns", reason=f"1 to {MOST_COLUMNS} names of features")
    if any(len(name) > LONGEST_NAME or not name.isprintable() for name in names):
        reason = f"each at most {LONGEST_NAME} characters, in one line"
        raise Invalid(field="columns", reason=reason)
    return names
