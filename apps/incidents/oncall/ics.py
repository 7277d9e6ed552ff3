"""Calendars as RFC 5545 writes them: shifts out, and other people's events in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

from apps.core.errors import PortalError

MOST_BYTES = 2_000_000
MOST_EVENTS = 5_000
MOST_REPEATS = 20_000
OCTETS = 75
DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
SLOW_RULES = ("SECONDLY", "MINUTELY", "HOURLY")


class NoCalendar(PortalError):
    code, status, sentence = "no_calendar", 400, "calendar: {reason}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event on its way out."""

    uid: str
    starts: datetime
    ends: datetime
    summary: str
    name: str = ""
    mail: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event that came in."""

    starts: datetime
    ends: datetime
    summary: str
    mails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What a calendar holds within a stretch, and sentences on what cannot be read."""

    events: list[Event]
    unread: list[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One content line: `NAME;PARAM=x:value`."""

    name: str
    params: dict[str, str]
    value: str


def write(title: str, entries: Iterable[Entry], now: datetime) -> str:
    """A calendar of these events; the same event has the same UID the next time."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Signalbox//On call//EN", "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(title)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]  # fmt: skip
    for entry in entries:
        lines += _event_lines(entry, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event_lines(entry: Entry, now: datetime) -> list[str]:
    found = [
        "BEGIN:VEVENT",
        f"UID:{escaped(entry.uid)}",
        f"DTSTAMP:{stamp(now)}",
        f"DTSTART:{stamp(entry.starts)}",
        f"DTEND:{stamp(entry.ends)}",
        f"SUMMARY:{escaped(entry.summary)}",
    ]
    if entry.mail:
        name = re.sub(r'[\x00-\x1f\x7f"]', "", entry.name)
        found.append(f'ATTENDEE;CN="{name}":mailto:{entry.mail}')
    if entry.url:
        found.append(f"URL:{entry.url}")
    return [*found, "TRANSP:TRANSPARENT", "END:VEVENT"]


def stamp(moment: datetime) -> str:
    """A moment in UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escaped(text: str) -> str:
    """Text as a value."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, written)
    return "".join(letter for letter in text if letter >= " ")


def unescaped(value: str) -> str:
    """The text of a value."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


def folded(line: str) -> str:
    """A line in pieces of at most 75 octets, no letter torn apart."""
    pieces, piece, size = [], "", 0
    for letter in line:
        length = len(letter.encode())
        if size + length > OCTETS:
            pieces.append(piece)
            piece, size = "", 1  # the blank that begins what follows
        piece, size = piece + letter, size + length
    return "\r\n ".join([*pieces, piece])


def read(text: str, *, zone: ZoneInfo, since: datetime, until: datetime) -> Read:
    """The events that touch a stretch, repetitions opened. A time without a zone is one of `zone`."""
    if len(text.encode()) > MOST_BYTES:
        raise NoCalendar(reason="it is larger than 2 MB.")
    blocks = list(islice(_blocks(text), MOST_EVENTS + 1))
    if not blocks and "BEGIN:VCALENDAR" not in text.upper():
        raise NoCalendar(reason="this is no iCalendar text.")
    if len(blocks) > MOST_EVENTS:
        raise NoCalendar(reason=f"it has more than {MOST_EVENTS} events.")
    return _Reader(zone, since, until).read(blocks)


class _Reader:
    """Opens the events of one calendar."""

    def __init__(self, zone: ZoneInfo, since: datetime, until: datetime) -> None:
        self.zone = zone
        self.since, self.until = since, until

    def read(self, blocks: list[list[Line]]) -> Read:
        events: list[Event] = []
        unread: list[str] = []
        moved = self._moved(blocks)
        for block in blocks:
            values = {line.name: line for line in block}
            name = unescaped(values["SUMMARY"].value) if "SUMMARY" in values else "(no title)"
            try:
                events += self._of(block, values, name, moved)
            except (ValueError, KeyError, OverflowError, TypeError) as error:
                unread.append(f"{name[:80]}: {_reason(error)}")
        return Read(sorted(events, key=lambda event: event.starts), unread)

    def _moved(self, blocks: list[list[Line]]) -> dict[str, set[datetime]]:
        """By UID the occurrences that stand elsewhere as events of their own."""
        found: dict[str, set[datetime]] = {}
        for block in blocks:
            values = {line.name: line for line in block}
            if "RECURRENCE-ID" in values and "UID" in values:
                try:
                    moment = self._moment(values["RECURRENCE-ID"])[0]
                except (ValueError, KeyError):
                    continue  # the event itself is told of as unread
                found.setdefault(values["UID"].value, set()).add(moment.astimezone(UTC))
        return found

    def _of(
        self,
        block: list[Line],
        values: dict[str, Line],
        name: str,
        moved: dict[str, set[datetime]],
    ) -> Iterator[Event]:
        if "STATUS" in values and values["STATUS"].value.upper() == "CANCELLED":
            return
        if "DTSTART" not in values:
            raise ValueError("it has no start")
        if "RECURRENCE-ID" in values:
            self._moment(values["RECURRENCE-ID"])
        starts, whole_day = self._moment(values["DTSTART"])
        lasts, by_clock = self._length(values, starts, whole_day)
        mails = tuple(_mails(block))
        uid = values["UID"].value if "UID" in values else ""
        gone = set() if "RECURRENCE-ID" in values else moved.get(uid, set())
        for start in self._starts(block, starts):
            ends = _ended(start, lasts, by_clock)
            first, last = start.astimezone(UTC), ends.astimezone(UTC)
            if first < self.until and last > self.since and first < last and first not in gone:
                yield Event(first, last, name, mails)

    def _starts(self, block: list[Line], starts: datetime) -> Iterator[datetime]:
        rules = [line.value for line in block if line.name == "RRULE"]
        if not rules:
            yield starts
            return
        wall = starts.replace(tzinfo=None)
        known = rruleset()
        for rule in rules:
            if any(word in rule.upper() for word in SLOW_RULES):
                raise ValueError("it repeats more often than once a day")
            known.rrule(self._rule(rule, wall, starts.tzinfo))
        for line in block:
            if line.name in {"EXDATE", "RDATE"}:
                for value in line.value.split(","):
                    moment = self._moment(Line(line.name, line.params, value))[0]
                    local = moment.astimezone(starts.tzinfo).replace(tzinfo=None)
                    (known.exdate if line.name == "EXDATE" else known.rdate)(local)
        last = self.until.astimezone(starts.tzinfo).replace(tzinfo=None)
        for number, found in enumerate(known.xafter(wall, inc=True)):
            if found > last:
                return
            if number >= MOST_REPEATS:
                raise ValueError(f"it repeats more than {MOST_REPEATS} times up to then")
            yield found.replace(tzinfo=starts.tzinfo)

    def _rule(self, rule: str, wall: datetime, zone: tzinfo | None) -> rrule:
        """The rule by the clock on the wall; its own end is one there, too."""
        ended = re.search(r"UNTIL=(\d{8}(?:T\d{6}Z?)?)", rule, re.IGNORECASE)
        if ended:
            until = self._parsed(ended[1], zone)
            local = until.astimezone(zone).replace(tzinfo=None)
            if "T" not in ended[1].upper():
                local = local.replace(hour=23, minute=59, second=59)
            rule = rule.replace(ended[1], local.strftime("%Y%m%dT%H%M%S"))
        made = rrulestr(rule, dtstart=wall)
        if not isinstance(made, rrule):
            raise ValueError("its repetition is not understood")
        if "COUNT=" in rule.upper() or ended:
            return made
        return made.replace(until=self.until.astimezone(zone).replace(tzinfo=None))

    def _moment(self, line: Line) -> tuple[datetime, bool]:
        zone: tzinfo = self.zone
        if given := line.params.get("TZID"):
            zone = _zone(given)
        return self._parsed(line.value, zone), "T" not in line.value.upper()

    def _parsed(self, value: str, zone: tzinfo | None) -> datetime:
        text = value.strip().upper()
        if text.endswith("Z"):
            return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if "T" in text:
            return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=zone)

    def _length(
        self, values: dict[str, Line], starts: datetime, whole_day: bool
    ) -> tuple[timedelta, bool]:
        """How long it lasts, and whether that is told by the clock on the wall."""
        if "DTEND" in values:
            ends, _ = self._moment(values["DTEND"])
            if whole_day:
                return ends.replace(tzinfo=None) - starts.replace(tzinfo=None), True
            return ends.astimezone(UTC) - starts.astimezone(UTC), False
        if "DURATION" in values:
            return _duration(values["DURATION"].value), False
        if whole_day:
            return timedelta(days=1), True
        raise ValueError("it has no end")


def _ended(start: datetime, lasts: timedelta, by_clock: bool) -> datetime:
    return start + lasts if by_clock else start.astimezone(UTC) + lasts


def _duration(value: str) -> timedelta:
    found = DURATION.fullmatch(value.strip().upper().removeprefix("+"))
    if found is None:
        raise ValueError("its length is not understood")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name.strip('"').removeprefix("/"))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"the time zone {name[:60]} is not known here") from error


def _mails(block: list[Line]) -> Iterator[str]:
    for line in block:
        if line.name in {"ATTENDEE", "ORGANIZER"} and line.value.lower().startswith("mailto:"):
            yield line.value[7:].strip().lower()


def _blocks(text: str) -> Iterator[list[Line]]:
    """The lines of each event, those of alarms inside left out."""
    block: list[Line] | None = None
    inside = 0
    for line in _lines(text):
        if line.name == "BEGIN" and line.value.upper() == "VEVENT":
            block, inside = [], 0
        elif line.name == "END" and line.value.upper() == "VEVENT":
            if block is not None:
                yield block
            block = None
        elif line.name in {"BEGIN", "END"}:
            inside += 1 if line.name == "BEGIN" else -1
        elif block is not None and inside == 0:
            block.append(line)


def _lines(text: str) -> Iterator[Line]:
    whole = re.sub(r"\r?\n[ \t]", "", text)
    for raw in whole.splitlines():
        head, colon, value = _cut(raw)
        if not colon:
            continue
        name, *params = head.split(";")
        pairs = (param.partition("=") for param in params)
        yield Line(name.upper(), {key.upper(): given for key, _, given in pairs}, value)


def _cut(raw: str) -> tuple[str, str, str]:
    """A line at the first colon outside quotes."""
    quoted = False
    for place, letter in enumerate(raw):
        if letter == '"':
            quoted = not quoted
        elif letter == ":" and not quoted:
            return raw[:place], ":", raw[place + 1 :]
    return raw, "", ""


def _reason(error: Exception) -> str:
    text = str(error)
    return text[:120] if text else "it cannot be read"
