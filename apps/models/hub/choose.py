"""Which files of a model come in: what was asked for, and no pickle unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.conf import settings

from apps.core.errors import Invalid
from apps.integrations.ports import HubFile
from apps.models.errors import ModelTooLarge, PickleRefused

# What torch and others store as pickles; whoever loads one runs what it says.
PICKLED = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".dill"})
SAFE = ".safetensors"
PROTOCOLS = tuple(bytes([0x80, number]) for number in range(2, 6))


@dataclass(frozen=True, slots=True)
class Options:
    """What somebody asked for: patterns such as `*.json`, and whether pickles may come."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    pickles: bool = False

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Options:
        return cls(
            tuple(stored.get("allow", ())),
            tuple(stored.get("deny", ())),
            bool(stored.get("pickles", False)),
        )

    @property
    def stored(self) -> dict[str, Any]:
        """As a row keeps it."""
        return {"allow": list(self.allow), "deny": list(self.deny), "pickles": self.pickles}


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that come, and those that do not, each with the reason."""

    files: list[HubFile]
    left_out: list[tuple[str, str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def chosen(files: Iterable[HubFile], options: Options) -> Chosen:
    """The files to bring in; a refusal where there would be none, too much, or a pickle alone."""
    kept: list[HubFile] = []
    left: list[tuple[str, str]] = []
    for file in files:
        if options.allow and not _fits(file.path, options.allow):
            left.append((file.path, "not asked for"))
        elif _fits(file.path, options.deny):
            left.append((file.path, "asked to stay"))
        else:
            kept.append(file)
    if not options.pickles:
        kept, pickled = _without_pickles(kept)
        left += [(path, "a pickle; the safetensors come instead") for path in pickled]
    if not kept:
        raise Invalid(field="allow", reason="no file is left to import; widen the patterns")
    found = Chosen(kept, left)
    if found.size > settings.IMPORT_LIMIT_BYTES:
        raise ModelTooLarge(size=found.size, limit=settings.IMPORT_LIMIT_BYTES)
    return found


def check_content(path: str, content: Path, options: Options) -> None:
    """Refuse a pickle under another name."""
    if not options.pickles and _is_pickle(content):
        raise PickleRefused(path=path)


def _without_pickles(files: list[HubFile]) -> tuple[list[HubFile], list[str]]:
    pickled = [file.path for file in files if PurePosixPath(file.path).suffix.lower() in PICKLED]
    if pickled and not any(file.path.lower().endswith(SAFE) for file in files):
        raise PickleRefused(path=pickled[0])
    return [file for file in files if file.path not in set(pickled)], pickled


def _fits(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _is_pickle(content: Path) -> bool:
    with content.open("rb") as file:
        start = file.read(4)
    if start.startswith(PROTOCOLS):
        return True
    return start == b"PK\x03\x04" and _holds_pickle(content)


def _holds_pickle(content: Path) -> bool:
    """Torch's newer files are archives with a pickle inside."""
    try:
        with ZipFile(content) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())
    except (BadZipFile, OSError):
        return False
