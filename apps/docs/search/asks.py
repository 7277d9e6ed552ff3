"""What is looked for and what is answered: the nouns of the search."""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.core.access import Person

MARK = ("\u2045", "\u2046")  # around found words; the page turns them into <mark>
LONGEST = 1000  # characters of a query that are read


@dataclass(frozen=True, slots=True)
class Hit:
    """One result; `document` is the id of the page that a passage belongs to. `score` is 0 to 1."""

    kind: str
    id: int
    document: int | None
    title: str
    snippet: str
    score: float
    url: str


@dataclass(frozen=True, slots=True)
class Query:
    """Who looks for what, where. `as_typed`: the last word may still be incomplete."""

    user: Person
    words: str
    project: str | None = None
    most: int = 20
    tag: str | None = None
    document_kinds: frozenset[str] = frozenset()
    as_typed: bool = False

    @property
    def clean(self) -> str:
        """The words as the database takes them: no NUL, and not without end."""
        return self.words.replace("\x00", " ").strip()[:LONGEST]


@dataclass(frozen=True, slots=True)
class Answer:
    """The hits, best first, and what to say beside them.

    `facets` count among what the person may see: `{"kind": {"runbook": 3}, "project": {"fraud": 3}}`.
    `suggestion` is the query with words that exist; `semantic` says whether meaning was compared.
    """

    hits: list[Hit]
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    suggestion: str = ""
    semantic: bool = False
