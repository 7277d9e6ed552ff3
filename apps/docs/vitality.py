"""Whether documents can still be gone by, and whom they helped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.core.access import Person
from apps.docs import needs
from apps.docs.models import Document, DocumentQuerySet, LinkCheck, Source, Use

MOST = 100
LATE = timedelta(days=1)  # a repository that was not read for so long is old


@dataclass(frozen=True, slots=True)
class Used:
    """How often a document was used, and when last."""

    kind: str
    times: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Worn:
    """A document that cannot be trusted as it is, and why."""

    document: Document
    reasons: list[str]


def with_links(found: DocumentQuerySet) -> DocumentQuerySet:
    """The rows, each knowing its broken links: what `stale_reasons` reads without a query."""
    broken = (
        LinkCheck.objects.filter(document=OuterRef("pk"), state=LinkCheck.State.BROKEN)
        .order_by()
        .values("document")
        .annotate(count=Count("pk"))
        .values("count")
    )
    counted = found.annotate(broken_links=Coalesce(Subquery(broken), 0))
    return counted.select_related("project", "owner", "source")


def stale_reasons(document: Document) -> list[str]:
    """Why a document is stale, as sentences; none where it can be gone by.

    Stands beside each citation. Two queries; none for a row of `with_links`.
    """
    return [
        reason
        for reason in (
            _review(document), _owner(document), _links(document), _source(document)
        )
        if reason
    ]  # fmt: skip


def _review(document: Document) -> str:
    over = document.review_by is not None and document.review_by < timezone.now().date()
    return f"It was to be reviewed by {document.review_by:%Y-%m-%d}." if over else ""


def _owner(document: Document) -> str:
    if not document.owner_name:
        return ""
    left = document.owner is None or not document.owner.is_active
    return f"Its owner {document.owner_name} is nobody who can sign in." if left else ""


def _links(document: Document) -> str:
    count = getattr(document, "broken_links", None)
    if count is None:
        count = document.links.filter(state=LinkCheck.State.BROKEN).count()
    words = "A link of it leads" if count == 1 else f"{count} links of it lead"
    return f"{words} nowhere." if count else ""


def _source(document: Document) -> str:
    if document.removed_at is not None:
        return f"Its source does not hold it since {document.removed_at:%Y-%m-%d}."
    source = document.source
    if source is None or source.kind != Source.Kind.GIT or not source.failure:
        return ""
    read = source.read_at
    if read is not None and read > timezone.now() - LATE:
        return ""
    return f"Its repository cannot be read; this is from {read:%Y-%m-%d}." if read else ""


def uses(document: Document) -> list[Used]:
    """How the document was used, most recent first."""
    found = document.uses.order_by().values("kind").annotate(times=Count("pk"), last=Max("at"))
    rows = found.order_by("-last")
    return [Used(Use.Kind(row["kind"]).label, row["times"], row["last"]) for row in rows]


def worn(user: Person) -> list[Worn]:
    """The documents in force that are stale, with the reasons."""
    today = timezone.now().date()
    found = with_links(Document.objects.visible_to(user).in_force()).filter(
        Q(review_by__lt=today)
        | Q(broken_links__gt=0)
        | Q(owner=None) & ~Q(owner_name="")
        | Q(owner__is_active=False)
        | ~Q(source__failure="") & Q(source__isnull=False)
    )
    rows = [Worn(row, stale_reasons(row)) for row in found[:MOST]]
    return [row for row in rows if row.reasons]


def unused(user: Person) -> DocumentQuerySet:
    """Runbooks in force that nobody has opened, cited or worked through."""
    found = Document.objects.visible_to(user).in_force().filter(kind=Document.Kind.RUNBOOK)
    return found.filter(uses=None).select_related("project")[:MOST]


def lacking(user: Person) -> dict[str, list[needs.Lack]]:
    """What has no document though it should, by the lists that apps on the right offer."""
    return needs.lacking(user)
