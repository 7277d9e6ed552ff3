from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import connection
from django.db.models import Count, F, Func, Q, Subquery, Value
from django.db.models.functions import Coalesce

from apps.core import access
from apps.core.access import Person
from apps.core.errors import NotFound
from apps.ledger import chain, subjects
from apps.ledger.models import Entry, EntryQuerySet, Unsealed, Verification
from apps.ledger.subjects import Link

MOST_WORDS = 10
VERBS = (
    "WITH RECURSIVE known AS (SELECT min(verb) AS verb FROM ledger_entry UNION ALL"
    " SELECT (SELECT min(verb) FROM ledger_entry e WHERE e.verb > known.verb) FROM known"
    " WHERE known.verb IS NOT NULL) SELECT verb FROM known WHERE verb IS NOT NULL"
)


Known = tuple[int, str, str]  # id, slug and name of a project


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody looks for; what is empty does not narrow."""

    q: str = ""
    actor: str = ""
    verb: str = ""
    subject: str = ""
    project: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(
    user: Person, wanted: Wanted | None = None, *, known: Sequence[Known] | None = None
) -> EntryQuerySet:
    """The entries a person may see, narrowed to what they look for, with place and project.

    `known` are the person's projects, where they were read before.
    """
    known = projects(user) if known is None else known
    found = narrowed(_visible(user, known), user, wanted or Wanted())
    return found.sealed().with_project(user)


def timeline(user: Person, kind: str, pk: object) -> EntryQuerySet:
    """Everything that happened to one subject, newest first."""
    return Entry.objects.visible_to(user).about(kind, pk).order_by("-at", "-id")


def _visible(user: Person, known: Sequence[Known]) -> EntryQuerySet:
    """As `visible_to`, with the projects named one by one, so that the right index is picked."""
    if access.is_site_admin(user):
        return Entry.objects.all()
    return Entry.objects.filter(project_id__in=[pk for pk, _, _ in known])


def narrowed(found: EntryQuerySet, user: Person, wanted: Wanted) -> EntryQuerySet:
    """Apply every filter that is set."""
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    if wanted.project:
        found = found.filter(project_id=Subquery(_named(user, wanted.project)[:1]))
    if wanted.actor:
        found = found.filter(actor_id=_actor_id(wanted.actor))
    if wanted.verb:
        found = found.filter(verb__in=_verbs(wanted.verb))
    if wanted.subject:
        kind, _, key = wanted.subject.partition(":")
        found = found.filter(Q(subject_kind=kind), *([Q(subject_id=key)] if key else []))
    return _with_words(found, wanted.q) if wanted.q else found


def _with_words(found: EntryQuerySet, text: str) -> EntryQuerySet:
    words = re.findall(r"[^\W_]+", text)[:MOST_WORDS]
    if not words:
        return found.none()
    query = SearchQuery(
        " & ".join(f"{word}:*" for word in words), search_type="raw", config="simple"
    )
    vector = Func(
        F("verb"),
        F("subject_kind"),
        F("subject_id"),
        F("data"),
        function="ledger_words",
        output_field=SearchVectorField(),
    )
    return found.alias(words=vector).filter(words=query)


def _actor_id(text: str) -> int | Subquery:
    """The id of a person named by id or user name; 0 is nobody's."""
    if text.isascii() and text.isdigit():
        return int(text) if len(text) < 19 else 0
    return Subquery(get_user_model()._default_manager.filter(username=text).values("pk")[:1])


def _verbs(text: str) -> list[str]:
    """A verb by its name, or all verbs of an app."""
    return [text] if "." in text else [verb for verb in verbs() if verb.startswith(f"{text}.")]


def verbs() -> list[str]:
    """Every verb that occurs; one step of the index for each, however many entries there are."""
    with connection.cursor() as cursor:
        cursor.execute(VERBS)
        return [verb for (verb,) in cursor.fetchall()]


# Projects stand to the right of the ledger: the policy's answer is all that is known of them here.


def projects(user: Person) -> list[Known]:
    """Id, slug and name of the projects a person may see."""
    return list(access.project_ids(user).values_list("pk", "slug", "name").order_by("name"))


def _named(user: Person, slug: str) -> Any:
    return access.project_ids(user).filter(slug=slug).values_list("pk", flat=True)


def project_id(user: Person, slug: str) -> int:
    """The id of a project that the person may see."""
    if (found := _named(user, slug).first()) is None:
        raise NotFound(what="project")
    return int(found)


# What the pages show


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a person sees it: with names, links and what changed."""

    entry: Entry
    actor: str
    subject: Link
    before: dict[str, Any]
    after: dict[str, Any]
    facts: dict[str, Any]
    seal: str


def lines(user: Person, shown: Sequence[Entry]) -> list[Line]:
    """Put names to the ids of one page of entries."""
    people = get_user_model()._default_manager.in_bulk({row.actor_id for row in shown} - {None})
    found = subjects.links(user, {(row.subject_kind, row.subject_id) for row in shown})
    return [
        Line(
            entry=row,
            actor=_actor(row, people),
            subject=found.get((row.subject_kind, row.subject_id)) or _unnamed(row),
            before={key: value[0] for key, value in _changes(row).items()},
            after={key: value[1] for key, value in _changes(row).items()},
            facts={key: value for key, value in row.data.items() if key not in _changes(row)},
            seal=bytes(getattr(row, "hash", None) or b"").hex(),
        )
        for row in shown
    ]


def _actor(row: Entry, people: dict[int, Any]) -> str:
    if row.actor_id is None:
        return "the portal"
    return str(people.get(row.actor_id, f"user {row.actor_id}"))


def _unnamed(row: Entry) -> Link:
    return Link(f"{row.subject_kind} {row.subject_id}", "")


def _changes(row: Entry) -> dict[str, Any]:
    """The fields that changed: `{"field": [before, after]}`."""
    pairs = row.data.items() if isinstance(row.data, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, list) and len(value) == 2}


@dataclass(frozen=True, slots=True)
class ChainState:
    """Where the chain stands, and what the last verification said of it."""

    position: int
    head: str
    unsealed: int
    checked: Verification | None

    @property
    def head_label(self) -> str:
        return f"{self.head[:12]}…"


def chain_state() -> ChainState:
    """The state of the chain as it is known now, without walking along it."""
    place = chain.head()
    counted = Unsealed.objects.order_by().annotate(one=Value(1)).values("one")
    unsealed = Coalesce(Subquery(counted.annotate(rows=Count("pk")).values("rows")), 0)
    checked = Verification.objects.order_by("-pk").annotate(unsealed=unsealed).first()
    waiting: int = getattr(checked, "unsealed", 0) if checked else Unsealed.objects.count()
    return ChainState(
        position=place.position,
        head=place.hash.hex(),
        unsealed=waiting,
        checked=checked,
    )


def last_verification() -> Verification:
    """The last walk along the chain; `NotFound` before the first."""
    if (found := Verification.objects.order_by("-pk").first()) is None:
        raise NotFound(what="verification; run `manage.py ledger verify`")
    return found
