"""Who is here: people and service accounts."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import access, adapters, places, selectors, services
from apps.accounts.forms import (
    NewPersonForm,
    PeopleFilter,
    PersonForm,
    ServiceAccountForm,
    TokenForm,
)
from apps.accounts.models import User
from apps.accounts.views.own import make_token
from apps.accounts.views.pages import PersonRequest, attempt, shown, site_admin_required
from apps.core.access import is_site_admin
from apps.core.errors import NotFound
from apps.core.ui.tables import page

SORTS = {"username": "username", "last_login": "last_login", "joined": "date_joined"}


@login_required
@require_GET
def people(request: PersonRequest) -> HttpResponse:
    """Everybody the viewer may see."""
    filters = PeopleFilter(request.GET)
    rows = _narrowed(request.user, filters)
    listed = page(rows, request, sorts=SORTS, default="username")
    return shown(request, "people", {"page": listed, "filters": filters})


@site_admin_required
@require_http_methods(["GET", "POST"])
def new_person(request: PersonRequest) -> HttpResponse:
    """Let somebody in; the page then shows the link with which they set a password."""
    form = NewPersonForm(request.POST or None)
    made = attempt(form, lambda: services.create_person(by=request.user, **form.cleaned_data))
    if made is None:
        return shown(request, "person_new", {"form": form})
    return _with_link(request, made)


@login_required
@require_http_methods(["GET", "POST"])
def person(request: PersonRequest, pk: int) -> HttpResponse:
    """One person; a site admin corrects name and address here."""
    shown_person = access.person(request.user, pk)
    form = _person_form(request, shown_person)
    if form is not None and request.method == "POST":
        saved = attempt(
            form,
            lambda: services.edit_person(person=shown_person, by=request.user, **form.cleaned_data),
        )
        if saved is not None:
            messages.success(request, "Saved.")
            return redirect(saved)
    return shown(request, "person", _person_context(request.user, shown_person, form))


@site_admin_required
@require_POST
def act(request: PersonRequest, pk: int, verb: str) -> HttpResponse:
    """Do one thing to a person or service account."""
    user = access.user(request.user, pk)
    if verb == "password-link":
        return _with_link(request, user)
    if verb not in ACTS:
        raise NotFound(what="act")
    said = ACTS[verb](user, request.user)
    messages.success(request, f"{user} {said}.")
    return redirect(user)


@login_required
@require_GET
def service_accounts(request: PersonRequest) -> HttpResponse:
    """The machines the viewer may see."""
    rows = selectors.service_accounts(request.user)
    listed = page(rows, request, sorts=SORTS, default="username")
    return shown(request, "service_accounts", {"page": listed})


@site_admin_required
@require_http_methods(["GET", "POST"])
def new_service_account(request: PersonRequest) -> HttpResponse:
    form = ServiceAccountForm(request.POST or None)
    made = attempt(
        form, lambda: services.create_service_account(by=request.user, **form.cleaned_data)
    )
    return redirect(made) if made else shown(request, "service_account_new", {"form": form})


@login_required
@require_http_methods(["GET", "POST"])
def service_account(request: PersonRequest, pk: int) -> HttpResponse:
    """One service account and its tokens; a new token's text is shown in this answer alone."""
    account = access.service_account(request.user, pk)
    form = TokenForm(account, request.user, request.POST or None)
    made = attempt(form, lambda: make_token(form, account, request.user))
    rows = selectors.tokens_of(account, request.user)
    context = {
        "account": account,
        "form": TokenForm(account, request.user) if made else form,
        "made": made,
        "may_make": selectors.may_make_tokens_for(account, request.user),
        "page": page(rows, request, sorts={"created": "pk", "name": "name"}, default="-created"),
        "places": {place.id: place.name for place in places.visible_to(request.user)},
    }
    return shown(request, "service_account", context)


def _narrowed(viewer: User, filters: PeopleFilter) -> QuerySet[User]:
    rows = selectors.people(viewer)
    if not filters.is_valid():
        return rows.filter(is_active=True)
    rows = selectors.found(rows, filters.cleaned_data["q"], viewer=viewer)
    states = {
        "active": {"is_active": True},
        "left": {"is_active": False},
        "admin": {"is_superuser": True},
    }
    return rows.filter(**states.get(filters.cleaned_data["state"], {}))


def _person_form(request: PersonRequest, person: User) -> PersonForm | None:
    if not is_site_admin(request.user):
        return None
    initial = {"full_name": person.get_full_name(), "email": person.email}
    return PersonForm(request.POST or None, initial=initial)


def _person_context(viewer: User, person: User, form: PersonForm | None) -> dict[str, object]:
    context: dict[str, object] = {"person": person, "form": form}
    if form is not None:
        context |= {
            "factors": selectors.factor_count(person),
            "providers": selectors.linked_providers(person),
            "tokens": selectors.tokens_of(person, viewer)[:20],
            "teams": person.teams.all(),
        }
    return context


def _with_link(request: PersonRequest, person: User) -> HttpResponse:
    """Not a redirect: the link must stand in this answer and nowhere else."""
    link = services.password_link(person=person, by=request.user)
    return shown(request, "password_link", {"person": person, "link": link})


def _deactivate(user: User, by: User) -> str:
    services.deactivate(person=user, by=by)
    return "is deactivated"


def _reactivate(user: User, by: User) -> str:
    services.reactivate(person=user, by=by)
    return "is active again"


def _make_admin(user: User, by: User) -> str:
    services.make_site_admin(person=user, by=by)
    return "is a site admin now"


def _unmake_admin(user: User, by: User) -> str:
    services.unmake_site_admin(person=user, by=by)
    return "is no site admin any more"


def _remove_factors(user: User, by: User) -> str:
    services.remove_second_factors(person=user, by=by)
    return "signs in without a second factor until they add one"


def _unlock(user: User, by: User) -> str:
    adapters.forget_failures(user)
    return "may try to sign in again"


ACTS: dict[str, Callable[[User, User], str]] = {
    "deactivate": _deactivate,
    "reactivate": _reactivate,
    "make-admin": _make_admin,
    "unmake-admin": _unmake_admin,
    "remove-factors": _remove_factors,
    "unlock": _unlock,
}
