"""Words for the lexical index: identifiers are found by their parts."""

from __future__ import annotations

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]*[A-Za-z0-9]")


def spread(text: str) -> str:
    """The text, followed by the parts of its identifiers: `KubePodCrash` adds `Kube Pod Crash`."""
    extra = []
    for found in _IDENTIFIER.finditer(text):
        parts = [p for piece in re.split(r"[_.:/-]+", found[0]) for p in _CAMEL.split(piece)]
        if len(parts) > 1:
            extra += parts
    return f"{text}\n{' '.join(extra)}" if extra else text
