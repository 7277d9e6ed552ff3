"""The assistant: how fast it answers among 100,000 runs and 10,000 passages, and what liars get past its checker."""

from __future__ import annotations

from typing import Any

from bench import seed
from bench.house import house

PASSAGES = 10_000
FIRST, WHOLE, LOST = 300.0, 1000.0, 0.02
SEEDS = 20

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

# By REST, as an integration asks: the question is budgeted, answered, stored and serialized.
TIME = """
import json, statistics, time
from django.db import transaction
from django.test import override_settings
from rest_framework.test import APIClient
from apps.assistant.eval.questions import questions
from apps.assistant.eval.workspace import build
from apps.accounts.services import create_token
from apps.core.access import Role
from apps.docs.models import Passage
from apps.models.models import Run
from apps.projects.models import Grant, Project
WARM = 8
kept, slow = [], []
unlimited = {"token": 10**9, "person": 10**9, "anonymous": 10**9}
settings = {"ASSISTANT_QUESTIONS_PER_HOUR": 10**6, "API_RATES": unlimited, "ALLOWED_HOSTS": ["testserver"]}
with override_settings(**settings), transaction.atomic():
    space = build(7)
    Grant.objects.create(project=Project.objects.get(slug="fraud"), user=space.asker, role=Role.VIEWER)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer " + create_token(user=space.asker, name="bench", by=space.asker)[1])
    asked = [each for each in questions(space) if each.category != "permission"]
    for number, each in enumerate([*asked[:WARM], *asked]):
        sent = {"question": each.question, "without_model": True, **({"page": each.page} if each.page else {})}
        begin = time.perf_counter()
        answer = client.post("/api/v1/assistant/ask/", sent, format="json")
        whole = time.perf_counter() - begin
        assert answer.status_code == 200, answer.content
        if number >= WARM:
            told = answer.json()
            kept.append({"whole": whole, **told["timings"]})
            calls = [(call["name"], round(1000 * call["seconds"])) for call in told["calls"]]
            slow.append((round(1000 * whole), each.question, calls))
    transaction.set_rollback(True)
def p95(name):
    return 1000 * statistics.quantiles([each[name] for each in kept], n=20)[18]
slow.sort(reverse=True)
print("TOLD" + json.dumps({"median": 1000 * statistics.median(each["whole"] for each in kept),
    **{name: p95(name) for name in ("whole", "evidence", "planning", "wording", "checking")}, "slow": slow[:5],
    "questions": len(kept), "runs": Run.objects.count(), "passages": Passage.objects.count()}))
"""


# Every lie and every truth of the lying writer's suite.
LIES = """
import json, time
from tests.assistant.lies import evidence, holds, lies, truths, world
tried = through = honest = lost = 0
taken = 0.0
for number in range(SEEDS):
    made = world(number)
    pieces = evidence(made)
    false, true = [text for _, text in lies(made)], list(truths(made))
    begin = time.perf_counter()
    through += sum(holds(text, pieces) for text in false)
    lost += sum(not holds(text, pieces) for text in true)
    taken += time.perf_counter() - begin
    tried, honest = tried + len(false), honest + len(true)
print("TOLD" + json.dumps({"tried": tried, "through": through, "honest": honest, "lost": lost,
    "each": 1000 * taken / (tried + honest)}))
"""


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    with house() as built:
        seed.seed(built)
        built.shell(f"PASSAGES = {PASSAGES}\n{FILL}")
        return _speed(built.shell(TIME)) + _lies(built.shell(f"SEEDS = {SEEDS}\n{LIES}"))


def _speed(told: dict[str, Any]) -> int:
    print(
        f"assistant, {told['runs']:.0f} runs, {told['passages']:.0f} passages, {told['questions']:.0f} questions"
        f" by REST without a model: first evidence p95 {told['evidence']:.0f} ms (aim {FIRST:.0f}),"
        f" of it planner {told['planning']:.0f} ms; whole answer p95 {told['whole']:.0f} ms (aim {WHOLE:.0f}),"
        f" median {told['median']:.0f} ms, of it wording {told['wording']:.1f} ms"
    )
    for taken, question, calls in told["slow"]:
        print(f"  {taken} ms: {question} {calls}")
    return int(told["evidence"] > FIRST) + int(told["whole"] > WHOLE)


def _lies(told: dict[str, Any]) -> int:
    tried, honest, lost = told["tried"], told["honest"], told["lost"]
    print(f"assistant, checker: {told['each']:.2f} ms a sentence over {tried + honest} sentences")
    print(f"assistant, lies past the checker: {told['through']} of {tried} (aim 0)")
    print(
        f"assistant, true sentences lost: {lost} of {honest}, {lost / honest:.1%} (aim {LOST:.0%})"
    )
    return int(told["through"] > 0) + int(lost > LOST * honest)
