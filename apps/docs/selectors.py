from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.core import access
from apps.core.access import Person
from apps.docs import inside, markdown, vitality
from apps.docs.models import (
    Document,
    DocumentQuerySet,
    LinkCheck,
    Passage,
    Revision,
    Source,
    SourceQuerySet,
)
from apps.docs.search import Answer, Hit, Query, store
from apps.docs.search.ranking import Ranking, Within, ranking
from apps.docs.search.routing import weighed
from apps.docs.search.snippets import Wanted, snippet, word_for
from apps.docs.search.tokens import terms
from apps.projects.models import Project

MOST_RUNBOOKS = 10
SHOWN = (
    "heading", "anchor", "text", "position", "document__title", "document__kind", "document__path",
    "document__state", "document__removed_at", "document__project__name", "document__project__slug",
)  # fmt: skip
NAMED = 10.0  # more than any score: a runbook that names the alert, model or feature wins


def documents(user: Person) -> DocumentQuerySet:
    """What the person may see."""
    return Document.objects.visible_to(user).select_related("project")


def narrowed(user: Person, kind: str, state: str) -> DocumentQuerySet:
    """What the person may see of one kind (empty: any) that is in force, a draft, or removed."""
    found = vitality.with_links(Document.objects.visible_to(user))
    found = found.filter(kind=kind) if kind else found
    if state == "draft":
        return found.filter(state=Document.State.DRAFT)
    return found.exclude(removed_at=None) if state == "removed" else found.filter(removed_at=None)


def look_at_passages(query: Query) -> Answer:
    """The pages that speak of the words, best first, each by its best section with the words marked.

    Beside it counts by kind and project, and a suggestion.
    """
    names = dict(_projects(query).values_list("pk", "slug"))
    found = _ranking(query, names)
    rows = _rows(names, found)
    wanted = Wanted({*weighed(query.clean), *found.mended.values()})
    return Answer(
        hits=[_hit(row, score, wanted) for row, score in rows],
        facets={
            "kind": found.by_kind,
            "project": {names[pk]: count for pk, count in found.by_project.items() if pk in names},
        },
        suggestion=_suggestion(query.clean, found.mended, [row for row, _ in rows]),
        semantic=found.semantic,
    )


def found_passages(query: Query) -> list[Passage]:
    """The sections that speak of the words, best first, whole: the best one of each page."""
    names = dict(_projects(query).values_list("pk", "slug"))
    return [row for row, _ in _rows(names, _ranking(query, names))]


def sections_beside(passage: Passage, most: int) -> list[Passage]:
    """The other sections of the same page, in their order."""
    found = Passage.objects.filter(document_id=passage.document_id).exclude(pk=passage.pk)
    return list(found.select_related("document__project").order_by("position")[:most])


def _projects(query: Query) -> QuerySet[Project]:
    seen = Project.objects.filter(pk__in=access.project_ids(query.user))
    return seen.filter(slug=query.project) if query.project else seen


def _ranking(query: Query, projects: Collection[int]) -> Ranking:
    within = Within(projects, _tagged(query), query.document_kinds, query.as_typed)
    return ranking(store.index().follow(), query.clean, within, query.most)


def _tagged(query: Query) -> set[int] | None:
    if not query.tag:
        return None
    found = documents(query.user).filter(tags__contains=[query.tag.replace("\x00", "")])
    return set(found.values_list("pk", flat=True))


def _rows(projects: Collection[int], found: Ranking) -> list[tuple[Passage, float]]:
    """The passages from their table, in the projects that the person may see: what is gone falls out."""
    ids = [each.passage for each in found.best]
    seen = Passage.objects.filter(document__project_id__in=list(projects), pk__in=ids)
    # What weighs most in a row is for the index, and the page is shown by its section.
    rows = seen.select_related("document__project").only(*SHOWN).in_bulk()
    return [(rows[e.passage], e.score) for e in found.best if e.passage in rows]


