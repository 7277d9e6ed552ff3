"""Pages of policies, and of how each person is paged."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import User
from apps.core.access import Role, allows
from apps.core.errors import Invalid, PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.incidents.oncall import access, contacts, policies, schedules, selectors
from apps.incidents.oncall.contacts import Told
from apps.incidents.oncall_forms import (
    ChooseProjectForm,
    ContactRuleForm,
    PolicyForm,
    QuietForm,
    of_policy,
)
from apps.projects import access as projects_access
from apps.projects import selectors as projects
from apps.projects.models import Project

SORTS = {"name": "name", "project": "project__name"}
NEW_STEPS = 3


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """Whom incidents page, by project and severity."""
    listing = tables.page(selectors.policies(request.user), request, sorts=SORTS, default="project")
    may_make = projects.held(request.user, Role.MAINTAINER).exists()
    context = {"listing": listing, "may_make": may_make}
    return render(request, "incidents/oncall/policies.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """A policy of a project, which is chosen first."""
    slug = request.GET.get("project", "")
    if not slug:
        return render(request, "incidents/oncall/policy_choose.html", _choice(request))
    project = projects_access.project(request.user, slug, Role.MAINTAINER)
    sent = request.POST if request.method == "POST" else None
    form = PolicyForm(sent, user=request.user, project=project, steps=NEW_STEPS)
    if form.is_valid() and (made := _made(request, project, form)) is not None:
        return made
    context = {"project": project, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "incidents/oncall/policy_new.html", context, status=status)


def _choice(request: UserRequest) -> dict[str, Any]:
    may_make = projects.held(request.user, Role.MAINTAINER).exists()
    return {"form": ChooseProjectForm(user=request.user), "may_make": may_make}


def _made(request: UserRequest, project: Project, form: PolicyForm) -> HttpResponse | None:
    try:
        return redirect(
            policies.create_policy(project=project, wanted=form.wanted, by=request.user)
        )
    except PortalError as error:
        form.refuse(error)
        return None


@login_required
@require_http_methods(["GET", "POST"])
def policy(request: UserRequest, pk: int) -> HttpResponse:
    """One policy; a maintainer changes it."""
    at_least = Role.MAINTAINER if request.method == "POST" else Role.VIEWER
    row = access.policy(request.user, pk, at_least)
    form = of_policy(row, request.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            policies.change_policy(policy=row, wanted=form.wanted, by=request.user)
            messages.success(request, "Saved. Incidents that are open go on as they were planned.")
            return redirect(row)
        except PortalError as error:
            form.refuse(error)
    may_change = allows(request.user, row.project_id, Role.MAINTAINER)
    context = {"policy": row, "form": form, "may_change": may_change}
    status = 422 if form.is_bound else 200
    return render(request, "incidents/oncall/policy.html", context, status=status)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Take a policy away."""
    row = access.policy(request.user, pk, Role.MAINTAINER)
    policies.remove_policy(policy=row, by=request.user)
    messages.success(request, f"The policy {row.name} is gone.")
    return redirect("incidents:policies")


@login_required
@require_GET
def me(request: UserRequest) -> HttpResponse:
    """How the person is paged."""
    return render(request, "incidents/oncall/me.html", _me(request))


@login_required
@require_POST
def add_rule(request: UserRequest) -> HttpResponse:
    """One more way to be reached."""
    form = ContactRuleForm(request.POST, user=request.user)
    if form.is_valid():
        try:
            contacts.add_rule(user=_self(request), **form.cleaned_data)
            return redirect("incidents:me")
        except PortalError as error:
            form.refuse(error)
    context = _me(request) | {"rule_form": form}
    return render(request, "incidents/oncall/me.html", context, status=422)


@login_required
@require_POST
def remove_rule(request: UserRequest, pk: int) -> HttpResponse:
    """Not this way any more."""
    contacts.remove_rule(rule=access.rule(request.user, pk), by=request.user)
    return redirect("incidents:me")


