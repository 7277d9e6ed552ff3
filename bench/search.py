"""Search: how well it answers on public runbooks, with and without meaning, and how fast among 100,000 passages.

`BENCH_RUNBOOKS`: the folder of the pages, queries and judgements; its README and scripts stand beside it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from bench import Skipped, retrieval
from bench.house import House, house

RUNBOOKS = Path(os.environ.get("BENCH_RUNBOOKS", "../shared/data/runbooks"))
PASSAGES, PROJECTS = 100_000, 50
LEXICAL_P95, HYBRID_P95, UPDATE = 30.0, 60.0, 1000.0

PEOPLE = """
import json
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.projects.services import create_project
ada = User.objects.create_user("ada", "ada@example.org")
create_project(name="Runbooks", slug="runbooks", by=ada)
for number in range(PROJECTS):
    create_project(name=f"P{number}", slug=f"p{number}", by=ada)
token = create_token(user=ada, name="bench", by=ada)[1]
print("TOLD" + json.dumps({"by": ada.pk, "token": token}))
"""

# Pages of five sections, each drawn from the real ones: words as common and as rare as there.
FILL = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute('''
        INSERT INTO docs_document (project_id, kind, slug, title, body, applies_to, tags,
            created_by_id, created_at, updated_at, links_due_at, state, owner_name)
        SELECT (SELECT min(id) FROM projects_project) + 1 + n %% %s, 'guide', 'page-' || n, 'Page ' || n, '',
            '{}', '[]', %s, now(), now(), now(), 'published', ''
        FROM generate_series(1, %s) n''', [PROJECTS, BY, PASSAGES // 5])
    cursor.execute('''
        WITH real AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM docs_passage),
            pages AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM docs_document WHERE slug LIKE 'page-%'),
            drawn AS (SELECT pages.id, step, (n * 7919 + step * 104729) % (SELECT count(*) FROM real) AS place
                FROM pages, generate_series(0, 4) step)
        INSERT INTO docs_passage (document_id, position, heading, anchor, text, terms, vector, tx)
        SELECT drawn.id, step, heading, anchor, text, terms, vector, 0 FROM drawn JOIN real USING (place)''')
    cursor.execute("ANALYZE")
"""

TIME = """
import json, resource, statistics, time
from apps.accounts.models import User
from apps.docs import services
from apps.docs.models import Passage
from apps.docs.search import Query, meaning, search, store
from apps.projects.models import Project
if not MEANING:
    meaning.available = lambda: False
ada = User.objects.get(username="ada")
texts = [json.loads(line)["text"] for line in open(QUERIES)]
begin = time.perf_counter()
search(Query(ada, texts[0]), {"passage"})
first = time.perf_counter() - begin
def times(some):
    taken, busy = [], []
    for text in some:
        begin, work = time.perf_counter(), time.process_time()
        search(Query(ada, text), {"passage"})
        taken.append(1000 * (time.perf_counter() - begin))
        busy.append(1000 * (time.process_time() - work))
    return taken, busy
def p95(some):
    return statistics.quantiles(some, n=20)[18]
times(texts[1:20])
taken, busy = times(texts[20::4])
begin = time.perf_counter()
row = services.write(project=Project.objects.get(slug="runbooks"), kind="guide", by=ada,
    body="# Zyzzyva overflow\\n\\nThe zyzzyva is full.")
update = time.perf_counter()
found = search(Query(ada, "zyzzyva"), {"passage"})
assert found[0].document == row.pk
update = 1000 * (time.perf_counter() - update)
row.delete()
told = {"first": first, "p50": statistics.median(taken), "p95": p95(taken),
    "cpu50": statistics.median(busy), "cpu95": p95(busy), "update": update,
    "passages": Passage.objects.count(), "index": store.index().bytes() / 1e6,
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}
print("TOLD" + json.dumps(told))
"""


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    if not RUNBOOKS.is_dir():
        raise Skipped("set BENCH_RUNBOOKS to the folder of the judged runbooks")
    with house() as built:
        built.told |= built.shell(f"PROJECTS = {PROJECTS}\n{PEOPLE}")
        print(_imported(built))
        beside = retrieval.plain(built, RUNBOOKS)
        retrieval.judge(built, RUNBOOKS, beside, meaning=False)
        meanings, missed = [False], 0
        if _embedded(built):
            meanings.append(True)
            missed += retrieval.judge(built, RUNBOOKS, beside, meaning=True)
        given = f"BY = {built.told['by']}\nPROJECTS = {PROJECTS}\nPASSAGES = {PASSAGES}"
        built.shell(f"{given}\n{FILL}")
        return missed + sum(_speed(built, meaning) for meaning in meanings)


def _imported(built: House) -> str:
    folder = built.folder / "corpus"
    for line in (RUNBOOKS / "corpus.jsonl").read_text().splitlines():
        page = json.loads(line)
        path = folder / f"{page['id']}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        front = json.dumps({"title": page["title"]})
        path.write_text(f"---\n{front}\n---\n{page['text']}")
    given = ["--project", "runbooks", "--as", "ada"]
    return built.manage("docs", "import", str(folder), *given).replace("\n", ", ")


def _embedded(built: House) -> bool:
    try:
        print(built.manage("docs", "embed").strip(), "read for their meaning")
    except SystemExit as why:
        print(f"without meaning: {why}")
        return False
    return True


def _speed(built: House, meaning: bool) -> int:
    given = f"MEANING = {meaning}\nQUERIES = {str(RUNBOOKS.resolve() / 'queries.jsonl')!r}"
    told = built.shell(f"{given}\n{TIME}")
    print(
        f"{'hybrid' if meaning else 'lexical'}, {told['passages']} passages: p50 {told['p50']:.1f} ms,"
        f" p95 {told['p95']:.1f} ms, of processor time {told['cpu50']:.1f} and {told['cpu95']:.1f} ms;"
        f" read at start in {told['first']:.1f} s; index {told['index']:.0f} MB, process {told['rss']:.0f} MB;"
        f" a new page is found after {told['update']:.0f} ms"
    )
    most = HYBRID_P95 if meaning else LEXICAL_P95
    return int(told["p95"] > most) + int(told["update"] > UPDATE)
