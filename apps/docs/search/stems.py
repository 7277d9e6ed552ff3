"""English words cut to what their forms share.

Porter, "An algorithm for suffix stripping", Program 14(3), 1980.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MEASURED = re.compile("^[^aeiouy]*" + "[aeiouy]+[^aeiou][^aeiouy]*")
_TWICE = re.compile("^[^aeiouy]*" + "(?:[aeiouy]+[^aeiou][^aeiouy]*){2}")
_ONCE = re.compile("^[^aeiouy]*[aeiouy]+[^aeiou][^aeiouy]*[aeiouy]*$")
_HAS_VOWEL = re.compile("[aeiouy]")
_SHORT = re.compile("[^aeiou][aeiouy][^aeiouwxy]$")
_DOUBLED = re.compile(r"([^aeioulsz])\1$")

_LONGER = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize",
    "bli": "ble", "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize",
    "ation": "ate", "ator": "ate", "alism": "al", "iveness": "ive", "fulness": "ful",
    "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble", "logi": "log",
}  # fmt: skip
_SHORTER = {
    "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
}  # fmt: skip
_LAST = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous",
    "ive", "ize", "ion", "al", "er", "ic", "ou",
)  # fmt: skip


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of a lower-case word; short words and words with digits stay."""
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    word = _ended(_plural(word))
    if word.endswith("y") and _HAS_VOWEL.search(word[:-1]):
        word = f"{word[:-1]}i"
    word = _swapped(_swapped(word, _LONGER), _SHORTER)
    return _tidied(_cut(word))


def _plural(word: str) -> str:
    for end, instead in (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")):
        if word.endswith(end):
            return word[: -len(end)] + instead
    return word


def _ended(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _MEASURED.match(word[:-3]) else word
    for end in ("ed", "ing"):
        rest = word[: -len(end)]
        if word.endswith(end) and _HAS_VOWEL.search(rest):
            return _mended(rest)
    return word


def _mended(rest: str) -> str:
    """What remains without `ed` or `ing`, as the word it came from: `siz` is `size`."""
    if rest.endswith(("at", "bl", "iz")):
        return f"{rest}e"
    if _DOUBLED.search(rest):
        return rest[:-1]
    return f"{rest}e" if _ONCE.match(rest) and _SHORT.search(rest) else rest


def _swapped(word: str, ends: dict[str, str]) -> str:
    for end, instead in ends.items():
        if word.endswith(end):
            rest = word[: -len(end)]
            return rest + instead if _MEASURED.match(rest) else word
    return word


def _cut(word: str) -> str:
    for end in _LAST:
        if word.endswith(end):
            rest = word[: -len(end)]
            fits = end != "ion" or rest.endswith(("s", "t"))
            return rest if fits and _TWICE.match(rest) else word
    return word


def _tidied(word: str) -> str:
    rest = word[:-1]
    if word.endswith("e"):
        short = _ONCE.match(rest) and _SHORT.search(rest)
        if _TWICE.match(rest) or (_MEASURED.match(rest) and not short):
            word = rest
    if word.endswith("ll") and _TWICE.match(word[:-1]):
        word = word[:-1]
    return word
