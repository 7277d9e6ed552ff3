"""Checks a signed file without the database: its signature, every row's hash, and the chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from apps.ledger import chain, keys
from apps.ledger.errors import FileRefused
from apps.ledger.export import FORM


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file that holds says: its rows, where it joins the chain, and who signed it."""

    rows: int
    first: int
    last: int
    previous: bytes
    head: bytes
    digest: str
    signer: str
    gaps: int


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    path: Path
    number: int = 0
    rows: int = 0
    first: int = 0
    gaps: int = 0
    joined: bytes = chain.GENESIS
    place: chain.Place = chain.Place(0, chain.GENESIS)

    def refuse(self, reason: str) -> FileRefused:
        return FileRefused(file=self.path.name, reason=f"line {self.number}: {reason}")


def check(path: Path, *, public: str) -> Checked:
    """Read a file to its end; raise `FileRefused` with the first line that does not hold."""
    try:
        with path.open("rb") as lines:
            return _check(_Reading(path), lines, public)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise FileRefused(file=path.name, reason=reason) from error


def _check(reading: _Reading, lines: BinaryIO, public: str) -> Checked:
    content, footer = hashlib.sha256(), b""
    for raw, is_last in _numbered(reading, lines):
        if is_last and reading.number > 1:
            footer = raw
            break
        content.update(raw)
        line = _parsed(reading, raw)
        if reading.number == 1:
            _check_header(reading, line, public)
        else:
            _check_row(reading, line)
    if not footer:
        raise reading.refuse("the file ends before its signature")
    return _check_footer(reading, _parsed(reading, footer), content.digest(), public)


def _numbered(reading: _Reading, lines: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The lines, each with whether it is the last one."""
    following = lines.readline()
    while raw := following:
        reading.number += 1
        following = lines.readline()
        yield raw, not following


def _parsed(reading: _Reading, raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise reading.refuse("this is no JSON") from error
    if not isinstance(line, dict):
        raise reading.refuse("this is no JSON object")
    return line


def _check_header(reading: _Reading, line: dict[str, Any], public: str) -> None:
    if line.get("ledger") != FORM:
        raise reading.refuse(f"this is no file of the form {FORM}")
    if line.get("public_key") != public:
        raise reading.refuse("another key signed this file; name its public key with --key")


def _check_row(reading: _Reading, line: dict[str, Any]) -> None:
    try:
        position, row = int(line["position"]), dict(line["entry"])
        stated = bytes.fromhex(line["hash"])
        previous = bytes.fromhex(line["previous"]) if "previous" in line else reading.place.hash
    except (KeyError, TypeError, ValueError) as error:
        raise reading.refuse("this is no entry of a ledger") from error
    where = f"position {position}, entry {row.get('id')}"
    if position <= reading.place.position:
        raise reading.refuse(f"{where}: the order was changed")
    if "previous" not in line and position != reading.place.position + 1:
        raise reading.refuse(f"{where}: the rows before it are missing")
    if chain.digest(previous, row) != stated:
        raise reading.refuse(f"{where}: the row, or a row before it, was changed")
    if reading.rows == 0:
        reading.first, reading.joined = position, previous
    elif position != reading.place.position + 1:
        reading.gaps += 1
    elif previous != reading.place.hash:
        raise reading.refuse(f"{where}: it does not follow on the row before it")
    reading.rows += 1
    reading.place = chain.Place(position, stated)


def _check_footer(reading: _Reading, line: dict[str, Any], content: bytes, public: str) -> Checked:
    if "signature" not in line:
        raise reading.refuse("the file ends before its signature")
    said = [line.get(name) for name in ("rows", "first", "last", "head", "digest")]
    place = reading.place
    if said != [reading.rows, reading.first, place.position, place.hash.hex(), content.hex()]:
        raise reading.refuse("the file is not what its last line says")
    if not keys.signed_by(public, content, str(line["signature"])):
        raise reading.refuse("the signature does not fit")
    return Checked(
        rows=reading.rows,
        first=reading.first,
        last=place.position,
        previous=reading.joined,
        head=place.hash,
        digest=content.hex(),
        signer=keys.fingerprint(public),
        gaps=reading.gaps,
    )
