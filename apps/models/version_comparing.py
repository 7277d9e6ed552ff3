"""Two versions side by side: plain records of each topic, for a table that marks what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.models.gates.files import licence_of
from apps.models.models import ModelVersion, VersionFacts

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of both versions; empty where neither says anything."""

    title: str
    before: Record
    after: Record

    @property
    def says_something(self) -> bool:
        return bool(self.before or self.after)

    @property
    def differing(self) -> int:
        keys = {*self.before, *self.after}
        return sum(self.before.get(key) != self.after.get(key) for key in keys)


def names(before: ModelVersion, after: ModelVersion) -> tuple[str, str]:
    """How the two are called beside each other: in short where they are of one model."""
    if before.model_id == after.model_id:
        return f"version {before.number}", f"version {after.number}"
    return str(before), str(after)


def topics(before: ModelVersion, after: ModelVersion) -> list[Topic]:
    """Every topic of two versions."""
    return [Topic(title, read(before), read(after)) for title, read in READERS.items()]


def _facts(version: ModelVersion) -> VersionFacts:
    return getattr(version, "facts", None) or VersionFacts(version=version)


def _about(version: ModelVersion) -> Record:
    known = _facts(version)
    licence, _ = licence_of(version)
    told = {
        "registered": f"{version.created_at:%Y-%m-%d %H:%M}",
        "aliases": ", ".join(sorted(alias.name for alias in version.aliases.all())),
        "digest": known.digest[:16],
        "size in bytes": known.size or "",
        "licence": licence,
        **{f"flavour {name}": value for name, value in known.flavours.items()},
    }
    return {key: value for key, value in told.items() if value != ""}


def _metrics(version: ModelVersion) -> Record:
    return dict(sorted(version.run.metrics.items())) if version.run else {}


def _params(version: ModelVersion) -> Record:
    return dict(sorted(version.run.params.items())) if version.run else {}


def _signature(version: ModelVersion) -> Record:
    return {
        f"{part}: {column['name']}": column["type"] + (", optional" * column.get("optional", False))
        for part, columns in _facts(version).signature.items()
        for column in columns
    }


def _data(version: ModelVersion) -> Record:
    read = version.run.inputs if version.run else []
    return {
        f"{each['name']} {each.get('context', '')}".strip(): each.get("digest", "") for each in read
    }


def _files(version: ModelVersion) -> Record:
    return {
        each["path"]: f"{each['size']} bytes, {each['sha256'][:12] or 'not read'}"
        for each in _facts(version).files
    }


READERS: dict[str, Callable[[ModelVersion], Record]] = {
    "About": _about,
    "Metrics": _metrics,
    "Params": _params,
    "Signature": _signature,
    "Data": _data,
    "Files": _files,
}
