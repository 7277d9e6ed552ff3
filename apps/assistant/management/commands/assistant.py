from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.selectors import user_signing_in
from apps.assistant import services, writers
from apps.assistant.answers import Answer
from apps.assistant.planner import Question
from apps.core.errors import PortalError
from apps.projects import access as projects


class Command(BaseCommand):
    help = "Ask the assistant: manage.py assistant ask QUESTION --as ada [--project fraud] [--json]"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["ask"])
        parser.add_argument("question")
        parser.add_argument("--as", dest="user", required=True, help="whose rights count")
        parser.add_argument("--project", help="the slug of the only project to look into")
        parser.add_argument("--json", action="store_true", help="evidence and timings too")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_signing_in(options["user"])
        if user is None:
            raise CommandError(f"--as: there is no {options['user']}")
        try:
            if options["project"]:
                projects.project(user, options["project"])
        except PortalError as error:
            raise CommandError(f"--project: {error}") from error
        question = Question(user, options["question"], options["project"])
        answer = services.ask(question, writers.connected())
        self.stdout.write(_json(answer) if options["json"] else answer.text)


def _json(answer: Answer) -> str:
    return json.dumps(
        {
            "answer": answer.text,
            "sentences": [asdict(sentence) for sentence in answer.sentences],
            "evidence": [asdict(piece) for piece in answer.evidence],
            "model": answer.model,
            "timings": answer.timings,
        }
    )
