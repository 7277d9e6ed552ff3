"""The path of a file inside what is imported: the identity of its document."""

from __future__ import annotations

import re
import unicodedata

LONGEST, DEEPEST = 400, 20


def problem(path: str) -> str:
    """Why a path cannot be used; empty for a good one."""
    parts = path.split("/")
    if not path or len(path) > LONGEST or len(parts) > DEEPEST:
        return f"its path is over {LONGEST} characters or {DEEPEST} folders"
    if any(not letter.isprintable() for letter in path):
        return "its name holds control characters"
    if path.startswith("/") or "\\" in path or re.match(r"[A-Za-z]:", path):
        return "its path is not relative"
    if ".." in parts or "." in parts or "" in parts:
        return "its path leads out of the folder"
    return ""


def normal(path: str) -> str:
    """The one form of a path: composed characters, so that a Mac and a Linux say the same."""
    return unicodedata.normalize("NFC", path)


def shown(path: str) -> str:
    """The path as a report may print it."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path)[:LONGEST]
