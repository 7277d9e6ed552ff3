"""Who asks: the owner of a token, or the person whose session the browser sends along."""

from __future__ import annotations

from importlib import import_module
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie
from django.shortcuts import resolve_url

from apps.accounts import selectors as accounts
from apps.accounts.models import User
from apps.core import origins
from apps.models.proxy import refusals
from apps.models.proxy.ask import PREFIX, Ask

SESSIONS = import_module(settings.SESSION_ENGINE)
READING = frozenset({"GET", "HEAD"})
# What a browser says of a request that one of the portal's own pages made, or that was typed in.
OWN_SITES = frozenset({"same-origin", "none", ""})


def caller(ask: Ask) -> User:
    """The user who asks. A token that is no good is refused, whatever session comes with it."""
    if ask.header(b"authorization"):
        if (found := accounts.user_of_token(ask.token)) is not None:
            return found[0]
        raise refusals.no_token()
    if (user := _of_session(ask)) is None:
        raise refusals.Elsewhere(_sign_in()) if _is_visit(ask) else refusals.no_token()
    if not _is_visit(ask):
        _refuse_other_pages(ask)
    return user


def _of_session(ask: Ask) -> User | None:
    """Checked as pages check it: a session has a user once every factor of theirs was asked for."""
    key = parse_cookie(ask.header(b"cookie")).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = SESSIONS.SessionStore(key)
    user = get_user(request)
    return user if isinstance(user, User) and user.is_active else None


def _refuse_other_pages(ask: Ask) -> None:
    """MLflow's page sends no CSRF token, so a session counts from the portal's own pages alone."""
    site, origin = ask.header(b"sec-fetch-site"), ask.header(b"origin")
    own = origins.is_own(origin, ask.header(b"host")) if origin else site == "same-origin"
    reads = ask.method in READING and not origin
    if site not in OWN_SITES or not (own or reads):
        raise refusals.denied("A session counts here only from the portal's own pages.")


def _is_visit(ask: Ask) -> bool:
    """Whether somebody opens MLflow's page in a browser, from wherever."""
    opens = ask.method in READING and ask.path == "/"
    return opens and "text/html" in ask.header(b"accept")


def _sign_in() -> str:
    return f"{resolve_url(settings.LOGIN_URL)}?next={quote(f'{PREFIX}/')}"
