"""The assistant: how fast it answers among 100,000 runs and 10,000 passages, and what liars get past its checker."""

from __future__ import annotations

from bench import seed
from bench.house import House, house
from tests.assistant.lies import evidence, holds, lies, truths, world

PASSAGES = 10_000
FIRST, WHOLE, LOST = 300.0, 1000.0, 0.02
SEEDS = range(20)

# One real page per model of words, copied until there are enough: words as common as in a team's own runbooks.
FILL = """
from django.db import connection
from apps.accounts.models import User
from apps.docs import services
from apps.projects.models import Project
fraud, owner = Project.objects.get(slug="fraud"), User.objects.get(username="fraud")
topics = ("drift", "latency", "memory", "replicas", "labels", "features", "rollback", "budget", "retraining", "schema")
for number, topic in enumerate(topics):
    body = f"# {topic.title()} is off\\n\\n" + "\\n\\n".join(
        f"## Step {step} for {topic}\\n\\n1. Look at the {topic} of the model.\\n2. Tell the owner of {other}."
        for step, other in enumerate(topics))
    services.write(project=fraud, kind="runbook", body=body, by=owner)
with connection.cursor() as cursor:
    cursor.execute('''
        INSERT INTO docs_passage (document_id, position, heading, anchor, text, terms, vector, tx)
        SELECT document_id, 1000 + n, heading, anchor || n, text || ' ' || n, terms, vector, 0
        FROM (SELECT * FROM docs_passage ORDER BY id LIMIT 100) real, generate_series(1, %s) n''',
        [PASSAGES // 100])
    cursor.execute("ANALYZE")
print("TOLD1")
"""

TIME = """
import json, statistics, time
from django.db import transaction
from apps.assistant.answers import Question
from apps.assistant.eval.questions import questions
from apps.assistant.eval.workspace import build
from apps.assistant.streaming import Asking, Gathered
from apps.accounts.models import User
from apps.core.access import Role
from apps.docs.models import Passage
from apps.models.models import Run
from apps.projects.models import Grant, Project
first, whole, overhead = [], [], []
with transaction.atomic():
    space = build(7)
    Grant.objects.create(project=Project.objects.get(slug="fraud"), user=space.asker, role=Role.VIEWER)
    asked = [each for each in questions(space) if each.category != "permission"]
    for number, each in enumerate([*asked[:8], *asked]):
        begin = time.perf_counter()
        for step in Asking(Question(space.asker, each.question, None, each.page), []).steps():
            if isinstance(step, Gathered):
                gathered = time.perf_counter() - begin
        taken = time.perf_counter() - begin
        if number >= 8:
            first.append(1000 * gathered)
            whole.append(1000 * taken)
            overhead.append(1000 * (taken - gathered))
    transaction.set_rollback(True)
def p95(values):
    return statistics.quantiles(values, n=20)[18]
print("TOLD" + json.dumps({"first": p95(first), "whole": p95(whole), "words": p95(overhead),
    "median": statistics.median(whole),
    "questions": len(whole), "runs": Run.objects.count(), "passages": Passage.objects.count()}))
"""


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    return _speed() + _lies()


def _speed() -> int:
    with house() as built:
        seed.seed(built)
        built.shell(f"PASSAGES = {PASSAGES}\n{FILL}")
        told = _timed(built)
    print(
        f"assistant, {told['runs']:.0f} runs,"
        f" {told['passages']:.0f} passages, {told['questions']:.0f} questions"
        f" without a model: evidence p95 {told['first']:.0f} ms (aim {FIRST:.0f}),"
        f" whole answer p95 {told['whole']:.0f} ms"
        f" (aim {WHOLE:.0f}), median {told['median']:.0f} ms, wording p95 {told['words']:.1f} ms"
    )
    return int(told["first"] > FIRST) + int(told["whole"] > WHOLE)


def _timed(built: House) -> dict[str, float]:
    return dict(built.shell(TIME))


def _lies() -> int:
    """Every lie and every truth of the lying writer's suite."""
    tried, through, honest, lost = _counted()
    print(f"assistant, lies past the checker: {through} of {tried} (aim 0)")
    print(
        f"assistant, true sentences lost: {lost} of {honest}, {lost / honest:.1%} (aim {LOST:.0%})"
    )
    return int(through > 0) + int(lost > LOST * honest)


def _counted() -> tuple[int, int, int, int]:
    tried = through = honest = lost = 0
    for number in SEEDS:
        made = world(number)
        pieces = evidence(made)
        for _, text in lies(made):
            tried, through = tried + 1, through + holds(text, pieces)
        for text in truths(made):
            honest, lost = honest + 1, lost + (not holds(text, pieces))
    return tried, through, honest, lost
