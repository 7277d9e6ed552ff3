"""The words of a question that may name a record, and those that must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os.path import commonprefix

MOST = 60
SHARE = 0.65
_TOKEN = re.compile(r"[A-Za-z0-9][\w.-]*[A-Za-z0-9_]|[A-Za-z0-9]")
_QUOTED = re.compile(r"[\"“”`'‘’]([^\"“”`'‘’]{2,100})[\"“”`'‘’]")
_NOUN = re.compile(
    r"\b(?:deployment|model|run|project|monitor|connection|objective|alert|document|runbook)\s+"
    r"(?P<said>called |named )?(?P<name>[A-Za-z][\w.-]*\w)",
    re.IGNORECASE,
)
_SHAPED = re.compile(r"[A-Za-z]\w*(?:[-_.]\w+)+|[A-Za-z]+\d\w*")
_VERSION = re.compile(r"\bv(\d{1,6})\b|\bversions?\s+#?(\d{1,6})\b|\band\s+v?(\d{1,6})\b", re.I)
_INCIDENT = re.compile(r"#(\d{1,9})\b|\bincident\s+(?:number\s+)?(\d{1,9})\b", re.IGNORECASE)
# Such as "sign-off": a word of the language and no name.
_PARTICLE = re.compile(
    r"-(?:off|up|in|out|on|by|wise|like|free|ready|related|back|over|ahead)$", re.I
)
# Words that follow such a noun and name nothing.
_ORDINARY = frozenset(
    """is was were are has have had that which in of for on at to the a an and or do does did be been server servers
    monitor monitors serve serves version versions registry now today this still with worse better moved drifted
    says said open opened fired firing failed state status owner name live gets got goes came run runs ever slow
    down by from about when where who why what how page card cards budget health inputs input drift latency""".split()  # noqa: SIM905  words read better without quotes
)


def tokens(text: str) -> list[str]:
    """Every word and pair of words, whole quotations first, without repeats."""
    words = _TOKEN.findall(text)[:MOST]
    groups = [" ".join(words[at : at + size]) for size in (4, 3, 2) for at in range(len(words))]
    return list(dict.fromkeys([*_QUOTED.findall(text), *groups, *words]))


def claimed(text: str) -> Iterator[str]:
    """The words that can be nothing but names: quoted, of a name's shape, or after a noun."""
    yield from _QUOTED.findall(text)
    for name in _SHAPED.findall(text):
        if not _VERSION.fullmatch(name) and not _PARTICLE.search(name):
            yield name
    for found in _NOUN.finditer(text):
        name = found["name"]
        if found["said"] or not (name.casefold() in _ORDINARY or name.endswith("ed")):
            yield name


def alike(one: str, other: str) -> bool:
    """Whether two words are forms of one another, such as `accurate` and `accuracy`."""
    same = len(commonprefix([one, other]))
    return one == other or same >= max(5, SHARE * max(len(one), len(other)))


def versions(text: str) -> list[int]:
    """The version numbers in the text; `and 4` counts only where a version stands before it."""
    found = [first or second or third for first, second, third in _VERSION.findall(text)]
    plain = re.search(r"\bv\d|\bversions?\b", text, re.IGNORECASE)
    return list(dict.fromkeys(int(each) for each in found)) if plain else []


def incidents(text: str) -> list[int]:
    """The numbers of incidents in the text."""
    return list(dict.fromkeys(int(first or second) for first, second in _INCIDENT.findall(text)))
