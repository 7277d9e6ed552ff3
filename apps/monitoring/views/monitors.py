from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Role, allows
from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.monitoring import access, explaining, pictures, selectors, services
from apps.monitoring.forms import MonitorFilterForm
from apps.monitoring.looks import KINDS
from apps.monitoring.looks.kinds import settings_of
from apps.monitoring.models import Monitor

SORTS = {"name": "name", "state": "state", "deployment": "deployment__slug", "kind": "kind"}
MOST_ALERTS = 50
MOST_VERDICTS = 20


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """What watches deployments, and what fires."""
    form = MonitorFilterForm(request.GET)
    asked = {k: v for k, v in form.cleaned_data.items() if v} if form.is_valid() else {}
    asked["words"] = asked.pop("q", "")
    listing = tables.page(
        selectors.narrowed(request.user, **asked), request, sorts=SORTS, default="name"
    )
    recent = selectors.recent([row.pk for row in listing.rows])
    context = {
        "firing": selectors.alerts(request.user).firing()[:MOST_ALERTS],
        "form": form, "filtered": any(asked.values()), "listing": listing,
        "counts": selectors.counts(request.user),
        "rows": [(row, recent.get(row.pk, [])) for row in listing.rows],
    }  # fmt: skip
    return render(request, "monitoring/list.html", context)


@login_required
@require_GET
def heat(request: UserRequest) -> HttpResponse:
    """What moved in which hour, over everything that the person may see."""
    return render(request, "monitoring/_heat.html", _heat(selectors.moving(request.user)))


@login_required
@require_GET
def monitor(request: UserRequest, pk: int) -> HttpResponse:
    """One monitor: its state and what its looks saw."""
    row = access.monitor(request.user, pk)
    own = row.kind not in KINDS
    context = _state(row) | {
        "may_look": not own and allows(request.user, row.project_id, Role.RESPONDER),
        "may_change": not own and allows(request.user, row.project_id, Role.MAINTAINER),
        "kind": KINDS.get(row.kind),
        "settings": None if own else _said(row),
    }
    return render(request, "monitoring/monitor.html", context)


@login_required
@require_GET
def state(request: UserRequest, pk: int) -> HttpResponse:
    """The part of the page that changes by itself."""
    return render(request, "monitoring/_state.html", _state(access.monitor(request.user, pk)))


@login_required
@require_POST
def evaluate(request: UserRequest, pk: int) -> HttpResponse:
    """Look now instead of at the next interval."""
    row = access.monitor(request.user, pk, Role.RESPONDER)
    services.look_now(monitor=row, by=request.user)
    messages.success(request, "It looks now; the page shows what it sees.")
    return redirect(row)


@login_required
@require_POST
def pause(request: UserRequest, pk: int) -> HttpResponse:
    """Look no more until it is resumed."""
    row = access.monitor(request.user, pk, Role.MAINTAINER)
    services.pause_monitor(monitor=row, by=request.user)
    messages.success(request, f"{row.name} is paused.")
    return redirect(row)


@login_required
@require_POST
def resume(request: UserRequest, pk: int) -> HttpResponse:
    """Look again, from now on."""
    row = access.monitor(request.user, pk, Role.MAINTAINER)
    services.resume_monitor(monitor=row, by=request.user)
    messages.success(request, f"{row.name} looks again.")
    return redirect(row)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Remove a monitor and its looks."""
    row = access.monitor(request.user, pk, Role.MAINTAINER)
    services.remove_monitor(monitor=row, by=request.user)
    messages.success(request, f"{row.name} is removed; its alerts stay.")
    return redirect("monitoring:list")


def _state(row: Monitor) -> dict[str, Any]:
    verdicts = list(row.verdicts.all()[:MOST_VERDICTS])
    latest = verdicts[0] if verdicts else None
    alerts = list(row.alerts.all()[:MOST_ALERTS])
    own = row.kind not in KINDS
    return {
        "monitor": row, "latest": latest, "verdicts": verdicts, "alerts": alerts, "own": own,
        "precision": explaining.precision(row) if alerts else None,
        "chart": None if own else pictures.series(row, selectors.points(row), alerts, latest),
        "distributions": pictures.distributions(row, latest),
        **({} if own else _heat([row])),
    }  # fmt: skip


def _heat(rows: list[Monitor]) -> dict[str, Any]:
    now = timezone.now()
    since = now - timedelta(hours=pictures.HOURS)
    names = {row.pk: row for row in rows}
    return {"heat": pictures.heat(selectors.hourly(list(names), since), names, now)}


def _said(row: Monitor) -> dict[str, str]:
    """Each setting in words; one that was never set says that it is the default."""
    values = settings_of(row).model_dump(mode="json")
    return {
        name.replace("_", " "): _word(value) + ("" if name in row.settings else " (default)")
        for name, value in values.items()
    }


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)
