"""What every verb of this app begins and ends with: the project's lock and the difference made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model

from apps.projects.errors import ProjectArchived
from apps.projects.models import Project

Difference = dict[str, list[Any]]


def locked(project_id: int) -> Project:
    """The project, locked: two people cannot both find the state of it that allows their change."""
    return Project.objects.select_for_update().get(pk=project_id)


def live(project_id: int) -> Project:
    """The project, locked; `ProjectArchived` where it takes no changes."""
    project = locked(project_id)
    if project.is_archived:
        raise ProjectArchived(project=project.name)
    return project


def apply(row: Model, wanted: Mapping[str, Any]) -> Difference:
    """Store the fields that differ; answers `{field: [before, after]}` of these."""
    made: Difference = {}
    for name, value in wanted.items():
        before = getattr(row, name)
        if before != value:
            made[name] = [_plain(before), _plain(value)]
            setattr(row, name, value)
    if made:
        touched = [*made, "updated_at"] if hasattr(row, "updated_at") else [*made]
        row.save(update_fields=touched)
    return made


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
