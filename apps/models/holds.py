"""Who still needs a version. Rooms to the right register what they know: live releases, for example."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from apps.models.models import ModelVersion

Holder = Callable[[Sequence[ModelVersion]], list[str]]
_holders: list[Holder] = []


def holder(find: Holder) -> Holder:
    """Ask this function too: it answers in few words what holds any of the versions."""
    if find not in _holders:
        _holders.append(find)
    return find


def holding(versions: Sequence[ModelVersion]) -> list[str]:
    """What holds any of these versions, in few words each."""
    return [words for find in _holders for words in find(versions)]


def serving(versions: Sequence[ModelVersion]) -> list[str]:
    """What other rooms hold of these versions, whatever aliases point at them."""
    return [words for find in _holders if find is not environments for words in find(versions)]


@holder
def environments(versions: Sequence[ModelVersion]) -> list[str]:
    """The aliases of environments that point at one of them."""
    return [
        f"{alias.name} of {version}"
        for version in versions
        for alias in version.aliases.all()
        if alias.name in {place.name for place in version.project.environments.all()}
    ]
