"""What a text says beside its marks: plain lines, and the words that carry its meaning."""

from __future__ import annotations

import re

_ORDINARY = frozenset(
    """a about an and any are at be been by can could did do does for from give had has have how i if in is it its
    me my of on one or our please show should so than that the their them then there these they this to us was we
    were what when where which who whom whose why will with would you your step steps runbook say says tell""".split()  # noqa: SIM905  words read better without quotes
)
SHARE = 0.6


def stem(word: str) -> str:
    """The word without its ending, so that `moved` finds `moves`."""
    for ending in ("ings", "ing", "ied", "ies", "ed", "es", "e", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def meaning(text: str) -> set[str]:
    """The stems of the words that mean something."""
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return {stem(word) for word in words if word not in _ORDINARY and len(word) > 1}


def covers(asked: str, said: str) -> bool:
    """Whether a text speaks of most of what is asked."""
    wanted = meaning(asked)
    return bool(wanted) and len(wanted & meaning(said)) >= SHARE * len(wanted)


def plain(text: str) -> str:
    """Markdown without its marks, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"[`*_#>]|\[( |x)\]", "", text)).strip()
