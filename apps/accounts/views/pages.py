"""What every settings page shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.accounts.models import User
from apps.core.access import is_site_admin, require_site_admin
from apps.core.errors import PortalError

T = TypeVar("T")
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Section:
    """One tab of the settings; the first of its pages is where it leads."""

    label: str
    pages: tuple[str, ...]
    site_admin: bool = False


SECTIONS = (
    Section("Profile", ("profile",)),
    Section("API tokens", ("tokens",)),
    Section("People", ("people", "person", "person_new", "password_link")),
    Section("Teams", ("teams", "team", "team_new")),
    Section("Service accounts", ("service_accounts", "service_account", "service_account_new")),
    Section("Sign-in", ("providers", "provider", "provider_new"), site_admin=True),
    Section("Explain", ("explain",)),
    Section("Leavers", ("orphans",), site_admin=True),
)


class PersonRequest(HttpRequest):
    """A request behind `login_required`: its user is one of ours."""

    user: User


def site_admin_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only for who runs the portal."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert isinstance(request.user, User)
        require_site_admin(request.user)
        return view(request, *args, **kwargs)

    return guarded


def attempt(form: forms.Form, act: Callable[[], T]) -> T | None:
    """Act on valid input; a refusal of the service becomes an error of the form."""
    if not form.is_valid():
        return None
    try:
        return act()
    except PortalError as error:
        form.add_error(None, str(error))
        return None


def shown(request: PersonRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """A page; 422 where it shows a form that could not be used."""
    bad = any(isinstance(value, forms.Form) and value.errors for value in context.values())
    status = UNPROCESSABLE if bad and request.method == "POST" else 200
    within = {**context, "sections": _sections(request.user, name)}
    return render(request, f"accounts/{name}.html", within, status=status)


def _sections(user: User, shown_page: str) -> list[tuple[str, str, bool]]:
    """The tabs of the settings: label, address, and whether it is the open one."""
    runs_it = is_site_admin(user)
    return [
        (section.label, reverse(f"accounts:{section.pages[0]}"), shown_page in section.pages)
        for section in SECTIONS
        if runs_it or not section.site_admin
    ]
