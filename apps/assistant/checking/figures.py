"""Numbers and moments as a text says them: value, unit, what they count or name, and on which side they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?)?|\b\d{1,2}:\d{2}(?::\d{2})?"
)
_UNIT = (
    r"\s?(?:%|percent\b|per cent\b|milliseconds?\b|ms\b|seconds?\b|s\b|minutes?\b|min\b|hours?\b|h\b|days?\b"
    r"|[kKMG]?B\b)"
)
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w.])[-−])?(?<![\w.,])(?P<digits>\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)"
    rf"(?P<unit>{_UNIT})?(?!\w)"
)
_LABEL = re.compile(
    r"(?:\b(?P<label>version|release|incident|job|run|alert|page|step)\s+(?:number\s+)?|(?P<mark>#)|\b(?P<v>v))\s*$",
    re.I,
)
_SIDE = re.compile(
    r"\b(from|to|since|until|before|after|by)\s+(?:the\s+)?(?:version\s+|release\s+|v)?$", re.I
)
_AFTER = re.compile(r"^\s*(?:of\s+(?:the|them|its)\s+)?(?:open |registered )?([a-z]{3,})", re.I)
_UNITS = {
    "%": ("%", 1.0), "percent": ("%", 1.0), "per cent": ("%", 1.0), "ms": ("s", 1e-3), "millisecond": ("s", 1e-3),
    "s": ("s", 1.0), "second": ("s", 1.0), "minute": ("s", 60.0), "min": ("s", 60.0), "hour": ("s", 3600.0),
    "h": ("s", 3600.0), "day": ("s", 86400.0),
}  # fmt: skip
_IN_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
}
NEAR = 0.01  # what rounding may change
_QUIET = frozenset(
    """and the for with was were are has have had since from against between now then but while according based
    per""".split()  # noqa: SIM905  words read better without quotes
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `label` is what it names (`version 3`), `counts` the word behind it (`3 replicas`)."""

    text: str
    value: float
    unit: str
    decimals: int
    label: str
    side: str
    counts: str

    def is_in(self, others: list[Figure]) -> bool:
        """Whether one of the others says the same of the same thing."""
        return any(self._equals(other) for other in others)

    def _equals(self, other: Figure) -> bool:
        if self.unit != other.unit or self.label != other.label:
            return False
        if self.side and other.side and self.side != other.side:
            return False
        if self.counts and other.counts and self.counts != other.counts:
            return False
        if self.label:
            return self.value == other.value
        return self._rounds(other.value)

    def _rounds(self, exact: float) -> bool:
        if self.value == exact:
            return True
        near = abs(self.value - exact) <= NEAR * abs(exact)
        return near and round(exact, self.decimals) == round(self.value, self.decimals)


def worded(text: str) -> str:
    """With numbers written as words in digits, where something is counted."""
    return re.sub(
        r"\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b(?=\s+[a-z])",
        lambda found: _IN_WORDS[found[0].casefold()],
        text,
        flags=re.IGNORECASE,
    )


def figures(text: str) -> list[Figure]:
    """Every number of a text, moments aside."""
    bare = worded(MOMENT.sub(lambda found: "@" * len(found[0]), text))
    bare = re.sub(r"\bv(?=\d)", "version ", bare, flags=re.IGNORECASE)
    return [_figure(found, bare) for found in _NUMBER.finditer(bare)]


def _figure(found: re.Match[str], text: str) -> Figure:
    digits = found["digits"].rstrip(",").replace(",", "")
    name = re.sub(r"s$", "", (found["unit"] or "").strip()) or (found["unit"] or "").strip()
    unit, factor = _UNITS.get(name, (name, 1.0))
    before, after = text[: found.start()], text[found.end() :]
    label = _LABEL.search(before)
    side = _SIDE.search(before)
    word = "" if label or unit else _counted(after)
    return Figure(
        text=found[0].strip(),
        value=float(digits) * factor * (-1 if found["sign"] else 1),
        unit=unit,
        decimals=len(digits.partition(".")[2]) if factor == 1.0 else 6,
        label=_labelled(label),
        side=side[1].casefold() if side else "",
        counts=word,
    )


def _labelled(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    if found["label"]:
        return found["label"].casefold()
    return "version" if found["v"] else "incident"


def _counted(after: str) -> str:
    found = _AFTER.match(after)
    word = found[1].casefold() if found else ""
    return "" if word in _QUIET else word.rstrip("s")
