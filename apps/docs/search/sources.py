"""The sources of the search: passages from the index, records of the other apps from their tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

from apps.docs.models import Document
from apps.docs.search import rows
from apps.docs.search.asks import Answer, Hit, Query
from apps.docs.search.rows import Records

Source = Callable[[Query], Records]
Look = Callable[[Query], Answer]
PASSAGE = "passage"
_sources: dict[str, Source] = {}
_looks: dict[str, Look] = {}


def source(kind: str, find: Source) -> None:
    """Offer records of one kind; `find` filters by the person's rights inside its query."""
    if _sources.setdefault(kind, find) is not find:
        raise ValueError(f"two sources are called {kind}")


def index(kind: str, answer: Look) -> None:
    """Offer what is not found by name in a table, and so answers whole: with counts and a suggestion."""
    if _looks.setdefault(kind, answer) is not answer:
        raise ValueError(f"two sources are called {kind}")


def kinds() -> list[str]:
    """What can be searched: the kinds of records, and the kinds of documents."""
    return sorted({*_looks, *_sources, *Document.Kind.values})


def search(query: Query, wanted: Collection[str] = ()) -> list[Hit]:
    """The best hits of the wanted kinds, best first."""
    return look(query, wanted).hits


def look(query: Query, wanted: Collection[str] = ()) -> Answer:
    """The best hits of the wanted kinds, best first, with counts and a suggestion."""
    if not query.clean:
        return Answer([])
    of_documents = frozenset(wanted) & set(Document.Kind.values)
    query = replace(query, document_kinds=of_documents)
    chosen = {PASSAGE, *wanted} if of_documents else set(wanted)
    answers = [_looks[kind](query) for kind in _looks if not chosen or kind in chosen]
    answers.append(Answer(_records(query, chosen)))
    hits = sorted((hit for each in answers for hit in each.hits), key=lambda hit: -hit.score)
    first = next((each for each in answers if each.facets or each.suggestion), Answer([]))
    by_kind = Counter(first.facets.get("kind", {}))
    by_kind.update(hit.kind for hit in hits if hit.kind != PASSAGE)
    return Answer(
        hits=hits[: query.most],
        facets={**first.facets, "kind": dict(by_kind)},
        suggestion=first.suggestion,
        semantic=any(each.semantic for each in answers),
    )


def _records(query: Query, chosen: Collection[str]) -> list[Hit]:
    if query.tag:  # only documents have tags
        return []
    wanted = [kind for kind in _sources if not chosen or kind in chosen]
    return rows.hits([_sources[kind](query) for kind in wanted], query.most)
