from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.errors import (
    EmailTaken,
    LastSiteAdmin,
    NoPassword,
    NotYourself,
    UsernameTaken,
)
from apps.accounts.models import IdentityProvider, User
from apps.accounts.services.tokens import revoke_tokens_of
from apps.ledger.services import record


@transaction.atomic
def create_person(
    *,
    username: str,
    by: User | None,
    email: str = "",
    full_name: str = "",
    password: str | None = None,
) -> User:
    """Let somebody in. Without a password they set one through `password_link`."""
    first, _, last = full_name.strip().partition(" ")
    person = User(username=username, email=email.lower(), first_name=first, last_name=last)
    person.set_password(password)  # None makes it unusable
    insert(person)
    _vouch(person)
    record(actor=by, verb="accounts.person_created", subject=person)
    return person


def insert(user: User) -> None:
    """Store a new user, or say which of their names is taken."""
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise _taken(user) from error


@transaction.atomic
def edit_person(*, person: User, by: User, full_name: str, email: str) -> User:
    """Correct somebody's name and address."""
    first, _, last = full_name.strip().partition(" ")
    before = (person.first_name, person.last_name, person.email)
    person.first_name, person.last_name, person.email = first, last, email.lower()
    _store(person, "first_name", "last_name", "email")
    if person.email != before[2]:
        _vouch(person)
    if (first, last, person.email) != before:
        data = {"name": (first, last) != before[:2], "email": person.email != before[2]}
        record(actor=by, verb="accounts.person_edited", subject=person, data=data)
    return person


@transaction.atomic
def edit_profile(*, person: User, full_name: str, time_zone: str, theme: str) -> User:
    """What people may change about themselves."""
    first, _, last = full_name.strip().partition(" ")
    person.first_name, person.last_name = first, last
    person.time_zone, person.theme = time_zone, theme
    _store(person, "first_name", "last_name", "time_zone", "theme")
    record(actor=person, verb="accounts.profile_edited", subject=person)
    return person


@transaction.atomic
def deactivate(*, person: User, by: User | None) -> None:
    """Somebody leaves: no sign-in, no session, no token from now on; their history stays."""
    if by is not None and by.pk == person.pk:
        raise NotYourself(act="deactivate")
    _keep_a_site_admin(but=person)
    person.is_active = False
    # A new unusable password also ends sessions and reset links that nobody has listed.
    person.set_unusable_password()
    _store(person, "is_active", "password")
    end_sessions(person)
    revoked = revoke_tokens_of(user=person, by=by)
    data = {"tokens": revoked}
    record(actor=by, verb="accounts.person_deactivated", subject=person, data=data)


@transaction.atomic
def reactivate(*, person: User, by: User) -> None:
    """Let somebody back in; a person with a password sets a new one through `password_link`."""
    person.is_active = True
    _store(person, "is_active")
    record(actor=by, verb="accounts.person_reactivated", subject=person)


@transaction.atomic
def make_site_admin(
    *, person: User, by: User | None, provider: IdentityProvider | None = None
) -> None:
    """Let a person run the portal."""
    if person.is_service:
        raise NoPassword(username=person.username, what="a service account")
    person.is_superuser = person.is_staff = True
    person.admin_from = provider
    _store(person, "is_superuser", "is_staff", "admin_from")
    data = {"provider": provider and provider.pk}
    record(actor=by, verb="accounts.site_admin_made", subject=person, data=data)


@transaction.atomic
def unmake_site_admin(*, person: User, by: User | None) -> None:
    """Take the portal out of somebody's hands, unless they are the last who holds it."""
    _keep_a_site_admin(but=person)
    person.is_superuser = person.is_staff = False
    person.admin_from = None
    _store(person, "is_superuser", "is_staff", "admin_from")
    record(actor=by, verb="accounts.site_admin_unmade", subject=person)


@transaction.atomic
def password_link(*, person: User, by: User | None) -> str:
    """A link with which somebody sets their password, once and within PASSWORD_RESET_TIMEOUT."""
    if person.is_service or not person.is_active:
        what = "a service account" if person.is_service else "deactivated"
        raise NoPassword(username=person.username, what=what)
    key = default_token_generator.make_token(person)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": key},
    )
    record(actor=by, verb="accounts.password_link_made", subject=person)
    return f"{settings.PUBLIC_URL}{path}"


@transaction.atomic
def remove_second_factors(*, person: User, by: User | None) -> int:
    """For somebody who lost theirs; they sign in without one until they add another."""
    count: int = Authenticator.objects.filter(user=person).delete()[0]
    data = {"removed": count}
    record(actor=by, verb="accounts.second_factors_removed", subject=person, data=data)
    return count


def end_sessions(person: User) -> None:
    """End every session of a person, in every browser."""
    for session in UserSession.objects.filter(user=person):
        session.end()


def forget_ended_sessions() -> None:
    """Drop sessions that are over, so that the lists of them stay true and short."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    alive = Session.objects.values("session_key")
    UserSession.objects.exclude(session_key__in=alive).delete()


def _keep_a_site_admin(*, but: User) -> None:
    """Refuse where nobody else runs the portal."""
    # Every such change locks the same rows in the same order: two of them cannot pass each other.
    admins = User.objects.select_for_update(of=("self",)).filter(is_superuser=True, is_active=True)
    left = [admin.pk for admin in admins.order_by("pk") if admin.pk != but.pk]
    if but.is_superuser and but.is_active and not left:
        raise LastSiteAdmin


def _vouch(person: User) -> None:
    """The address a site admin enters, or a trusted issuer states, counts as the person's own."""
    EmailAddress.objects.filter(user=person).delete()
    if person.email:
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)


def _store(person: User, *columns: str) -> None:
    try:
        with transaction.atomic():
            person.save(update_fields=columns)
    except IntegrityError as error:
        raise _taken(person) from error


def _taken(user: User) -> UsernameTaken | EmailTaken:
    others = User.objects.exclude(pk=user.pk)
    if user.email and others.filter(email__iexact=user.email).exists():
        return EmailTaken()
    return UsernameTaken(username=user.username)
