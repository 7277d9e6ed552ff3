from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from apps.core.access import Role
from apps.core.errors import Invalid
from apps.ledger.services import record
from apps.projects.errors import SlugReserved, SlugTaken
from apps.projects.models import Environment, Grant, Project
from apps.projects.services import changes

FIRST_ENVIRONMENTS = (
    ("dev", Environment.Kind.DEV, False),
    ("staging", Environment.Kind.STAGING, False),
    ("prod", Environment.Kind.PROD, True),
)
# The last four are names that MLflow keeps: a project is a workspace of the same name there.
RESERVED_SLUGS = frozenset({"new", "environments", "freezes"}) | frozenset(
    {"default", "workspaces", "api", "ajax-api"}
)
SLUG = re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]")
LONGEST_SLUG = 60


@transaction.atomic
def create_project(
    *, name: str, by: AbstractUser, slug: str = "", purpose: str = "", criticality: str = "normal"
) -> Project:
    """Open a project with its three environments; who opens it owns it."""
    if slug and not SLUG.fullmatch(slug):
        reason = "two or more lowercase letters and digits, with hyphens only between them"
        raise Invalid(field="slug", reason=reason)
    if slug in RESERVED_SLUGS:
        raise SlugReserved(slug=slug)
    project = Project(
        name=name,
        slug=slug or _free_slug(name),
        purpose=purpose,
        criticality=criticality,
        owner_id=by.pk,
    )
    try:
        with transaction.atomic():
            project.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken(slug=project.slug) from error
    Grant.objects.create(project=project, user_id=by.pk, role=Role.OWNER)
    for env_name, kind, protected in FIRST_ENVIRONMENTS:
        project.environments.create(name=env_name, kind=kind, protected=protected)
    record(actor=by, verb="projects.created", subject=project, project_id=project.pk)
    return project


def _free_slug(name: str) -> str:
    """The name as a slug, with a number behind it where another project has that one."""
    stem = slugify(name).replace("_", "-")[: LONGEST_SLUG - 5].strip("-")
    stem = stem if SLUG.fullmatch(stem) else "project"
    taken = set(Project.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    taken |= RESERVED_SLUGS
    if stem not in taken:
        return stem
    return next(slug for n in range(2, len(taken) + 3) if (slug := f"{stem}-{n}") not in taken)


@transaction.atomic
def edit_project(*, project: Project, by: AbstractUser, **wanted: Any) -> Project:
    """Change name, purpose or criticality. The slug stays: addresses and clients know it."""
    row = changes.live(project.pk)
    if made := changes.apply(row, wanted):
        record(actor=by, verb="projects.edited", subject=row, project_id=row.pk, data=dict(made))
    return row


@transaction.atomic
def archive_project(*, project: Project, by: AbstractUser) -> Project:
    """Put a project out of sight: it stays readable and takes no changes. Safe to repeat."""
    row = changes.locked(project.pk)
    if not row.is_archived:
        changes.apply(row, {"archived_at": timezone.now()})
        record(actor=by, verb="projects.archived", subject=row, project_id=row.pk)
    return row


@transaction.atomic
def unarchive_project(*, project: Project, by: AbstractUser) -> Project:
    """Bring an archived project back. Safe to repeat."""
    row = changes.locked(project.pk)
    if row.is_archived:
        changes.apply(row, {"archived_at": None})
        record(actor=by, verb="projects.unarchived", subject=row, project_id=row.pk)
    return row
