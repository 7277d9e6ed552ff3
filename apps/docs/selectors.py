from __future__ import annotations

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet
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
from apps.docs.search import Hit, Query
from apps.docs.words import spread

MARK = ("\u2045", "\u2046")  # around found words; the page turns them into <mark>
MOST_WORDS = 60
BY_LENGTH = 1  # divides a rank by 1 + log(length): a long section must not win by its length


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


def found_passages(query: Query) -> list[Passage]:
    """The sections that speak of the words, best first, whole."""
    return list(_found(query)[: query.most])


def _found(query: Query) -> QuerySet[Passage]:
    found = _ranked(Passage.objects.filter(_visible(query.user)), query.words)
    return found.filter(document__project__slug=query.project) if query.project else found


def passages(query: Query) -> list[Hit]:
    """The sections that speak of the words, best first, with the words marked."""
    asked = _any_of(query.words)
    marked = _found(query).annotate(
        snippet=SearchHeadline(
            "text", asked, config="english", start_sel=MARK[0], stop_sel=MARK[1], max_words=40
        )
    )
    return [_hit(passage) for passage in marked[: query.most]]


def _visible(user: Person) -> Q:
    return Q(document__project_id__in=access.project_ids(user))


def _any_of(words: str) -> SearchQuery:
    """A query that any of the words satisfies; the rank prefers those with more of them."""
    parts = spread(words).split()[:MOST_WORDS] or [""]
    asked = SearchQuery(parts[0], config="english")
    for part in parts[1:]:
        asked = asked | SearchQuery(part, config="english")
    return asked


def _ranked(found: QuerySet[Passage], words: str) -> QuerySet[Passage]:
    asked = _any_of(words)
    rank = SearchRank(F("lexemes"), asked, weights=[0.2, 0.4, 0.6, 1.0], normalization=BY_LENGTH)
    return (
        found.filter(lexemes=asked)
        .annotate(rank=rank)
        .select_related("document__project")
        .order_by("-rank", "pk")
    )


def _hit(passage: Passage) -> Hit:
    document = passage.document
    title = document.title
    if passage.heading and passage.heading != title:
        title = f"{title} › {passage.heading}"
    snippet = getattr(passage, "snippet", passage.text[:300])
    score = float(getattr(passage, "rank", 0.0))
    return Hit(
        "passage", passage.pk, document.pk, title, snippet, score, passage.get_absolute_url()
    )


def runbook_passages(project_id: int, *, words: str, names: set[str]) -> list[Passage]:
    """The sections of the runbook that fits best: one that names the alert, model or feature wins."""
    ranked = Passage.objects.filter(
        document__project_id=project_id, document__kind=Document.Kind.RUNBOOK
    )
    found = list(_ranked(ranked, words)[:50])
    if not found:
        return []
    scores: dict[int, float] = {}
    for passage in found:
        scores[passage.document_id] = scores.get(passage.document_id, 0) + passage.rank  # type: ignore[attr-defined]
        named = {value for values in passage.document.applies_to.values() for value in values}
        if named & names:
            scores[passage.document_id] += 10
    best = max(scores, key=lambda pk: scores[pk])
    return [passage for passage in found if passage.document_id == best]


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
