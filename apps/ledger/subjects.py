"""What stands behind a subject's kind and id. The rooms on the right say it for their own kinds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.core.access import Person

Subject = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """A subject as one person may see it."""

    label: str
    url: str


Resolver = Callable[[Person, Sequence[str]], Mapping[str, Link]]
_resolvers: dict[str, Resolver] = {}


def link(kind: str, resolver: Resolver) -> None:
    """Let `resolver(user, ids)` name the subjects of a kind.

    It answers only what the person may see, for all ids at once; ids are texts, as in the ledger.
    """
    if _resolvers.setdefault(kind, resolver) is not resolver:
        raise ValueError(f"two resolvers name {kind}")


def links(user: Person, subjects: Iterable[Subject]) -> dict[Subject, Link]:
    """The links of those subjects that somebody can name for this person."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for kind, key in subjects:
        # Whatever stands in the ledger, rows are looked up by number alone.
        if kind in _resolvers and key.isdecimal():
            wanted[kind].add(key)
    return {
        (kind, key): found
        for kind, keys in wanted.items()
        for key, found in _resolvers[kind](user, sorted(keys)).items()
    }
