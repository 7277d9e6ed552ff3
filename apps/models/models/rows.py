from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

from apps.core import access
from apps.core.access import Role

if TYPE_CHECKING:
    from apps.core.access import Person

M = TypeVar("M", bound=models.Model)


class ProjectRows(models.QuerySet[M]):
    """Rows with a `project`."""

    def visible_to(self, user: Person, at_least: Role = Role.VIEWER) -> Self:
        return self.filter(project_id__in=access.project_ids(user, at_least))
