"""Two plain systems that the search is measured beside: BM25 over whole pages, and SQLite's full-text table."""

from __future__ import annotations

from bench.house import House

# Words as the portal cuts and stems them, so that what differs is the ranking alone; k1 and b as is usual.
BM25 = """
import json, math
from collections import Counter, defaultdict
from apps.docs.search.tokens import terms
K, B = 1.5, 0.75
pages = [json.loads(line) for line in open(f"{FOLDER}/corpus.jsonl")]
counts = [Counter(terms(f"{page['title']} {page['text']}")) for page in pages]
lengths = [each.total() for each in counts]
usual = sum(lengths) / len(pages)
postings = defaultdict(list)
for number, each in enumerate(counts):
    for term, count in each.items():
        postings[term].append((number, count))
told = {}
for line in open(f"{FOLDER}/queries.jsonl"):
    asked, scores = json.loads(line), Counter()
    for term in set(terms(asked["text"])):
        holding = postings.get(term, ())
        rare = math.log(1 + (len(pages) - len(holding) + 0.5) / (len(holding) + 0.5))
        for number, count in holding:
            scores[number] += rare * count * (K + 1) / (count + K * (1 - B + B * lengths[number] / usual))
    told[asked["id"]] = [[pages[number]["id"], score] for number, score in scores.most_common(20)]
print("TOLD" + json.dumps(told))
"""

FTS5 = """
import json, re, sqlite3
from contextlib import closing
told = {}
with closing(sqlite3.connect(":memory:")) as table:
    table.execute("CREATE VIRTUAL TABLE page USING fts5(id UNINDEXED, title, text, tokenize='porter unicode61')")
    for line in open(f"{FOLDER}/corpus.jsonl"):
        page = json.loads(line)
        table.execute("INSERT INTO page VALUES (?, ?, ?)", (page["id"], page["title"], page["text"]))
    for line in open(f"{FOLDER}/queries.jsonl"):
        asked = json.loads(line)
        words = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"\\w+", asked["text"].lower())))
        found = table.execute(
            "SELECT id, -bm25(page, 0, 5, 1) FROM page WHERE page MATCH ? ORDER BY 2 DESC LIMIT 20", (words,))
        told[asked["id"]] = found.fetchall()
print("TOLD" + json.dumps(told))
"""
PLAIN = {"BM25 of whole pages": BM25, "SQLite FTS5, title × 5": FTS5}


def runs(built: House, folder: str) -> dict[str, dict[str, list[list[object]]]]:
    """By system, what it answers to each query: pages with their scores, best first."""
    return {name: built.shell(f"FOLDER = {folder!r}\n{script}") for name, script in PLAIN.items()}
