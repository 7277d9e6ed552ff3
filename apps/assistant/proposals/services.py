"""Proposing and deciding."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.assistant.errors import ProposalClosed, ProposalStale
from apps.assistant.models import Exchange, Proposal
from apps.assistant.proposals import (
    registry,
    releasing,  # noqa: F401  they offer their services
    responding,  # noqa: F401
)
from apps.assistant.proposals.registry import Draft, Kind
from apps.assistant.providers.choosing import Offered
from apps.assistant.schemas import Arguments
from apps.assistant.streaming import DEED
from apps.core import live
from apps.core.access import Role, require
from apps.core.errors import PortalError
from apps.ledger.services import record

State = Proposal.State
HOLDS = timedelta(hours=24)


def propose(
    *,
    service: str,
    given: dict[str, Any],
    by: AbstractUser,
    via: str = Proposal.Via.QUESTION,
    exchange: Exchange | None = None,
) -> Proposal:
    """Say what would happen. Nothing is done; the same proposal while it is open is the first one."""
    kind = registry.kind(service)
    asked = kind.arguments(given)
    draft = kind.draft(by, asked)
    row = Proposal(
        project=draft.project,
        exchange=exchange,
        service=service,
        arguments=asked.model_dump(mode="json"),
        title=draft.title[:200],
        plan=list(draft.plan),
        before=draft.before,
        after=draft.after,
        consequence=draft.consequence[:500],
        needed=draft.needed,
        fingerprint=_fingerprint(asked, draft),
        via=via,
        proposed_by_id=by.pk,
        expires_at=timezone.now() + HOLDS,
    )
    return _stored(row, by)


def _stored(row: Proposal, by: AbstractUser) -> Proposal:
    open_one = Proposal.objects.waiting().filter(
        project=row.project, service=row.service, fingerprint=row.fingerprint
    )
    if known := open_one.first():
        return known
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            _note("assistant.proposed", row, by)
    except IntegrityError:
        # Somebody proposed the same at this very moment.
        return open_one.get()
    return row


def approve(*, proposal: Proposal, by: AbstractUser) -> Proposal:
    """Do what was proposed, with the rights of whoever approves. A second click does nothing more."""
    with transaction.atomic():
        row = _locked(proposal)
        require(by, row.project_id, Role(row.needed), what="proposal")
        reason = _stale(row, by)
        if reason:
            _expire(row, reason)
        else:
            _run(row, by)
    if reason:
        raise ProposalStale(reason=reason)
    return row


@transaction.atomic
def refuse(*, proposal: Proposal, by: AbstractUser, reason: str = "") -> Proposal:
    """Say that it shall not be done."""
    row = _locked(proposal)
    require(by, row.project_id, Role.RESPONDER, what="proposal")
    _settle(row, State.REFUSED, reason[:500], by)
    _note("assistant.proposal_refused", row, by)
    return row


@transaction.atomic
def expire_due() -> int:
    """Close what nobody decided in time; how many these were."""
    # Whoever decides at this moment holds the row: that one is not waiting any more.
    due = Proposal.objects.waiting().filter(expires_at__lte=timezone.now()).order_by("pk")
    rows = list(due.select_for_update(skip_locked=True))
    for row in rows:
        _expire(row, "Nobody decided in time.")
    return len(rows)


def _expire(row: Proposal, reason: str) -> None:
    _settle(row, State.EXPIRED, reason, None)
    _note("assistant.proposal_expired", row, None)


def _run(row: Proposal, by: AbstractUser) -> None:
    kind = registry.kind(row.service)
    _note("assistant.proposal_approved", row, by)
    try:
        with transaction.atomic():
            outcome = kind.run(by, kind.arguments(row.arguments))
    except PortalError as error:
        _settle(row, State.FAILED, str(error)[:500], by)
    else:
        row.result_url = outcome.url[:300]
        _settle(row, State.DONE, outcome.note[:500], by)


def _stale(row: Proposal, by: AbstractUser) -> str:
    """Why it no longer means what it meant; nothing where it does."""
    if row.expires_at <= timezone.now():
        return "This proposal is too old."
    kind = registry.kind(row.service)
    asked = kind.arguments(row.arguments)
    try:
        draft = kind.draft(by, asked)
    except PortalError as error:
        return f"Things have changed since this was proposed: {error}"
    if _fingerprint(asked, draft) != row.fingerprint:
        return "Things have changed since this was proposed."
    return ""


def _fingerprint(asked: Arguments, draft: Draft) -> str:
    told = [asked.model_dump(mode="json"), [str(each) for each in draft.state]]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _locked(proposal: Proposal) -> Proposal:
    # Two people, or two clicks: the first decides.
    row = Proposal.objects.select_for_update().get(pk=proposal.pk)
    if not row.is_open:
        raise ProposalClosed(state=row.state)
    return row


def _settle(row: Proposal, state: str, note: str, by: AbstractUser | None) -> None:
    row.state, row.note, row.decided_at = state, note, timezone.now()
    row.decided_by_id = by.pk if by else None
    row.save(update_fields=["state", "note", "decided_at", "decided_by", "result_url"])
    live.changed(row.topic)


def _note(verb: str, row: Proposal, by: AbstractUser | None) -> None:
    """The exchange is the prompt that led here: kept by its id, so that it can be erased."""
    data = {"service": row.service, "exchange": row.exchange_id, "via": row.via}
    record(actor=by, verb=verb, subject=row, project_id=row.project_id, data=data)


def offered() -> dict[str, Kind[Any]]:
    """Everything that may be proposed, by name."""
    return registry.KINDS


def as_tools() -> dict[str, Offered]:
    """The same as tools of a model: calling one proposes, and does nothing else."""
    return {
        f"{DEED}{name}": Offered(
            f"Propose, for a person to decide: {kind.purpose}",
            kind.takes.model_json_schema(),
            partial(_checked, kind),
        )
        for name, kind in offered().items()
    }


def _checked(kind: Kind[Any], given: dict[str, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = kind.arguments(given).model_dump(mode="json")
    return checked
