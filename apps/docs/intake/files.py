"""Reads folders and archives that somebody else has made."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from apps.docs.errors import NotFromHere
from apps.docs.intake import confluence, names

LARGEST_FILE = 1_500_000  # bytes; 300,000 characters, whatever their script
LARGEST_ARCHIVE = 100_000_000  # bytes, packed
LARGEST_WHOLE = 60_000_000  # characters of all files together, unpacked
MOST_FILES, MOST_ENTRIES = 5_000, 20_000
MARKDOWN, PAGES = {".md", ".markdown"}, {".html", ".htm"}


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its path and its text, or why it is left out."""

    path: str
    text: str = ""
    skipped: str = ""


def from_folder(folder: Path) -> Iterator[Item]:
    """Every Markdown file below a folder; links are not followed."""
    seen = 0
    for base, below, files in os.walk(folder, followlinks=False):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(files):
            seen += 1
            if seen > MOST_ENTRIES:
                yield Item("…", skipped=f"only the first {MOST_ENTRIES} files are looked at")
                return
            yield _from_disk(folder, Path(base) / name)


def _from_disk(folder: Path, file: Path) -> Item:
    path = _printable(file.relative_to(folder))
    if reason := _refused(path, MARKDOWN):
        return Item(names.shown(path), skipped=reason)
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        return Item(path, skipped=f"it cannot be opened ({error.strerror}); links are not followed")
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Item(path, skipped="it is no ordinary file")
        return _read(path, opened.read(LARGEST_FILE + 1))


def from_zip(archive: IO[bytes], *, pages: bool = False) -> Iterator[Item]:
    """Every Markdown file of a zip archive; with `pages` the HTML of a Confluence export instead."""
    try:
        opened = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise NotFromHere(what="file", reason=f"this is no zip archive ({error})") from error
    with opened:
        entries = opened.infolist()
        if len(entries) > MOST_ENTRIES:
            raise NotFromHere(what="file", reason=f"it holds over {MOST_ENTRIES} files")
        yield from _entries(opened, entries, PAGES if pages else MARKDOWN)


def _entries(
    opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], wanted: set[str]
) -> Iterator[Item]:
    left = LARGEST_WHOLE
    for entry in entries:
        if entry.is_dir():
            continue
        item = _from_entry(opened, entry, wanted, left)
        left -= len(item.text)
        yield item


def _from_entry(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, wanted: set[str], left: int
) -> Item:
    path = entry.filename
    if reason := _refused(path, wanted):
        return Item(names.shown(path), skipped=reason)
    if entry.flag_bits & 0x1:
        return Item(path, skipped="it is encrypted")
    if stat.S_ISLNK(entry.external_attr >> 16):
        return Item(path, skipped="it is a link")
    if left <= 0:
        return Item(path, skipped=f"the archive unpacks to over {LARGEST_WHOLE} bytes")
    try:
        # What the archive says of its sizes is not believed: no more than this is ever unpacked.
        with opened.open(entry) as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError,
            RuntimeError) as error:  # fmt: skip
        return Item(path, skipped=f"it cannot be unpacked ({str(error)[:100]})")
    item = _read(path, content)
    return item if item.skipped or wanted is not PAGES else _converted(item)


def _converted(item: Item) -> Item:
    """A page of a Confluence export as Markdown; its number is its identity, for titles change."""
    if item.path.rpartition("/")[2] in confluence.CONTENTS:
        return Item(item.path, skipped="it lists the other pages")
    return Item(confluence.identity(item.path), confluence.to_markdown(item.text))


def _refused(path: str, wanted: set[str]) -> str:
    if reason := names.problem(path):
        return reason
    if Path(path).suffix.lower() not in wanted:
        return f"it is none of {', '.join(sorted(wanted))}"
    return ""


def _read(path: str, content: bytes) -> Item:
    if len(content) > LARGEST_FILE:
        return Item(path, skipped=f"it is larger than {LARGEST_FILE} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Item(path, skipped=f"it is not UTF-8 (byte {error.start})")
    return Item(names.normal(path), text)


def _printable(path: Any) -> str:
    """A path of the disk as text; bytes that are no UTF-8 become something `problem` refuses."""
    return os.fsencode(path).decode("utf-8", "replace").replace("\ufffd", "\x00")
