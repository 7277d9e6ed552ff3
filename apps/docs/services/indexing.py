"""Pages become passages that search finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.models import Job
from apps.docs import markdown
from apps.docs.errors import NoEmbeddingModel
from apps.docs.markdown import Page
from apps.docs.models import Document, GonePassage, Passage
from apps.docs.search import meaning
from apps.docs.search.tokens import packed
from apps.ledger.services import record

REINDEX, EMBED = "docs.reindex", "docs.embed"
AT_ONCE = (
    128  # passages that are read for their meaning together: those of like length share a pass
)
REMEMBER_GONE = timedelta(days=2)
Say = Callable[[int, str], object]  # how far it is in percent, and in words


def index(document: Document, *, page: Page) -> None:
    """Cut the page into passages anew, each with its counted terms; their meaning is read by a job."""
    kept = dict(document.passages.exclude(vector=None).values_list("terms", "vector"))
    document.passages.all().delete()
    made = [
        Passage(
            document=document,
            position=position,
            heading=section.heading,
            anchor=section.anchor,
            text=section.text,
            terms=packed(document.title, section.heading, section.text),
        )
        for position, section in enumerate(markdown.sections(page))
    ]
    for passage in made:
        passage.vector = kept.get(passage.terms)
    Passage.objects.bulk_create(made)


@transaction.atomic
def ask_reindex(*, by: AbstractUser) -> Job:
    """Have every document cut and counted anew, by a job; while one runs, it is that one."""
    job = jobs.enqueue(REINDEX, owner=by, key=REINDEX)
    record(actor=by, verb="docs.reindex_asked", subject=job)
    return job


def ask_embedding() -> Job | None:
    """Have the meaning of new passages read, where some wait and a model is there."""
    if not meaning.available() or not Passage.objects.filter(vector=None).exists():
        return None
    return jobs.enqueue(EMBED, owner=None, key=EMBED)


def reindex(progress: Say) -> int:
    """Cut every document anew, each in a transaction of its own; how many it were.

    A page is found by its old passages until its new ones are committed. Safe to run twice.
    """
    GonePassage.objects.filter(at__lt=timezone.now() - REMEMBER_GONE).delete()
    ids = list(Document.objects.order_by("pk").values_list("pk", flat=True))
    for number, pk in enumerate(ids):
        _reindex_one(pk)
        if number % 20 == 0:
            progress(100 * number // len(ids), f"{number} of {len(ids)} documents")
    return len(ids)


@transaction.atomic
def _reindex_one(pk: int) -> None:
    document = Document.objects.select_for_update().filter(pk=pk).first()
    if document is not None:
        index(document, page=markdown.read(document.body))


def embed(progress: Say) -> int:
    """Read the meaning of every passage that waits for it; how many it were. Safe to run twice."""
    if missing := meaning.missing():
        raise NoEmbeddingModel(missing=", ".join(missing))
    done, waiting = 0, Passage.objects.filter(vector=None)
    whole = max(1, waiting.count())
    while rows := list(waiting.select_related("document").order_by("-pk")[:AT_ONCE]):
        vectors = meaning.vectors([meaning.text_of(row) for row in rows])
        with transaction.atomic():
            for row, vector in zip(rows, vectors, strict=True):
                Passage.objects.filter(pk=row.pk).update(vector=vector)
        done += len(rows)
        progress(min(99, 100 * done // whole), f"{done} of {whole} passages")
    return done
