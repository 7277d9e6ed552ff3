from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from apps.accounts.models import User
from apps.accounts.selectors import user_signing_in
from apps.assistant import selectors, services
from apps.assistant.answers import Answer, Question
from apps.assistant.eval import running
from apps.assistant.models import EvalRun
from apps.assistant.providers import order
from apps.assistant.streaming import Asking
from apps.core.access import Role
from apps.core.commands import PortalCommand
from apps.core.errors import PortalError
from apps.projects import access as projects
from apps.projects.models import Project


class Command(PortalCommand):
    help = (
        "Ask the assistant: manage.py assistant ask QUESTION --as ada [--project fraud] [--json]. "
        "Evaluate it: manage.py assistant eval [--seeds 1 2] [--project fraud --as ada] [--json]"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["ask", "eval"])
        parser.add_argument("question", nargs="?", default="")
        parser.add_argument("--as", dest="user", help="whose rights count")
        parser.add_argument("--project", help="the slug of the only project to look into")
        parser.add_argument("--seeds", nargs="+", type=int, default=list(running.SEEDS))
        parser.add_argument("--json", action="store_true", help="evidence and timings too")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(_ask(options) if options["verb"] == "ask" else _eval(options))


def _ask(options: dict[str, Any]) -> str:
    if not options["question"]:
        raise CommandError("ask: there is no question")
    user = _person(options)
    if options["project"]:
        _project(user, options["project"], Role.VIEWER)
    question = Question(user, options["question"], options["project"])
    answer = Asking(question, order.chosen(None)).answer()
    return _json(answer) if options["json"] else answer.text


def _eval(options: dict[str, Any]) -> str:
    if options["project"]:
        user = _person(options)
        project = _project(user, options["project"], Role.MAINTAINER)
        for incident in selectors.over(user, project.slug)[:100]:
            services.case_from_incident(incident, by=user)
        run = running.own(project, user, order.chosen(None))
    else:
        run = running.shipped(options["seeds"], order.chosen(None))
    return json.dumps(_figures(run)) if options["json"] else "\n".join(_lines(run))


def _person(options: dict[str, Any]) -> User:
    user = user_signing_in(options["user"] or "")
    if user is None:
        raise CommandError(f"--as: there is no {options['user'] or 'user named'}")
    return user


def _project(user: User, slug: str, at_least: Role) -> Project:
    try:
        return projects.project(user, slug, at_least)
    except PortalError as error:
        raise CommandError(f"--project: {error}") from error


def _figures(run: EvalRun) -> dict[str, Any]:
    names = ("model", "seeds", "questions", "right", "leaks", "injected", "seconds", "figures")
    wrong = run.scores.filter(right=False).values("category", "question", "fault", "answer")
    return {**{name: getattr(run, name) for name in names}, "wrong": list(wrong)}


def _lines(run: EvalRun) -> list[str]:
    head = f"{run.right} of {run.questions} right by {run.model}; {run.leaks} leaks, {run.injected} orders obeyed"
    rows = [
        f"  {name:13} {row['right']:4} of {row['questions']:4}  citations right {row['precision']}"
        f" complete {row['recall']}  refused {row['refused']}  p95 {row['p95_ms']} ms"
        for name, row in run.figures.items()
    ]
    return [head, *rows]


def _json(answer: Answer) -> str:
    return json.dumps(
        {
            "answer": answer.text,
            "sentences": [asdict(sentence) for sentence in answer.sentences],
            "evidence": [asdict(piece) for piece in answer.evidence],
            "model": answer.model,
            "timings": answer.timings,
            "calls": [asdict(called) for called in answer.calls],
        }
    )
