"""Names in a question become records, among those that the person asking may see.

A name that leads to nothing is told apart from none at all; that a record exists elsewhere is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from apps.accounts import selectors as accounts
from apps.assistant.routing import words
from apps.core.access import Person
from apps.deployments import access as deployments
from apps.incidents import selectors as incidents
from apps.integrations import selectors as integrations
from apps.models import selectors as models
from apps.monitoring import selectors as monitoring
from apps.projects import selectors as projects

MOST = 3  # of one kind
MOST_KNOWN = 500  # names that a typo is compared with
NEAR = 0.82


@dataclass(frozen=True, slots=True)
class Named:
    """The records that a question names. `unknown` are names of nothing that the person may see."""

    projects: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()
    models: tuple[tuple[int, str], ...] = ()
    runs: tuple[tuple[int, str], ...] = ()
    incidents: tuple[int, ...] = ()
    monitors: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    unknown: tuple[str, ...] = ()
    mended: dict[str, str] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Whether no record was found at all."""
        return not (self.deployments or self.models or self.runs or self.incidents
            or self.monitors or self.connections or self.people or self.projects)  # fmt: skip


def named(user: Person, text: str, project: str | None) -> Named:
    """The records that the text names, in one project where one is given."""
    asked = words.tokens(text)
    claimed = list(dict.fromkeys(words.claimed(text)))
    mended = _mended(user, [*claimed, *asked], project)
    asked = [*asked, *mended.values()]
    found = _exact(user, asked, project)
    numbers = words.incidents(text)
    opened = _incidents(user, numbers, project)
    known = _known(found) | {each.casefold() for each in mended}
    unknown = [
        each
        for each in claimed
        if not any(name in _within(each) for name in known) and not each.isdigit()
    ]
    unknown += [f"#{number}" for number in numbers if number not in opened]
    return Named(
        **found,
        incidents=tuple(opened.values()),
        versions=tuple(words.versions(text)),
        unknown=tuple(unknown),
        mended=mended,
    )


def _within(name: str) -> set[str]:
    """The name, and its parts where it was quoted with words around it."""
    return {name.casefold(), *(part.casefold() for part in name.split())}


def _exact(user: Person, asked: list[str], project: str | None) -> dict[str, tuple[Any, ...]]:
    lower = [each.casefold() for each in asked]
    both = list(dict.fromkeys([*asked, *lower]))
    here = {"project__slug": project} if project else {}
    places = {"slug": project} if project else {}
    place = deployments.deployments(user).filter(slug__in=lower, **here)
    model = models.models(user).filter(name__in=both, **here).order_by("name", "pk")
    monitor = monitoring.monitors(user).filter(name__in=both, **here)
    ids = list(projects.projects(user, archived=None).filter(**places).values_list("pk", flat=True))
    run = models.runs_within(ids).filter(name__in=both).order_by("-pk")
    connection = integrations.connections(user).filter(name__in=both)
    environment = projects.environments(user).filter(name__in=lower, **here)
    shared = projects.projects(user).filter(slug__in=lower) | projects.projects(user).filter(
        name__in=both
    )
    people = accounts.users(user).filter(username__in=lower)
    return {
        "projects": tuple(shared.values_list("slug", flat=True)[:MOST]),
        "deployments": tuple(place.values_list("slug", flat=True)[:MOST]),
        "models": tuple(model.values_list("pk", "name")[:MOST]),
        "runs": tuple(run.values_list("pk", "name")[:MOST]),
        "monitors": tuple(dict.fromkeys(monitor.values_list("name", flat=True)[:MOST])),
        "connections": tuple(dict.fromkeys(connection.values_list("name", flat=True)[:MOST])),
        "people": tuple(people.values_list("username", flat=True)[:MOST]),
        "environments": tuple(
            environment.order_by().values_list("name", flat=True).distinct()[:MOST]
        ),
    }


def _known(found: dict[str, tuple[Any, ...]]) -> set[str]:
    return {_text(each) for rows in found.values() for each in rows}


def _text(each: object) -> str:
    return str(each[1] if isinstance(each, tuple) else each).casefold()


def _incidents(user: Person, numbers: list[int], project: str | None) -> dict[int, int]:
    """Number to id of the incidents; the newest where several projects have the number."""
    found = incidents.incidents(user).filter(number__in=numbers)
    found = found.filter(project__slug=project) if project else found
    return dict(found.order_by("pk").values_list("number", "pk")[:50]) if numbers else {}


def _mended(user: Person, asked: Iterable[str], project: str | None) -> dict[str, str]:
    """Words that are nearly the name of a deployment or a model, with that name."""
    here = {"project__slug": project} if project else {}
    slugs = deployments.deployments(user).filter(**here).values_list("slug", flat=True)
    names = models.models(user).filter(**here).order_by("name").values_list("name", flat=True)
    known = {each.casefold(): each for each in [*slugs[:MOST_KNOWN], *names[:MOST_KNOWN]]}
    mended: dict[str, str] = {}
    for word in dict.fromkeys(each for each in asked if len(each) >= 5 and " " not in each):
        low = word.casefold()
        if low not in known and (near := get_close_matches(low, known, 1, NEAR)):
            mended[word] = known[near[0]]
    return mended
