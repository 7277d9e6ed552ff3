"""How well the REST search answers on judged pages, beside plain systems on the same pages."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench import plain_search
from bench.house import House, serving

KINDS = ("alert_desc", "hard", "alert_words", "alert_name", "nl")
AIMS = {"alert_desc": 0.90, "hard": 0.87, "alert_words": 0.98, "alert_name": 1.0, "nl": 0.75}
# nDCG@10 on the same pages, as the README beside them states; it states no recall.
STATED = {
    "BM25, identifiers split": (0.826, 0.784, 0.986, 0.994, 0.559),
    "SQLite FTS5, porter": (0.785, 0.736, 0.813, 1.000, 0.528),
    "MiniLM, chunks": (0.743, 0.704, 0.855, 0.871, 0.593),
    "LangChain default": (0.733, 0.688, 0.812, 0.775, 0.583),
    "fusion of three": (0.869, 0.843, 0.958, 0.962, 0.698),
}
NAMES = """
import json
from apps.docs.models import Document
print("TOLD" + json.dumps({pk: path[:-3] for pk, path in Document.objects.values_list("pk", "path")}))
"""

Figures = dict[str, Any]
Run = Mapping[str, Sequence[Sequence[Any]]]


def plain(built: House, folder: Path) -> dict[str, Figures]:
    """The figures of the plain systems, by name."""
    runs = plain_search.runs(built, str(folder.resolve()))
    return {name: _figures(built, folder, run) for name, run in runs.items()}


def judge(built: House, folder: Path, beside: Mapping[str, Figures], *, meaning: bool) -> int:
    """Print the figures of every kind of query; how many aims were missed, which are for meaning."""
    with serving(built) as address:
        here = _figures(built, folder, _asked(built, folder, address, meaning))
    print(f"GET /api/v1/search/, {'with' if meaning else 'without'} meaning")
    print(f"{'':28}{'nDCG@10':>12}{'recall@5':>60}")
    print(" " * 28 + "".join(f"{kind:>12}" for kind in KINDS * 2))
    for name, figures in {"here": here, **beside}.items():
        _line(name, *([figures[kind][what] for kind in KINDS] for what in ("ndcg10", "r5")))
    _line("aim", list(AIMS.values()))
    print("  as the README beside the pages states:")
    for name, values in STATED.items():
        _line(name, values)
    print(f"  tells what nothing answers, AUC: {here['abstain']}")
    return sum(round(here[kind]["ndcg10"], 2) < AIMS[kind] for kind in KINDS) if meaning else 0


def _asked(built: House, folder: Path, address: str, meaning: bool) -> Run:
    """What the running portal answers to each query: pages with their scores, best first."""
    names = built.shell(NAMES)
    headers = {"Authorization": f"Bearer {built.told['token']}"}
    told = {}
    with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
        for line in (folder / "queries.jsonl").read_text().splitlines():
            query = json.loads(line)
            answer = client.get("/api/v1/search/", params={"q": query["text"]}).raise_for_status()
            found = answer.json()
            assert found["semantic"] == meaning, (
                "whether meaning is compared is not as it was set up"
            )
            told[query["id"]] = [
                [names[str(hit["document"])], hit["score"]] for hit in found["results"]
            ]
    return told


def _figures(built: House, folder: Path, run: Run) -> Figures:
    kept, out = built.folder / "run.json", built.folder / "figures.json"
    kept.write_text(json.dumps(run))
    command = [sys.executable, str(folder.parent / "scripts" / "eval_retrieval.py")]
    for name, ending in (("corpus", "jsonl"), ("queries", "jsonl"), ("qrels", "tsv")):
        command += [f"--{name}", str(folder / f"{name}.{ending}")]
    command += ["--run", str(kept), "--json", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    figures: Figures = json.loads(out.read_text())
    return figures


def _line(name: str, ranked: Sequence[float], recalled: Sequence[float] = ()) -> None:
    cells = [f"{value:12.3f}" for value in ranked]
    cells += [f"{value:12.3f}" for value in recalled] or [f"{'–':>12}"] * len(KINDS)
    print(f"  {name:26}" + "".join(cells))
