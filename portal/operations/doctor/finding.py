"""What a check found, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and the remedy where it is not well."""

    name: str
    level: Level
    words: str
    remedy: str = ""


def ok(name: str, words: str) -> Finding:
    return Finding(name, Level.OK, words)


def warn(name: str, words: str, *, remedy: str) -> Finding:
    return Finding(name, Level.WARN, words, remedy)


def fail(name: str, words: str, *, remedy: str) -> Finding:
    return Finding(name, Level.FAIL, words, remedy)
