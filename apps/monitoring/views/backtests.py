from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from apps.core import access_jobs
from apps.core.access import Role, allows
from apps.core.errors import NotFound, PortalError
from apps.core.models import Job
from apps.core.typing import UserRequest
from apps.monitoring import access, pictures, services
from apps.monitoring.forms import BacktestForm
from apps.monitoring.looks import kinds
from apps.monitoring.models import Monitor


@login_required
@require_http_methods(["GET", "POST"])
def backtest(request: UserRequest, pk: int) -> HttpResponse:
    """Try a setting on history before it is used."""
    least = Role.RESPONDER if request.method == "POST" else Role.VIEWER
    row = access.monitor(request.user, pk, least)
    kind = kinds.of(row.kind)
    form = BacktestForm(request.POST or None, monitor=row, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            return _asked(request, row, form.cleaned_data)
        except PortalError as error:
            form.refuse(error)
    context = {"monitor": row, "form": form, **_shown(request, row)}
    return render(request, "monitoring/backtest.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def use(request: UserRequest, pk: int) -> HttpResponse:
    """Take over the setting that a back-test has tried."""
    row = access.monitor(request.user, pk, Role.MAINTAINER)
    job = _job(request, row, request.POST.get("job", ""))
    if job is None:
        raise NotFound(what="back-test")
    services.use_setting(monitor=row, job=job, by=request.user)
    messages.success(request, f"{row.name} uses the setting that was tried.")
    return redirect(row)


def _asked(request: UserRequest, row: Monitor, asked: dict[str, Any]) -> HttpResponse:
    until = timezone.now()
    job = services.ask_backtest(
        monitor=row,
        wanted=asked["wanted"],
        stretch=(until - timedelta(days=asked["days"]), until),
        by=request.user,
    )
    return redirect(f"{reverse('monitoring:backtest', args=[row.pk])}?job={job.pk}")


def _shown(request: UserRequest, row: Monitor) -> dict[str, Any]:
    """The back-test that the address names, as far as it has come."""
    job = _job(request, row, request.GET.get("job", ""))
    result = job.result if job is not None and job.state == Job.State.DONE else None
    done = isinstance(result, dict) and "wanted" in result
    return {
        "job": job,
        "result": result if done else None,
        "chart": pictures.replayed(result) if done and isinstance(result, dict) else None,
        "tried": job.args["wanted"] if job else None,
        "may_look": allows(request.user, row.project_id, Role.RESPONDER),
        "may_change": allows(request.user, row.project_id, Role.MAINTAINER),
    }


def _job(request: UserRequest, row: Monitor, text: str) -> Job | None:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        return None
    job = access_jobs.job(request.user, int(text))
    fits = job.kind == "monitoring.backtest" and job.args.get("monitor_id") == row.pk
    if not fits:
        raise NotFound(what="back-test")
    return job
