"""Maintainers decide what the page is called, what stands on it, and who can open it."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from apps.core.errors import Invalid, NotFound
from apps.deployments.models import Deployment
from apps.incidents.models import Component, StatusPage
from apps.ledger.services import record
from apps.projects.models import Project


@transaction.atomic
def arrange(*, project: Project, title: str, by: AbstractUser) -> StatusPage:
    """Give the project a status page, or its page another title."""
    page, made = StatusPage.objects.update_or_create(project=project, defaults={"title": title})
    _note(page, "incidents.status_page_made" if made else "incidents.status_page_changed", by)
    return page


@transaction.atomic
def add_component(
    *, page: StatusPage, name: str, deployment: Deployment, by: AbstractUser
) -> Component:
    """Show a deployment under a name that stakeholders know."""
    if deployment.project_id != page.project_id:
        raise NotFound(what="deployment of this project")
    last = page.components.aggregate(last=Max("position"))["last"] or 0
    try:
        with transaction.atomic():
            made = Component.objects.create(
                page=page, name=name, deployment=deployment, position=last + 1
            )
    except IntegrityError as error:
        raise Invalid(field="name", reason="this name or deployment is on the page") from error
    _note(page, "incidents.status_component_added", by, {"deployment": deployment.pk})
    return made


@transaction.atomic
def remove_component(*, page: StatusPage, pk: int, by: AbstractUser) -> None:
    """Take a component off the page."""
    found = page.components.filter(pk=pk).first()
    if found is None:
        raise NotFound(what="component")
    data = {"deployment": found.deployment_id}
    found.delete()
    _note(page, "incidents.status_component_removed", by, data)


@transaction.atomic
def rotate_address(*, page: StatusPage, by: AbstractUser) -> str:
    """A fresh public address; the one before is dead at once. Only its digest is kept."""
    token = secrets.token_urlsafe(32)
    StatusPage.objects.filter(pk=page.pk).update(
        token_digest=digest(token), token_made_at=timezone.now()
    )
    _note(page, "incidents.status_address_made", by)
    return token


@transaction.atomic
def close_address(*, page: StatusPage, by: AbstractUser) -> None:
    """Nobody opens the page without an account any more."""
    open_ = StatusPage.objects.filter(pk=page.pk, token_digest__isnull=False)
    if open_.update(token_digest=None, token_made_at=None):
        _note(page, "incidents.status_address_closed", by)


def digest(token: str) -> str:
    """What is kept of an address; its secret has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _note(
    page: StatusPage, verb: str, by: AbstractUser, data: dict[str, Any] | None = None
) -> None:
    record(actor=by, verb=verb, subject=page, project_id=page.project_id, data=data or {})