def _hit(passage: Passage, score: float, wanted: Wanted) -> Hit:
    document = passage.document
    title = document.title
    if passage.heading and passage.heading != title:
        title = f"{title} › {passage.heading}"
    text, url = snippet(passage.text, wanted), passage.get_absolute_url()
    return Hit("passage", passage.pk, document.pk, title, text, round(score, 4), url)


def _suggestion(words: str, mended: dict[str, str], rows: Iterable[Passage]) -> str:
    """The query with unknown words replaced by words of what was found."""
    if not mended:
        return ""
    texts = " ".join(f"{row.document.title} {row.heading} {row.text}" for row in rows)
    known = {old: word_for(new, texts) for old, new in mended.items()}
    return re.sub(r"[^\W_]+", lambda m: known.get((terms(m[0]) or [""])[0], m[0]), words)


def runbook_passages(project_id: int, *, words: str, names: set[str]) -> list[Passage]:
    """The sections of the runbook that fits best: one that names the alert, model or feature wins."""
    kinds = frozenset({str(Document.Kind.RUNBOOK)})
    within = Within({project_id}, None, kinds)
    found = ranking(store.index().follow(), words[:1000], within, MOST_RUNBOOKS)
    scores = {each.page: each.score for each in found.best}
    for document in Document.objects.filter(pk__in=scores):
        named = {value for values in document.applies_to.values() for value in values}
        scores[document.pk] += NAMED * bool(named & names)
    if not scores:
        return []
    best = max(scores, key=lambda pk: scores[pk])
    rows = Passage.objects.filter(document_id=best, document__project_id=project_id)
    asked = {*weighed(words), *found.mended.values()}
    speaking = [row for row in rows.select_related("document__project") if asked & _said(row)]
    first = {each.passage for each in found.best}
    return sorted(speaking, key=lambda row: (row.pk not in first, row.position))


def _said(passage: Passage) -> set[str]:
    return set(terms(f"{passage.document.title} {passage.heading} {passage.text}"))


def about_model(project_id: int, kind: str, name: str) -> list[Document]:
    """The documents of a kind whose front matter says that they apply to this model."""
    found = Document.objects.in_force().filter(project_id=project_id, kind=kind)
    named = Q(applies_to__models__contains=[name]) | Q(applies_to__model__contains=[name])
    return list(found.filter(named).select_related("project"))


def neighbours(document: Document) -> dict[str, str]:
    """The pages behind the document's links to other files of its source."""
    return inside.targets(document, markdown.links(markdown.read(document.body)))


def stale_reasons(document: Document) -> list[str]:
    """Why a document is stale, as sentences for the badge beside it and beside its citations."""
    return vitality.stale_reasons(document)


def draft_of(document: Document) -> Revision | None:
    """The newest revision where it is not published yet and the document is."""
    newest = document.revisions.select_related("by").first()
    if newest is None or newest.published or document.state == Document.State.DRAFT:
        return None
    return newest


def newest_number(document: Document) -> int:
    """The number of the newest revision; 0 where there is none."""
    newest = document.revisions.first()
    return newest.number if newest else 0


def sources(user: Person) -> SourceQuerySet:
    """Where documents come from, as far as the person may see."""
    return Source.objects.visible_to(user).select_related("project").order_by("name", "pk")


def due_sources() -> list[Source]:
    """Repositories whose next pull has come."""
    return list(Source.objects.due().order_by("due_at")[:100])


def sources_behind(connection_id: int) -> list[Source]:
    """Repositories that are pulled when a delivery arrives over this connection."""
    return list(Source.objects.filter(connection_id=connection_id, enabled=True))


def links_are_due() -> bool:
    """Whether any document or link waits to be looked at."""
    now = timezone.now()
    links = LinkCheck.objects.filter(due_at__lte=now, document__removed_at=None)
    return links.exists() or Document.objects.in_force().filter(links_due_at__lte=now).exists()
