"""Calendars: what goes out comes back the same, and what others write is read or named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.incidents.models import CalendarSource, Override, Schedule
from apps.incidents.oncall import feeds, ics, selectors
from apps.incidents.oncall.ics import Entry, NoCalendar
from tests.core.loopback import always, answer, in_turn, loopback
from tests.incidents.oncall.base import schedule_of
from tests.integrations.base import ConnectionTestCase

BERLIN = ZoneInfo("Europe/Berlin")
SINCE, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    min_size=1,
    max_size=120,
)


def read(text: str) -> ics.Read:
    return ics.read(text, zone=BERLIN, since=SINCE, until=UNTIL)


def event(*lines: str) -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT", "END:VCALENDAR"]
    )


@settings(max_examples=200, deadline=None)
@given(texts, st.integers(0, 360 * 24), st.integers(1, 500))
def test_what_goes_out_comes_back(title: str, hour: int, length: int) -> None:
    starts = SINCE + timedelta(hours=hour)
    entry = Entry(
        "u", starts, starts + timedelta(hours=length), title, 'Rita; "R", x', "rita@example.org"
    )
    text = ics.write(title, [entry], SINCE)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    [back] = read(text).events
    assert (back.starts, back.ends, back.summary) == (entry.starts, entry.ends, title)
    assert back.mails == ("rita@example.org",)


def test_the_forms_of_time() -> None:
    for lines, starts, hours in (
        (("DTSTART:20250601T080000Z", "DTEND:20250601T100000Z"), (2025, 6, 1, 8), 2),
        (
            ("DTSTART;TZID=America/New_York:20250601T080000", "DURATION:PT90M"),
            (2025, 6, 1, 12),
            1.5,
        ),
        (("DTSTART:20250601T080000", "DTEND:20250601T100000"), (2025, 6, 1, 6), 2),
        (("DTSTART;VALUE=DATE:20250330", "DTEND;VALUE=DATE:20250331"), (2025, 3, 29, 23), 23),
        (("DTSTART;VALUE=DATE:20250601",), (2025, 5, 31, 22), 24),
    ):
        [found] = read(event("SUMMARY:x", *lines)).events
        assert found.starts == datetime(*starts, tzinfo=UTC), lines  # type: ignore[arg-type,misc]
        assert found.ends - found.starts == timedelta(hours=hours), lines


def test_a_repetition_keeps_to_the_clock_and_knows_its_exceptions() -> None:
    weekly = event(
        "SUMMARY:rita", "DTSTART;TZID=Europe/Berlin:20250317T090000", "DTEND;TZID=Europe/Berlin:20250317T170000",
        "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Berlin:20250324T090000",
    )  # fmt: skip
    moved = weekly.replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Europe/Berlin:20250331T090000\r\nSUMMARY:cora\r\n"
        "DTSTART:20250401T070000Z\r\nDTEND:20250401T080000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
    )
    found = [(one.starts.strftime("%m-%d %H"), one.summary) for one in read(moved).events]
    assert found == [("03-17 08", "rita"), ("04-01 07", "cora"), ("04-07 07", "rita")]
    endless = event("SUMMARY:x", "DTSTART:20100101T000000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    assert len(read(endless).events) == 365
    ended = event(
        "SUMMARY:x", "DTSTART:20250101T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20250103"
    )
    assert len(read(ended).events) == 3


def test_what_cannot_be_read_is_named() -> None:
    for lines, said in (
        (("DTSTART;TZID=Mars/North:20250601T080000", "DURATION:PT1H"), "Mars/North is not known"),
        (("DTSTART:20250601T080000Z",), "it has no end"),
        (("DTEND:20250601T080000Z",), "it has no start"),
        (("DTSTART:20251301T080000Z", "DURATION:PT1H"), "does not match"),
        (("DTSTART:20250601T080000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY"), "once a day"),
        (("DTSTART:20250601T080000Z", "DURATION:PT1H", "RRULE:FREQ=NEVER"), ""),
        (("DTSTART:20250601T080000Z", "DURATION:an hour"), "its length"),
    ):
        found = read(event("SUMMARY:odd", *lines))
        assert found.events == [], lines
        assert len(found.unread) == 1, lines
        assert said in found.unread[0], found.unread
    assert (
        read(
            event("SUMMARY:x", "STATUS:CANCELLED", "DTSTART:20250601T080000Z", "DURATION:PT1H")
        ).events
        == []
    )


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        ics.read(
            f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{text}\nEND:VEVENT",
            zone=BERLIN,
            since=SINCE,
            until=UNTIL,
        )
        ics.read(text, zone=BERLIN, since=SINCE, until=UNTIL)
    except NoCalendar:
        pass


class CalendarTests(ConnectionTestCase):
    def schedule(self) -> Schedule:
        return schedule_of(self.fraud, self.rita, self.cora, by=self.ada)

    def shifts(self, *names: str) -> str:
        begin = timezone.now().replace(microsecond=0) + timedelta(days=1)
        entries = [
            Entry(
                f"u{place}",
                begin + place * timedelta(hours=8),
                begin + (place + 1) * timedelta(hours=8),
                name,
            )
            for place, name in enumerate(names)
        ]
        return ics.write("x", entries, begin)

    def test_a_schedule_comes_back_as_overrides(self) -> None:
        schedule = self.schedule()
        now = timezone.now()
        text = ics.write("x", feeds.entries_of(schedule, now, now + timedelta(days=30)), now)
        copy = schedule_of(self.fraud, by=self.ada)
        _, taken = feeds.add_file(schedule=copy, name="file", text=text, by=self.ada)
        self.assertEqual(taken.unmatched, [])
        both = [
            [
                (one.starts, one.ends, one.person)
                for one in selectors.stretches(row, now, now + timedelta(days=29))
            ]
            for row in (schedule, copy)
        ]
        # A whole second is the finest that a calendar knows.
        self.assertEqual(*[[(b.replace(microsecond=0), p) for _, b, p in rows] for rows in both])

    def test_events_of_nobody_or_several_are_left_out_and_named(self) -> None:
        schedule = self.schedule()
        self.client.force_login(self.max)
        file = SimpleUploadedFile(
            "s.ics", self.shifts("Rita on call", "Rita or Cora", "Zoe", "carol").encode()
        )
        answered = self.client.post(
            f"{schedule.get_absolute_url()}calendars/", {"name": "team", "file": file}, follow=True
        )
        self.assertContains(answered, "1 shifts taken, 3 events left out.")
        self.assertContains(answered, "it names several people")
        self.assertEqual(Override.objects.get().user, self.rita)
        for sent in (
            {"name": "x"},
            {"name": "x", "address": "ftp://x"},
            {"name": "x", "file": SimpleUploadedFile("s", b"no")},
        ):
            self.assertEqual(
                self.client.post(f"{schedule.get_absolute_url()}calendars/", sent).status_code, 422
            )

    def test_an_address_is_read_again_and_keeps_what_it_gave_when_it_is_away(self) -> None:
        script = in_turn(
            answer(200, self.shifts("rita", "cora").encode()), answer(200, self.shifts("cora").encode()),
            answer(403), answer(200, b"<html>"),
        )  # fmt: skip
        server = self.enterContext(loopback(script))
        self.enterContext(self.settings(HTTP_ALLOW=["127.0.0.1"]))
        schedule = self.schedule()
        source = feeds.add_address(
            schedule=schedule, name="team", address=f"{server.url}/a.ics?k=1", by=self.max
        )
        counts = []
        for _ in range(4):
            feeds.read(source_id=source.pk)
            counts.append(Override.objects.count())
        self.assertEqual(counts, [2, 1, 1, 1])
        source.refresh_from_db()
        self.assertIn("calendar", source.trouble)
        self.assertEqual(server.asked[0].target, "/a.ics?k=1")
        self.client.force_login(self.max)
        self.assertNotContains(self.client.get(schedule.get_absolute_url()), "a.ics")
        self.client.post(f"/incidents/on-call/calendars/{source.pk}/remove/")
        self.assertFalse(CalendarSource.objects.exists() or Override.objects.exists())

    def test_an_address_inside_the_network_is_refused(self) -> None:
        server = self.enterContext(loopback(always(200, b"")))
        source = feeds.add_address(
            schedule=self.schedule(), name="x", address=server.url, by=self.max
        )
        feeds.read(source_id=source.pk)
        source.refresh_from_db()
        self.assertIn("loopback", source.trouble)
        self.assertEqual(server.asked, [])
