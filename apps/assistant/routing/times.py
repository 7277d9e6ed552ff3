"""The moments and stretches of time that a question names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAY = r"(?P<day>\d{4}-\d{2}-\d{2})"
_CLOCK = r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)"
_ISO = re.compile(rf"{_DAY}(?:[T ]\s*(?:at )?{_CLOCK})?")
_AT = re.compile(rf"\b{_CLOCK}\b")
_AGO = re.compile(r"\b(\d{1,3})\s+(minute|hour|day|week)s?\s+ago\b", re.IGNORECASE)
_LAST = re.compile(r"\b(?:last|past)\s+(\d{1,3})?\s*(minute|hour|day|week)s?\b", re.IGNORECASE)
_WORDS = {
    "since this morning": (timedelta(hours=6), None),
    "this morning": (timedelta(hours=6), timedelta(hours=12)),
    "last night": (timedelta(hours=-6), timedelta(hours=8)),
    "yesterday": (timedelta(days=-1), timedelta()),
    "today": (timedelta(), None),
    "this week": (timedelta(days=-7), None),
}


@dataclass(frozen=True, slots=True)
class When:
    """A moment, or a stretch of time; both empty where the question names none."""

    moment: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_given(self) -> bool:
        return self.moment is not None or self.since is not None


def read(text: str, now: datetime) -> When:
    """What the words name, by the clock of UTC."""
    return _moment(text, now) or _stretch(text, now) or When()


def _moment(text: str, now: datetime) -> When | None:
    if found := _ISO.search(text):
        return _on_day(found)
    if found := _AT.search(text):
        day = now - timedelta(days=1) if "yesterday" in text.casefold() else now
        at = day.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0)
        return When(moment=at if at <= now else at - timedelta(days=1))
    if found := _AGO.search(text):
        return When(moment=now - _span(found[1], found[2]))
    return None


def _on_day(found: re.Match[str]) -> When | None:
    try:
        day = datetime.fromisoformat(found["day"]).replace(tzinfo=UTC)
    except ValueError:
        return None  # such as the 31st of February
    if found["hour"]:
        return When(moment=day.replace(hour=int(found["hour"]), minute=int(found["minute"])))
    return When(since=day, until=day + timedelta(days=1))


def _stretch(text: str, now: datetime) -> When | None:
    low = text.casefold()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for words, (start, end) in _WORDS.items():
        if words in low:
            return When(since=midnight + start, until=now if end is None else midnight + end)
    if found := _LAST.search(text):
        return When(since=now - _span(found[1] or "1", found[2]), until=now)
    return None


def _span(count: str, unit: str) -> timedelta:
    return timedelta(**{f"{unit.lower()}s": int(count)})
