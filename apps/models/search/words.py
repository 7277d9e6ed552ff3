"""Cuts a filter string into words, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.models.errors import BadFilter

LONGEST = 5000  # characters
# A key may be written bare where it has no blanks, quotes or signs of comparison in it.
_WORD = re.compile(
    r"""(?P<blank>\s+)
      | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*")
      | (?P<tick>`[^`]*`)
      | (?P<number>(?<![\w.])[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<sign><=|>=|!=|<>|=|<|>)
      | (?P<mark>[(),.])
      | (?P<name>[^\s'"`<>=!(),.]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word; `at` counts from 1."""

    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str:
        """The word as the language reads it; a quoted one is never a keyword."""
        return self.text.upper() if self.kind in {"name", "sign", "mark"} else ""

    @property
    def bare(self) -> str:
        """The word without its quotes; a doubled quote stands for one."""
        if self.kind == "text":
            quote = self.text[0]
            return self.text[1:-1].replace(quote * 2, quote)
        return self.text[1:-1] if self.kind == "tick" else self.text


class Words:
    """The words of one string, read from left to right."""

    def __init__(self, text: str, field: str) -> None:
        self.field = field
        self._words = list(_cut(text, field))
        self._end = Word("end", "", len(text) + 1)
        self._at = 0

    @property
    def next(self) -> Word:
        return self._words[self._at] if self._at < len(self._words) else self._end

    @property
    def done(self) -> bool:
        return self.next.kind == "end"

    def take(self) -> Word:
        word = self.next
        self._at += 1
        return word

    def takes(self, *keywords: str) -> bool:
        """Take these keywords where they come next."""
        ahead = self._words[self._at : self._at + len(keywords)]
        if [word.keyword for word in ahead] != list(keywords):
            return False
        self._at += len(keywords)
        return True

    def wrong(self, expected: str, word: Word | None = None) -> BadFilter:
        """What cannot be read, where, and what would do."""
        word = word or self.next
        found = "the end" if word.kind == "end" else word.text[:60]
        return BadFilter(field=self.field, at=word.at, found=found, expected=expected)


def _cut(text: str, field: str) -> list[Word]:
    if len(text) > LONGEST:
        expected = f"at most {LONGEST} characters"
        raise BadFilter(field=field, at=LONGEST, found="more", expected=expected)
    words, at = [], 0
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None or "\x00" in found[0]:
            expected = "a closing quote" if text[at] in "'\"`" else "text that can be stored"
            raise BadFilter(field=field, at=at + 1, found=text[at : at + 20], expected=expected)
        if found.lastgroup != "blank":
            words.append(Word(str(found.lastgroup), found[0], at + 1))
        at = found.end()
    return words
