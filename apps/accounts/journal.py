"""What happens at sign-in, as ledger entries: ids only, never a name, an address or a code."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from allauth.socialaccount import signals as social_signals
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest

from apps.accounts.models import User
from apps.ledger.services import record


def connect() -> None:
    """Listen to django-allauth, which announces some steps by signal alone."""
    account_signals.user_logged_in.connect(_signed_in)
    account_signals.user_logged_out.connect(_signed_out)
    account_signals.user_signed_up.connect(_arrived)
    for signal in (
        account_signals.password_changed,
        account_signals.password_set,
        account_signals.password_reset,
    ):
        signal.connect(_password_changed)
    mfa_signals.authenticator_added.connect(_factor_added)
    mfa_signals.authenticator_removed.connect(_factor_removed)
    mfa_signals.authenticator_reset.connect(_factor_reset)
    mfa_signals.authentication_failed.connect(_factor_failed)
    social_signals.social_account_added.connect(_linked)
    social_signals.social_account_removed.connect(_unlinked)


def sign_in_failed(user: User | None) -> None:
    """A wrong password for somebody who exists; a name that nobody has is no subject."""
    if user is not None:
        _note("accounts.sign_in_failed", user, proven=False)


def session_ended(session: UserSession) -> None:
    """Somebody ended a session from the list of theirs."""
    _note("accounts.session_ended", session.user, data={"session": session.pk})


def _signed_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    steps = get_authentication_records(request, user)
    _note("accounts.signed_in", user, data={"methods": [step["method"] for step in steps]})


def _signed_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        _note("accounts.signed_out", user)


def _arrived(sender: Any, user: User, **_: Any) -> None:
    _note("accounts.person_created", user, data={"by_provider": True})


def _password_changed(sender: Any, user: User, **_: Any) -> None:
    _note("accounts.password_changed", user)


def _factor_added(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _note("accounts.second_factor_added", user, data=_factor(authenticator))


def _factor_removed(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _note("accounts.second_factor_removed", user, data=_factor(authenticator))


def _factor_reset(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    _note("accounts.second_factor_reset", user, data=_factor(authenticator))


def _factor_failed(sender: Any, user: User, **_: Any) -> None:
    _note("accounts.second_factor_failed", user, proven=False)


def _linked(sender: Any, sociallogin: Any, **_: Any) -> None:
    _note("accounts.provider_linked", sociallogin.user, data={"link": sociallogin.account.pk})


def _unlinked(sender: Any, socialaccount: Any, **_: Any) -> None:
    _note("accounts.provider_unlinked", socialaccount.user)


def _factor(authenticator: Authenticator) -> dict[str, Any]:
    return {"authenticator": authenticator.pk, "type": str(authenticator.type)}


@transaction.atomic
def _note(
    verb: str, user: User, *, proven: bool = True, data: dict[str, Any] | None = None
) -> None:
    """People act on themselves, unless nobody has proven to be this person."""
    record(actor=user if proven else None, verb=verb, subject=user, data=data)
