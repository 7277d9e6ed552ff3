"""Alertmanager's matchers: `name="value"`, `!=`, `=~`, `!~`; all of a list must hold."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

from apps.core.errors import Invalid

NAME = regex.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
LINE = regex.compile(
    r"\s*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*(=~|!~|!=|=)[ \t]*"
    r'("(?:[^"\\]|\\.)*"|[^",{}\n]*?)[ \t\r]*(?:[,\n]\s*|\Z)'
)
OPERATORS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
MOST, LONGEST = 20, 500  # matchers of one silence, characters of one pattern
# Seconds for one pattern on one value; one that needed more is not tried again for a while.
SECONDS, REST = 0.02, 600.0
# RE2, which Alertmanager uses, has none of these; without them patterns stay harmless there.
FOREIGN = regex.compile(r"\\[1-9gk]|\(\?(?:=|!|<=|<!|P=|P>|R|\(|>|&)|[+*?}]\+")
_resting: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that is absent is the empty text."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}{OPERATORS[self.is_regex, self.is_equal]}"{escaped}"'

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the condition holds; a pattern that takes too long holds nowhere."""
        found = labels.get(self.name, "")
        if not self.is_regex:
            return (found == self.value) == self.is_equal
        whole = _fits(self.value, found)
        return whole is not None and whole == self.is_equal

    def packed(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "name": self.name,
            "value": self.value,
            "is_regex": self.is_regex,
            "is_equal": self.is_equal,
        }


Matchers = Sequence[Matcher]


def unpacked(stored: Sequence[Mapping[str, Any]]) -> list[Matcher]:
    """From how they are stored."""
    return [
        Matcher(
            str(one.get("name", "")),
            str(one.get("value", "")),
            bool(one.get("is_regex", False)),
            bool(one.get("is_equal", True)),
        )
        for one in stored
    ]


def all_match(matchers: Matchers, labels: Mapping[str, str]) -> bool:
    """Whether every condition holds."""
    return all(matcher.matches(labels) for matcher in matchers)


def parse(text: str) -> list[Matcher]:
    """Conditions from lines or a `{…}` list as Alertmanager writes them."""
    inside = text.strip().removeprefix("{").removesuffix("}")
    found, at = [], 0
    while inside[at:].strip(" ,\r\n\t"):
        line = LINE.match(inside, at)
        if line is None:
            reason = f'write name="value" for {inside[at : at + 40]!r}'
            raise Invalid(field="matchers", reason=reason)
        found.append(_read(*line.groups()))
        at = line.end()
    return checked(found)


def checked(matchers: Sequence[Matcher], *, some: bool = False) -> list[Matcher]:
    """The same conditions, or `Invalid` with the one that cannot be used.

    `some`: at least one of them must ask for a label that is there, as Alertmanager demands of a silence.
    """
    if len(matchers) > MOST:
        raise Invalid(field="matchers", reason=f"at most {MOST} of them")
    for matcher in matchers:
        _check(matcher)
    if some and all(matcher.matches({}) for matcher in matchers):
        reason = "at least one must ask for a value, or it would match every alert"
        raise Invalid(field="matchers", reason=reason)
    return list(matchers)


def _check(matcher: Matcher) -> None:
    if not NAME.fullmatch(matcher.name) or len(matcher.name) > LONGEST:
        raise Invalid(field="matchers", reason=f"{matcher.name[:40]!r} is no name of a label")
    if len(matcher.value) > LONGEST or "\x00" in matcher.value:
        raise Invalid(field="matchers", reason=f"{matcher.name}: at most {LONGEST} characters")
    if not matcher.is_regex:
        return
    if FOREIGN.search(matcher.value):
        reason = f"{matcher.name}: look-around and references are not allowed, as in RE2"
        raise Invalid(field="matchers", reason=reason)
    try:
        _compiled(matcher.value)
    except (regex.error, RecursionError, OverflowError) as error:
        raise Invalid(field="matchers", reason=f"{matcher.name}: {error}") from error


def _read(name: str, operator: str, value: str) -> Matcher:
    if value.startswith('"'):
        value = regex.sub(r"\\(.)", _unescaped, value[1:-1])
    return Matcher(name, value, operator.endswith("~"), not operator.startswith("!"))


def _unescaped(found: Any) -> str:
    letter = found.group(1)
    return {"n": "\n", "\\": "\\", '"': '"'}.get(letter, f"\\{letter}")


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> Any:
    return regex.compile(f"(?:{pattern})", regex.VERSION0)


def _fits(pattern: str, value: str) -> bool | None:
    """Whether the pattern is the whole value; `None` where that takes too long to say."""
    now = time.monotonic()
    if _resting.get(pattern, 0.0) > now:
        return None
    try:
        return _compiled(pattern).fullmatch(value, timeout=SECONDS) is not None
    except (TimeoutError, regex.error, MemoryError):
        if len(_resting) > 1000:
            _resting.clear()
        _resting[pattern] = now + REST
        return None
