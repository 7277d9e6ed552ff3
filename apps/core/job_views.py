from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core import access, access_jobs, house, job_selectors, jobs
from apps.core.errors import Invalid
from apps.core.job_forms import JobFilterForm, LinesForm
from apps.core.jobs import values
from apps.core.models import Job
from apps.core.typing import UserRequest
from apps.core.ui import tables


@login_required
@require_GET
def job_list(request: UserRequest) -> HttpResponse:
    """Background work: one's own, or all that one may see."""
    form = JobFilterForm(request.GET, user=request.user)
    wanted = form.wanted
    found = job_selectors.wanted_jobs(request.user, wanted)
    page = tables.page(found, request, sorts={"id": "id"}, default="-id")
    context = {
        "form": form,
        "page": page,
        "rows": [(job, form.places.get(job.project_id or 0)) for job in page.rows],
        "topics": _topics(request.user.pk, wanted.mine, list(form.places)),
        "wanted": wanted,
    }
    return render(request, "core/jobs.html", context)


def _topics(user_id: int, mine: bool, project_ids: list[int]) -> str:
    """What the list listens to; a page may listen to a hundred topics at most."""
    others = [] if mine else [f"project_jobs:{pk}" for pk in project_ids[:50]]
    return " ".join([f"jobs:{user_id}", *others])


@login_required
@require_GET
def job_page(request: UserRequest, pk: int) -> HttpResponse:
    """One job: how far it is, what it says, who asked for it."""
    job = access_jobs.job(request.user, pk)
    form = LinesForm(request.GET)
    before = form.cleaned_data["before"] if form.is_valid() else None
    context = {**_state(request, job), "tail": job_selectors.tail(job, before=before)}
    return render(request, "core/job.html", {**context, "before": before})


@login_required
@require_GET
def job_state(request: UserRequest, pk: int) -> HttpResponse:
    """The part of the page that moves."""
    job = access_jobs.job(request.user, pk)
    return render(request, "core/_job_state.html", _state(request, job))


@login_required
@require_GET
def job_lines(request: UserRequest, pk: int) -> HttpResponse:
    """What the log gained since `?after=`."""
    job = access_jobs.job(request.user, pk)
    form = LinesForm(request.GET)
    if not form.is_valid() or form.cleaned_data["after"] is None:
        raise Invalid(field="after", reason="send the number of the last line you have, or 0.")
    gained = job_selectors.lines_after(job, after=form.cleaned_data["after"])
    context = {"job": job, "tail": gained, "last": gained.last or form.cleaned_data["after"]}
    return render(request, "core/_job_lines.html", context)


def _state(request: UserRequest, job: Job) -> dict[str, object]:
    return {
        "job": job,
        "place": job_selectors.place_of(request.user, job),
        "args": values.shown(job.args),
        "result": values.shown(job.result),
        "may_steer": access_jobs.may_steer(request.user, job),
        "retry": job.retries.order_by("-pk").first(),
    }


@login_required
@require_POST
def cancel_job(request: UserRequest, pk: int) -> HttpResponse:
    """Ask a job to stop."""
    job = jobs.request_cancel(access_jobs.job_to_steer(request.user, pk), by=request.user)
    if job.is_active:
        messages.info(request, f"{job} stops at its next step.")
    else:
        messages.success(request, f"{job} is cancelled.")
    return redirect(job)


@login_required
@require_POST
def retry_job(request: UserRequest, pk: int) -> HttpResponse:
    """Do the same work again as a new job."""
    job = access_jobs.job_to_steer(request.user, pk)
    return redirect(jobs.try_again(job, by=request.user))


@login_required
@require_GET
def processes(request: UserRequest) -> HttpResponse:
    """What runs on this machine, what died when, and what waits in the queues."""
    access.require_site_admin(request.user)
    name = "core/_processes.html" if request.headers.get("HX-Request") else "core/processes.html"
    return render(request, name, {"house": house.look()})
