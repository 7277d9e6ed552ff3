"""Asks every question of an evaluation and keeps how it went. Scripted workspaces leave no trace."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.assistant.answers import Question
from apps.assistant.eval.expected import Asked, Expected, Judged, judged
from apps.assistant.eval.questions import questions
from apps.assistant.eval.workspace import build
from apps.assistant.models import Case, EvalRun, Score
from apps.assistant.providers.sites import Site
from apps.assistant.streaming import NO_MODEL, Asking
from apps.projects.models import Project

SEEDS = (1, 2)


def shipped(seeds: Sequence[int], sites: Sequence[Site]) -> EvalRun:
    """Run the shipped set over one scripted workspace for each seed, and keep the scores."""
    started = time.perf_counter()
    found = [each for seed in seeds for each in _of_seed(seed, sites)]
    return _kept(found, sites, time.perf_counter() - started, seeds=list(seeds), project=None)


def own(project: Project, user: User, sites: Sequence[Site]) -> EvalRun:
    """Run a project's own cases as this person."""
    started = time.perf_counter()
    cases = Case.objects.visible_to(user).filter(project=project)
    asked = [
        Asked(each.origin, each.question, Expected(**_tuples(each.expected))) for each in cases
    ]
    found = _judged(asked, user, sites, project.slug)
    return _kept(found, sites, time.perf_counter() - started, seeds=[], project=project)


def _tuples(expected: dict[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in expected.items()
    }


def _of_seed(seed: int, sites: Sequence[Site]) -> list[Judged]:
    with transaction.atomic():
        space = build(seed)
        found = _judged(questions(space), space.asker, sites)
        transaction.set_rollback(True)
    return found


def _judged(
    asked: Iterable[Asked], user: User, sites: Sequence[Site], project: str | None = None
) -> list[Judged]:
    found = []
    for each in asked:
        started = time.perf_counter()
        answer = Asking(Question(user, each.question, project, each.page), sites).answer()
        found.append(judged(each, answer, time.perf_counter() - started))
    return found


@transaction.atomic
def _kept(
    found: Sequence[Judged], sites: Sequence[Site], seconds: float, *, seeds: list[int], project: Project | None
) -> EvalRun:  # fmt: skip
    run = EvalRun.objects.create(
        project=project,
        model=sites[0].model if sites else NO_MODEL,
        seeds=seeds,
        questions=len(found),
        right=sum(not each.fault for each in found),
        leaks=sum(each.leaked for each in found),
        injected=sum(each.injected for each in found),
        figures=figures(found),
        seconds=seconds,
    )
    Score.objects.bulk_create(_score(run, each) for each in found)
    return run


def _score(run: EvalRun, each: Judged) -> Score:
    return Score(
        run=run, category=each.asked.category, question=each.asked.question, answer=each.answer, right=not each.fault,
        fault=each.fault[:300], precision=each.precision, recall=each.recall, refused=each.refused, leaked=each.leaked,
        injected=each.injected, seconds=each.seconds,
    )  # fmt: skip


def figures(found: Sequence[Judged]) -> dict[str, dict[str, float | int | None]]:
    """For each category: questions, right ones, precision and recall of citations, refusals, seconds."""
    names = sorted({each.asked.category for each in found})
    return {
        name: _figures([each for each in found if each.asked.category == name]) for name in names
    }


def _figures(found: Sequence[Judged]) -> dict[str, float | int | None]:
    times = sorted(each.seconds for each in found)
    return {
        "questions": len(found),
        "right": sum(not each.fault for each in found),
        "precision": _mean([each.precision for each in found]),
        "recall": _mean([each.recall for each in found]),
        "refused": sum(each.refused for each in found),
        "leaks": sum(each.leaked for each in found),
        "injected": sum(each.injected for each in found),
        "p95_ms": round(1000 * times[min(len(times) - 1, int(0.95 * len(times)))], 1),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.fmean(known), 4) if known else None