@login_required
@require_POST
def quiet(request: UserRequest) -> HttpResponse:
    """When only mail is wanted."""
    form = QuietForm(request.POST)
    if form.is_valid():
        try:
            contacts.set_quiet_hours(user=_self(request), **form.cleaned_data)
            return redirect("incidents:me")
        except PortalError as error:
            form.refuse(error)
    context = _me(request) | {"quiet_form": form}
    return render(request, "incidents/oncall/me.html", context, status=422)


@login_required
@require_POST
def subscribe(request: UserRequest) -> HttpResponse:
    """Let this browser show pages; the body is what the browser's push service gave."""
    try:
        given = _subscription(request.body)
        made = contacts.subscribe(user=_self(request), **given)
    except PortalError as error:
        return JsonResponse({"detail": str(error)}, status=error.status)
    return JsonResponse({"id": made.pk}, status=201)


@login_required
@require_POST
def unsubscribe(request: UserRequest, pk: int) -> HttpResponse:
    """Let a browser show nothing any more."""
    row = access.subscription(request.user, pk)
    contacts.unsubscribe(subscription=row, by=request.user)
    return redirect("incidents:me")


@login_required
@require_POST
def test(request: UserRequest) -> HttpResponse:
    """Send a message that says that it is a test, by each of the person's ways."""
    url = f"{settings.PUBLIC_URL}{reverse('incidents:me')}"
    told = Told(
        "Test from Signalbox", "This is how a page reaches you. Nothing needs to be done.", url
    )
    key = f"test-{request.user.pk}-{int(timezone.now().timestamp())}"
    count = contacts.tell(user=_self(request), told=told, key=key)
    if count:
        messages.success(
            request, f"{count} test {'message is' if count == 1 else 'messages are'} sent."
        )
    else:
        messages.error(request, "There is no way to reach you. Add one below.")
    return redirect("incidents:me")


@login_required
@require_POST
def make_link(request: UserRequest, pk: int = 0) -> HttpResponse:
    """A secret calendar address, told once: of a schedule, or of the person's own shifts."""
    row = access.schedule(request.user, pk) if pk else None
    _, secret = schedules.make_link(user=_self(request), schedule=row)
    address = f"{settings.PUBLIC_URL}{reverse('incidents:oncall_calendar', args=[secret])}"
    context = {"address": address, "schedule": row}
    return render(request, "incidents/oncall/link.html", context)


@login_required
@require_POST
def revoke_link(request: UserRequest, pk: int) -> HttpResponse:
    """End a calendar address."""
    schedules.revoke_link(link=access.link(request.user, pk), by=request.user)
    messages.success(request, "The address leads nowhere now.")
    return redirect("incidents:me")


def _me(request: UserRequest) -> dict[str, Any]:
    hours = selectors.quiet_hours(request.user)
    initial = {"begins": hours.begins, "ends": hours.ends} if hours else {}
    return {
        "rules": selectors.contact_rules(request.user),
        "rule_form": ContactRuleForm(user=request.user),
        "quiet_form": QuietForm(initial=initial),
        "quiet": hours,
        "browsers": selectors.subscriptions(request.user),
        "links": selectors.links(request.user),
        "calls": selectors.calls(request.user).filter(user_id=request.user.pk).order_by("-pk")[:20],
        "push_key": selectors.push_key(),
        "mail_works": contacts.mail_works(),
    }


def _subscription(body: bytes) -> dict[str, str]:
    try:
        given = json.loads(body)
        found = {
            "endpoint": given["endpoint"],
            "key": given["keys"]["p256dh"],
            "auth": given["keys"]["auth"],
            "name": given.get("name", ""),
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid(field="subscription", reason="endpoint and keys are missing") from error
    if not all(isinstance(value, str) and "\0" not in value for value in found.values()):
        raise Invalid(field="subscription", reason="texts are asked for")
    return found


def _self(request: UserRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
