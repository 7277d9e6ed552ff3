"""What comes back through the door."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from apps.core.http.errors import BadAnswer
from apps.core.http.redact import redact


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. The names of `headers` are found in any case."""

    service: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """The parsed body, `None` where it is empty, whatever its label says."""
        if not self.content.strip():
            return None
        try:
            return json.loads(self.content, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            kind = self.headers.get("content-type", "data without a type").partition(";")[0]
            reason = f"it is {redact(kind[:60])} and not JSON"
            raise BadAnswer(service=self.service, reason=reason) from error


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it was written."""

    size: int
    sha256: str


def write_file(to: Path, parts: Iterable[bytes]) -> Download:
    """Write the parts beside `to`, then move them there: the file is complete or absent."""
    digest, size = hashlib.sha256(), 0
    with NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as draft:
        try:
            for part in parts:
                digest.update(part)
                size += draft.write(part)
            draft.flush()
            os.replace(draft.name, to)
        finally:
            Path(draft.name).unlink(missing_ok=True)
    return Download(size, digest.hexdigest())


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
