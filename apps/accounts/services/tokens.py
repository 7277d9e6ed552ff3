from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.errors import NotYourToken, TokenTooStrong
from apps.accounts.models import ApiToken, User
from apps.accounts.selectors import PREFIX, digest_of
from apps.core import access
from apps.core.access import Role
from apps.core.errors import Invalid
from apps.ledger.services import record

LONGEST = timedelta(days=366)
MOST_PROJECTS = 200


@transaction.atomic
def create_token(
    *,
    user: User,
    name: str,
    by: User,
    role: Role = Role.OWNER,
    project_ids: Sequence[int] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; its text is returned this once and never stored.

    A person's token ends within a year, a service account's when it is told to. Whatever the token
    says, the policy gives it no more than its user has at the moment of use.
    """
    places = None if project_ids is None else sorted(set(project_ids))
    _check_maker(user, by, places)
    _check_places(by, places)
    _check_maker_token(by, role, places)
    ends = _end(user, by, expires_at)
    key, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        key=key,
        digest=digest_of(secret),
        role=role,
        project_ids=places,
        expires_at=ends,
        created_by=by,
    )
    data = {"user": user.pk, "role": int(role), "projects": places}
    record(actor=by, verb="accounts.token_created", subject=token, data=data)
    return token, f"{PREFIX}_{key}_{secret}"


def revoke_token(*, token: ApiToken, by: User | None) -> None:
    """End a token for good; a second time changes nothing."""
    _revoke(token, by)


@transaction.atomic
def revoke_tokens_of(*, user: User, by: User | None) -> int:
    """End every token of a person or service account."""
    present = list(ApiToken.objects.filter(user=user, revoked_at=None).order_by("pk"))
    return sum(_revoke(token, by) for token in present)


@transaction.atomic
def _revoke(token: ApiToken, by: User | None) -> bool:
    now = timezone.now()
    ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
    if ended:
        data = {"user": token.user_id}
        record(actor=by, verb="accounts.token_revoked", subject=token, data=data)
    return bool(ended)


def _check_maker(user: User, by: User, places: list[int] | None) -> None:
    if by.pk == user.pk or (user.is_service and access.is_site_admin(by)):
        return
    owns = places and all(access.allows(by, place, Role.OWNER) for place in places)
    if not user.is_service or not owns:
        raise NotYourToken


def _check_places(by: User, places: list[int] | None) -> None:
    if places is None:
        return
    if not 0 < len(places) <= MOST_PROJECTS:
        reason = f"name 1 to {MOST_PROJECTS} projects, or none at all for every project."
        raise Invalid(field="projects", reason=reason)
    if set(places) - set(access.project_ids(by).filter(pk__in=places)):
        raise Invalid(field="projects", reason="name only projects that you can see.")


def _end(user: User, by: User, wanted: datetime | None) -> datetime | None:
    """When the token ends: as asked, else as late as it may."""
    now = timezone.now()
    latest = [end for end in (None if user.is_service else now + LONGEST, _own_end(by)) if end]
    if wanted is None:
        return min(latest, default=None)
    if wanted <= now:
        raise Invalid(field="expires_at", reason="choose a time in the future.")
    if not user.is_service and wanted > now + LONGEST:
        reason = f"a person's token lasts {LONGEST.days} days at most."
        raise Invalid(field="expires_at", reason=reason)
    if latest and wanted > min(latest):
        raise TokenTooStrong(field="expires_at")
    return wanted


def _own_end(by: User) -> datetime | None:
    """When the token ends that asks for another one."""
    if by.limits is None or by.limits.token_id is None:
        return None
    ends = ApiToken.objects.filter(pk=by.limits.token_id).values_list("expires_at", flat=True)
    return ends.first()


def _check_maker_token(by: User, role: Role, places: list[int] | None) -> None:
    """A token that makes a token hands on no more than it has."""
    limits = by.limits
    if limits is None:
        return
    if role > limits.role:
        raise TokenTooStrong(field="role")
    narrow = limits.project_ids
    if narrow is not None and (places is None or not narrow.issuperset(places)):
        raise TokenTooStrong(field="projects")
