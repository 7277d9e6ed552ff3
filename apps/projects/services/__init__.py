"""The verbs of projects, by topic."""

from apps.projects.services.environments import (
    add_environment,
    edit_environment,
    edit_freeze,
    end_freeze,
    plan_freeze,
    remove_environment,
)
from apps.projects.services.members import (
    change_role,
    grant_role,
    hand_over,
    name_deputy,
    revoke_role,
)
from apps.projects.services.projects import (
    archive_project,
    create_project,
    edit_project,
    unarchive_project,
)

__all__ = [
    "add_environment",
    "archive_project",
    "change_role",
    "create_project",
    "edit_environment",
    "edit_freeze",
    "edit_project",
    "end_freeze",
    "grant_role",
    "hand_over",
    "name_deputy",
    "plan_freeze",
    "remove_environment",
    "revoke_role",
    "unarchive_project",
]
