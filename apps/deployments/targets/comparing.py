"""What a target runs, held against what was wanted of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from apps.deployments.models import Mismatch
from apps.integrations.clusters.quantities import cores
from apps.integrations.ports import Observed, Workload

Kind = Mismatch.Kind


@dataclass(frozen=True, slots=True)
class Difference:
    kind: Mismatch.Kind
    wanted: str
    found: str


def compare(wanted: Workload, found: Observed | None, image: str) -> list[Difference]:
    """Every kind of difference once. What a target cannot tell is no difference.

    `image` is the one that the target runs where the workload names none.
    """
    if found is None:
        return [Difference(Kind.MISSING, f"workload {wanted.name}", "nothing of that name")]
    pairs = (
        (Kind.VERSION, wanted.version, found.version),
        (Kind.IMAGE, wanted.image or image, found.image),
        (Kind.SCALE, *_scales(wanted, found)),
    )
    simple = [
        Difference(kind, here, there)
        for kind, here, there in pairs
        if there is not None and here != there
    ]
    settings = list(_settings(wanted, found))
    if not settings:
        return simple
    here = "; ".join(f"{name}: {value}" for name, value, _ in settings)
    there = "; ".join(f"{name}: {value}" for name, _, value in settings)
    return [*simple, Difference(Kind.SETTINGS, here, there)]


def _scales(wanted: Workload, found: Observed) -> tuple[str, str | None]:
    if found.replicas is None:
        return "", None
    here = _scale(wanted.replicas, wanted.most_replicas)
    return here, _scale(found.replicas, found.most_replicas or 0)


def _scale(least: int, most: int) -> str:
    return f"{least} to {most}" if most else str(least)


def _settings(wanted: Workload, found: Observed) -> Iterator[tuple[str, str, str]]:
    """Memory and cores by value; variables by name alone, for a value may be a secret."""
    if found.memory_mb is not None and found.memory_mb != wanted.memory_mb:
        yield "memory", f"{wanted.memory_mb} MB", f"{found.memory_mb} MB"
    if found.cpu is not None and found.cpu != cores(wanted.cpu):
        yield "cpu", cores(wanted.cpu) or "any", found.cpu or "any"
    if found.command is not None and found.command != wanted.command:
        yield "command", "as the portal gave it", "another"
    if found.environ is not None:
        yield from _variables(wanted.environ, found.environ)


def _variables(
    wanted: Mapping[str, str], found: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    for name in sorted({*wanted, *found}):
        if name not in found:
            yield name, "set", "missing"
        elif name not in wanted:
            yield name, "not set", "added"
        elif wanted[name] != found[name]:
            yield name, "set", "changed"
