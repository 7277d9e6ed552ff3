"""A folder of this machine, below one that the administrator allowed; no link is followed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.conf import settings

from apps.core.errors import Invalid
from apps.docs import markdown
from apps.integrations.ports import HubFile, HubModel
from apps.models.errors import FolderRefused

PIECE = 1024 * 1024
MOST_FILES = 20_000
DEEPEST = 30
README, LONGEST_README = "README.md", 200_000
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder that somebody named: whole, or by its path below an allowed one."""

    path: str

    def describe(self, *, digests: bool = True) -> HubModel:
        """Its files; the commit is one digest over all of them."""
        with _readable(self.path), self._opened() as top:
            found = files = sorted(_files(top, "", 0), key=lambda file: file.path)
            if digests:
                found = [HubFile(each.path, each.size, _digest(top, each.path)) for each in files]
            licence = _licence(top, {file.path for file in files})
        if not found:
            raise FolderRefused(reason=f"{self.path} holds no files.")
        commit = hashlib.sha256("".join(f"{f.path}\0{f.sha256}\n" for f in found).encode())
        return HubModel(self.path, commit.hexdigest() if digests else "", licence, tuple(found))

    def fetch(self, model: HubModel, file: HubFile, to: Path, heard: Callable[[int], None]) -> None:
        """Copy one file."""
        with self._opened() as top, _file(top, file.path) as source, to.open("wb") as out:
            for piece in iter(partial(source.read, PIECE), b""):
                out.write(piece)
                heard(len(piece))

    @contextmanager
    def _opened(self) -> Iterator[int]:
        root, below = _placed(self.path)
        with _directory(root, below) as top:
            yield top


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderRefused(reason=f"{path} cannot be read: {error.strerror}.") from error


def _placed(path: str) -> tuple[Path, tuple[str, ...]]:
    """The allowed folder and the way below it."""
    roots = [Path(root).resolve() for root in settings.IMPORT_ROOTS]
    if not roots:
        raise FolderRefused(reason="no folder is allowed. An administrator sets IMPORT_ROOTS.")
    parts = PurePosixPath(path).parts
    if not path.isprintable() or ".." in parts or not parts:
        raise FolderRefused(reason="give a plain path, without '..'.")
    for root in roots:
        if not path.startswith("/") and os.path.isdir(root / path):
            return root, parts
        if Path(path).is_relative_to(root):
            return root, Path(path).relative_to(root).parts
    raise FolderRefused(reason=f"{path} is no folder below one that IMPORT_ROOTS allows.")


@contextmanager
def _directory(root: Path, below: tuple[str, ...]) -> Iterator[int]:
    """The folder opened step by step, so that no step is a link."""
    try:
        here = os.open(root, OPEN | os.O_DIRECTORY)
    except OSError as error:
        raise FolderRefused(reason=f"{root} cannot be read: {error.strerror}.") from error
    try:
        for name in below:
            here = _step(here, name)
        yield here
    finally:
        os.close(here)


def _step(here: int, name: str) -> int:
    try:
        following = os.open(name, OPEN | os.O_DIRECTORY, dir_fd=here)
    except OSError as error:
        raise FolderRefused(reason=f"{name} is a link or no folder.") from error
    os.close(here)
    return following


def _files(here: int, path: str, depth: int) -> Iterator[HubFile]:
    """The files below an open folder. Whatever is neither file nor folder is refused."""
    if depth > DEEPEST:
        raise FolderRefused(reason=f"{path} lies too deep.")
    with os.scandir(here) as entries:
        for number, entry in enumerate(entries):
            below = f"{path}/{entry.name}".lstrip("/")
            if number > MOST_FILES:
                raise FolderRefused(reason=f"{path or 'it'} holds more than {MOST_FILES} files.")
            yield from _entry(here, entry, below, depth)


def _entry(here: int, entry: os.DirEntry[str], below: str, depth: int) -> Iterator[HubFile]:
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISREG(mode) and below.isprintable():
        yield HubFile(below, entry.stat(follow_symlinks=False).st_size)
    elif stat.S_ISDIR(mode):
        inner = os.open(entry.name, OPEN | os.O_DIRECTORY, dir_fd=here)
        try:
            yield from _files(inner, below, depth + 1)
        finally:
            os.close(inner)
    else:
        raise FolderRefused(reason=f"{below!r} is a link or no plain file. Remove it first.")


@contextmanager
def _file(top: int, path: str) -> Iterator[BinaryIO]:
    """One file opened step by step from the open folder."""
    *folders, name = path.split("/")
    here = os.dup(top)
    try:
        for folder in folders:
            here = _step(here, folder)
        opened = os.open(name, OPEN, dir_fd=here)
    except OSError as error:
        raise FolderRefused(reason=f"{path} cannot be read: {error.strerror}.") from error
    finally:
        os.close(here)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise FolderRefused(reason=f"{path} is no plain file.")
        yield file


def _digest(top: int, path: str) -> str:
    digest = hashlib.sha256()
    with _file(top, path) as file:
        for piece in iter(partial(file.read, PIECE), b""):
            digest.update(piece)
    return digest.hexdigest()


def _licence(top: int, names: set[str]) -> str:
    """What the front matter of the model's card says, as the hub's cards have it."""
    if README not in names:
        return ""
    with _file(top, README) as file:
        text = file.read(LONGEST_README).decode(errors="replace").replace("\x00", "")
    try:
        front = markdown.read(text).front
    except Invalid:
        return ""
    return str(front.get("license") or front.get("licence") or "")[:200]
