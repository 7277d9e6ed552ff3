"""The one policy: who may do what where. Installed into `apps.core.access` at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Max, QuerySet

from apps.core import access
from apps.core.access import Limits, Role
from apps.projects.models import Grant, Project

if TYPE_CHECKING:
    from apps.core.access import Person


class GrantPolicy:
    """Roles come from grants to the person and to their teams, capped by the token in use."""

    def project_ids(self, user: Person, at_least: Role) -> QuerySet[Any, int]:
        limits: Limits | None = getattr(user, "limits", None)
        if not user.is_active or (limits and limits.role < at_least):
            return Project.objects.none().values_list("pk", flat=True)
        if user.is_superuser:
            found = Project.objects.values_list("pk", flat=True)
        else:
            held = Grant.objects.of(user).filter(role__gte=at_least)
            found = Project.objects.filter(pk__in=held.values("project_id")).values_list(
                "pk", flat=True
            )
        if limits and limits.project_ids is not None:
            found = found.filter(pk__in=limits.project_ids)
        return found.order_by()

    def role(self, user: Person, project_id: int) -> Role | None:
        limits: Limits | None = getattr(user, "limits", None)
        outside = limits and limits.project_ids is not None and project_id not in limits.project_ids
        if not user.is_active or outside:
            return None
        held = self._held(user, project_id)
        if held is None:
            return None
        return min(held, limits.role) if limits else held

    def _held(self, user: Person, project_id: int) -> Role | None:
        if user.is_superuser:
            exists = Project.objects.filter(pk=project_id).exists()
            return Role.OWNER if exists else None
        grants = Grant.objects.of(user).filter(project_id=project_id)
        highest = grants.aggregate(highest=Max("role"))["highest"]
        return None if highest is None else Role(highest)


access.install(GrantPolicy())
