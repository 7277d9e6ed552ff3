"""Whether words in a row are a sentence at all. Babble made of a record's own words is none."""

from __future__ import annotations

import re

FEWEST_WORDS = 3
FEWEST_TELLING = 2
_WORD = re.compile(r"\d[\d.,:/-]*\d|\w[\w./'-]*\w|\w|%")
_LOOSE = re.compile(r",\s*[.,;]|^\W*(?:of|than|%)\b")
_ARTICLES = frozenset(["a", "an", "the"])
_PLACES = frozenset("by to of in on for from with into since".split())  # noqa: SIM905
_JOINTS = frozenset(["and", "or", "but"])
_STATES = frozenset("was were is are be been".split())  # noqa: SIM905
# Words after which something must come.
_OPEN = _ARTICLES | _PLACES | _JOINTS | _STATES | {"than", "as"}


def broken(text: str, telling: int) -> bool:
    """Whether a text stammers, breaks off or holds too little; `telling` of its words say something."""
    words = _WORD.findall(text.casefold())
    if len(words) < FEWEST_WORDS or telling < FEWEST_TELLING:
        return True
    dangles = words[-1] in _OPEN - {"in", "on"}  # what is switched on may end so
    return dangles or bool(_LOOSE.search(text)) or any(map(_clash, words, words[1:]))


def _clash(word: str, following: str) -> bool:
    """Whether two words cannot stand beside each other."""
    if word == following:
        return not word.isdigit()
    if following == "%":
        return not word[-1].isdigit()
    if word in _ARTICLES:
        return following in _OPEN
    if word in _JOINTS:  # and was, and by, but in
        return following in _JOINTS | {"of", "than"}
    return word in _PLACES and following in _PLACES | _STATES | {"than"}
