"""The embedding model of this process: loaded when it is first needed, absent where nothing carries it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Protocol

from apps.docs.search import minilm
from apps.docs.search.minilm import WIDTH, MiniLM

Array = Any
MOST_TEXT = 900  # characters of a passage that the model reads
KEPT = 256  # queries whose vector is remembered
_lock = threading.Lock()
_loaded: list[MiniLM] = []
_asked: OrderedDict[str, Array] = OrderedDict()


class Readable(Protocol):
    """A passage with its page."""

    heading: str
    text: str
    document: Any


def available() -> bool:
    """Whether passages and queries can be compared by meaning."""
    return not missing()


def missing() -> list[str]:
    """The packages that a model would need and that are not installed."""
    return minilm.missing()


def text_of(passage: Readable) -> str:
    """What the model reads of a passage: title and heading, then its beginning."""
    return f"{passage.document.title}. {passage.heading}\n{passage.text[:MOST_TEXT]}"


def vectors(texts: list[str]) -> list[bytes]:
    """The meaning of each text as 384 float16; call it only where a model is `available`."""
    with _lock:
        return [row.astype("f2").tobytes() for row in _model().encode(texts)]


def asked(words: str) -> Array | None:
    """The unit vector of a query, `None` without a model. The newest queries are remembered."""
    if not available():
        return None
    with _lock:
        if words not in _asked:
            _asked[words] = _model().encode([words])[0]
            while len(_asked) > KEPT:
                _asked.popitem(last=False)
        return _asked[words]


def width() -> int:
    """How many numbers a vector has; 0 without a model."""
    return WIDTH if available() else 0


def _model() -> MiniLM:
    if not _loaded:
        _loaded.append(MiniLM(minilm.folder()))
    return _loaded[0]
