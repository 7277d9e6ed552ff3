from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.core.typing import UserRequest
from apps.core.ui import tables
from apps.models import access, columns, selectors
from apps.models.forms import RunFilterForm
from apps.models.search import listing
from apps.models.search.grammar import read_field, read_filter
from apps.models.search.ordering import Cut, bounds
from apps.models.search.tree import NEWEST, Term
from apps.models.views.frame import frame

PER_PAGE = 50
MOST_EXPERIMENTS = 500
MOST_METRICS, MOST_CHILDREN = 100, 20
NOTHING = listing.Page([], None, None)


@login_required
@require_GET
def runs(request: UserRequest) -> HttpResponse:
    """Runs by filter, experiment and state, sorted by whatever they logged."""
    found = selectors.experiments(request.user).values_list("pk", "name")
    form = RunFilterForm(request.GET, experiments=list(found[:MOST_EXPERIMENTS]))
    form.full_clean()
    readable, terms = "filter" not in form.errors, _terms(request.GET)
    page = _page(request, form.cleaned_data, terms) if readable else NOTHING
    shown = columns.chosen(request.GET.getlist("column")) or columns.usual(page.rows, terms[0])
    context = {
        "listing": page,
        "form": form,
        "columns": shown,
        "offered": columns.offered(page.rows, shown),
        "rows": [Row(run, [Cell(each, each.of(run)) for each in shown]) for run in page.rows],
        "filtered": any(form.cleaned_data.values()),
        "kept": _kept(request.GET),
        **frame(request),
    }
    return render(request, "models/runs.html", context, status=200 if readable else 400)


@login_required
@require_GET
def run(request: UserRequest, pk: int) -> HttpResponse:
    """One run: params, metrics and their curves, tags, data, nested runs, and versions made from it."""
    row = access.run(request.user, pk)
    kin = selectors.kin(request.user, row)
    metrics = Paginator(sorted(row.metrics.items()), MOST_METRICS)
    context = {
        "run": row,
        "metrics": metrics.get_page(request.GET.get("page")),
        "parent": kin.parent,
        "children": kin.children[:MOST_CHILDREN],
        "siblings_filter": f"tags.`mlflow.parentRunId` = '{row.mlflow_id}'",
        "versions": selectors.versions(request.user).filter(run=row),
    }
    return render(request, "models/run.html", {**context, **frame(request)})


@dataclass(frozen=True, slots=True)
class Cell:
    """What a run has in a column."""

    column: columns.Column
    value: Any


@dataclass(frozen=True, slots=True)
class Row:
    """A run with its cells."""

    run: Any
    cells: list[Cell]


def _page(request: UserRequest, wanted: dict[str, Any], terms: tuple[Term, ...]) -> listing.Page:
    backwards = tables.BEFORE in request.GET
    cursor = request.GET.get(tables.BEFORE if backwards else tables.AFTER, "")
    start = listing.read(cursor, terms)
    within = bounds(read_filter(wanted.get("filter", "")), terms)
    cut = Cut(terms, PER_PAGE, start, backwards and start is not None, within)
    found = selectors.run_list(request.user, wanted).defer("inputs", "metric_steps")
    return listing.page(found, cut, listing.projects_with_runs(request.user))


def _terms(query: QueryDict) -> tuple[Term, ...]:
    """`-metrics.f1` as a header of the list writes it; newest first where it says nothing."""
    given = query.get(tables.SORT, "")
    field = read_field(given.removeprefix("-"))
    return (Term(field, given.startswith("-")),) if field else NEWEST


def _kept(query: QueryDict) -> list[tuple[str, str]]:
    """What stays in the address when the columns change."""
    names = [*RunFilterForm.base_fields, tables.SORT]
    return [(name, value) for name in names if (value := query.get(name, ""))]
