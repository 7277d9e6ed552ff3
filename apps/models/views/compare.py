from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.errors import Invalid, Retryable
from apps.core.typing import UserRequest
from apps.models import access, comparing, metric_history, selectors
from apps.models.models import Run
from apps.models.views.frame import frame

CURVES = 4
MOST_OFFERED = 100


@login_required
@require_GET
def compare(request: UserRequest) -> HttpResponse:
    """Up to twenty runs side by side: params that differ first, metrics, curves, and all at once."""
    ids, runs = _asked(request)
    context: dict[str, Any] = {"runs": runs, "absent": len(ids) - len(runs), **frame(request)}
    if len(runs) > 1:
        context |= {
            "params": comparing.params(runs),
            "metrics": comparing.metrics(runs),
            "parallel": comparing.parallel(runs),
        }
    return render(request, "models/compare.html", context)


@login_required
@require_GET
def curves(request: UserRequest) -> HttpResponse:
    """The fragment of metric curves, a line for each run; MLflow knows the values on the way."""
    _, runs = _asked(request)
    return render(request, "models/_curves.html", curves_of(runs, request.GET.getlist("metric")))


@login_required
@require_GET
def run_curves(request: UserRequest, pk: int) -> HttpResponse:
    """The same for one run."""
    row = access.run(request.user, pk)
    return render(request, "models/_curves.html", curves_of([row], request.GET.getlist("metric")))


def curves_of(runs: list[Run], wanted: list[str]) -> dict[str, Any]:
    """The charts of these metrics, else of the first few that have more than one step."""
    stepped = sorted({key for run in runs for key, at in run.metric_steps.items() if at[0] > 0})
    asked = [key for key in dict.fromkeys(wanted) if any(key in run.metrics for run in runs)]
    shown = asked[:CURVES] or stepped[:CURVES]
    offered = list(dict.fromkeys([*shown, *stepped]))[:MOST_OFFERED]
    context = {"runs": runs, "shown": shown, "offered": offered}
    try:
        charts = [
            metric_history.curve(key, runs, metric_history.histories(runs, key)) for key in shown
        ]
    except Retryable as error:
        return {**context, "trouble": str(error)}
    return {**context, "charts": charts}


def _asked(request: UserRequest) -> tuple[list[int], list[Run]]:
    """The ids of the address, and those of the runs that are visible, in their order."""
    ids = list(dict.fromkeys(_id(given) for given in request.GET.getlist("run")))
    if len(ids) > comparing.MOST_RUNS:
        raise Invalid(field="run", reason=f"at most {comparing.MOST_RUNS} runs are compared")
    found = selectors.runs(request.user).in_bulk(ids)
    return ids, [found[pk] for pk in ids if pk in found]


def _id(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Invalid(field="run", reason="the id of a run, as its page has it in its address")
    return int(given)
