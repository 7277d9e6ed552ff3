from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role
from apps.core.errors import NotFound, PortalError
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.demo import access, selectors, services, shown
from apps.demo.forms import RateForm, StoryForm

VERBS = {
    "start": services.start,
    "stop": services.stop,
    "reset": services.reset,
    "remove": services.remove,
}
SORTS = {"started": "started_at", "fault": "fault", "state": "state"}


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """The stage: where the demo stands, the story that goes on, and a new one to begin."""
    access.require_look(request.user)
    return render(request, "demo/index.html", shown.page(request.user))


@login_required
@require_GET
def state(request: UserRequest) -> HttpResponse:
    """The part of the page that changes by itself."""
    access.require_look(request.user)
    return render(request, "demo/_state.html", shown.state(request.user))


@login_required
@require_POST
def begin(request: UserRequest) -> HttpResponse:
    """Begin a story or a drill."""
    access.require_look(request.user)
    form = StoryForm(request.POST, user=request.user)
    if not form.is_valid():
        context = shown.page(request.user) | {"form": form}
        return render(request, "demo/index.html", context, status=422)
    feed = access.feed(request.user, form.cleaned_data["world"])
    try:
        story = services.start_story(
            feed=feed,
            fault=form.cleaned_data["fault"],
            mode=form.cleaned_data["mode"],
            by=request.user,
        )
    except PortalError as error:
        messages.error(request, str(error))
        return redirect("demo:index")
    return redirect(story)


@login_required
@require_GET
def story(request: UserRequest, pk: int) -> HttpResponse:
    """One story, stage by stage, each with what was seen."""
    row = access.story(request.user, pk)
    return render(request, "demo/story.html", shown.story(request.user, row))


@login_required
@require_GET
def story_state(request: UserRequest, pk: int) -> HttpResponse:
    """The stages of one story, as they stand."""
    row = access.story(request.user, pk)
    return render(request, "demo/_story.html", shown.story(request.user, row))


@login_required
@require_POST
def end(request: UserRequest, pk: int) -> HttpResponse:
    """Stop a story."""
    row = access.story(request.user, pk, Role.RESPONDER)
    try:
        services.stop_story(story=row, by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect(row)


@login_required
@require_GET
def drills(request: UserRequest) -> HttpResponse:
    """Every drill with its times."""
    access.require_look(request.user)
    listing = tables.page(selectors.drills(request.user), request, sorts=SORTS, default="-started")
    return render(request, "demo/drills.html", {"listing": listing, "rows": shown.scored(listing)})


@login_required
@require_POST
def act(request: UserRequest, verb: str) -> HttpResponse:
    """Start, stop, put back or remove the demo."""
    access.require_run(request.user)
    if verb not in VERBS:
        raise NotFound(what="action")
    try:
        VERBS[verb](by=request.user)
    except PortalError as error:
        messages.error(request, str(error))
    return redirect("demo:index")


@login_required
@require_POST
def rate(request: UserRequest) -> HttpResponse:
    """Set how much traffic there is."""
    access.require_run(request.user)
    form = RateForm(request.POST)
    if not form.is_valid():
        context = shown.page(request.user) | {"rate_form": form}
        return render(request, "demo/index.html", context, status=422)
    services.set_rate(by=request.user, **form.cleaned_data)
    return redirect("demo:index")
