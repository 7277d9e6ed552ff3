"""Who is on call: held against a model that counts minutes, over zones, clock changes and leap days."""

# ruff: noqa: DTZ001  what a clock on a wall shows has no zone
from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.incidents.oncall import rotation
from apps.incidents.oncall.rotation import Plan, Rotation, StandIn, spans, who

# Half an hour (Lord Howe), a day that never was (Apia, 30 December 2011), no clock change (Kathmandu).
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
    "America/Sao_Paulo", "Africa/Casablanca",
)  # fmt: skip
# Around clock changes of both hemispheres, leap days and the turn of the year.
AROUND = (
    datetime(2024, 2, 28), datetime(2025, 3, 8), datetime(2025, 3, 29), datetime(2025, 4, 5),
    datetime(2025, 10, 4), datetime(2025, 10, 25), datetime(2025, 11, 1), datetime(2025, 12, 30),
    datetime(2011, 12, 29), datetime(2000, 2, 28),
)  # fmt: skip
MINUTE = timedelta(minutes=1)


class MinuteModel:
    """The same by brute force: a wall clock that is watched minute by minute and never unsees a time."""

    def __init__(self, plan: Plan, since: datetime) -> None:
        self.plan = plan
        self.zone = ZoneInfo(plan.zone)
        # What the clock has shown at most so far: begin two days early, so that no change is missed.
        self.at = since - timedelta(days=2)
        self.seen = self.wall()

    def wall(self) -> datetime:
        return self.at.astimezone(self.zone).replace(tzinfo=None)

    def advance(self, to: datetime) -> None:
        while self.at < to:
            self.at += MINUTE
            self.seen = max(self.seen, self.wall())

    def person(self) -> int | None:
        for one in self.plan.stand_ins:
            if one.starts <= self.at < one.ends and one.person not in self.plan.gone:
                return one.person
        for each in reversed(self.plan.rotations):
            if (found := self.of(each)) is not None:
                return found
        return None

    def of(self, each: Rotation) -> int | None:
        if self.seen < each.first or not self.hours(each):
            return None
        shift = 0
        if each.length >= timedelta(days=30):
            shift = int((self.seen - each.first).total_seconds() // each.length.total_seconds())
        while each.first + (shift + 1) * each.length <= self.seen:
            shift += 1
        ring = [
            each.people[(shift + further) % len(each.people)] for further in range(len(each.people))
        ]
        return next((person for person in ring if person not in self.plan.gone), None)

    def hours(self, each: Rotation) -> bool:
        if not each.weekdays and each.opens is None:
            return True
        for days_back in range(3):
            day = (self.seen - timedelta(days=days_back)).date()
            if each.weekdays and day.weekday() not in each.weekdays:
                continue
            opens = datetime.combine(day, each.opens or time(0))
            closes = datetime.combine(day, each.closes or time(0))
            closes += timedelta(days=1) if closes <= opens else timedelta(0)
            if opens <= self.seen < closes:
                return True
        return False


times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
people = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)
lengths = st.one_of(
    st.integers(1, 40).map(lambda hours: timedelta(hours=hours)),
    st.integers(1, 9).map(lambda days: timedelta(days=days)),
    st.integers(1, 3).map(lambda weeks: timedelta(weeks=weeks)),
)


@st.composite
def rotations(draw: st.DrawFn, around: datetime) -> Rotation:
    windowed = draw(st.booleans())
    first = around - timedelta(days=draw(st.integers(-2, 40)))
    return Rotation(
        name=f"layer {draw(st.integers(0, 99))}",
        people=draw(people),
        first=datetime.combine(first.date(), draw(times)),
        length=draw(lengths),
        weekdays=draw(st.frozensets(st.integers(0, 6), max_size=6)),
        opens=draw(times) if windowed else None,
        closes=draw(times) if windowed else None,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Plan, datetime, datetime]:
    around = draw(st.sampled_from(AROUND))
    since = around.replace(tzinfo=UTC) + draw(st.integers(0, 30)) * timedelta(hours=1)
    stand_ins = tuple(
        StandIn(draw(st.integers(1, 6)), begin, begin + draw(st.integers(1, 2000)) * MINUTE)
        for begin in [
            since + draw(st.integers(-600, 2500)) * MINUTE for _ in range(draw(st.integers(0, 3)))
        ]
    )
    plan = Plan(
        zone=draw(st.sampled_from(ZONES)),
        rotations=tuple(draw(st.lists(rotations(around), max_size=3))),
        stand_ins=stand_ins,
        gone=draw(st.frozensets(st.integers(1, 6), max_size=3)),
    )
    return plan, since, since + timedelta(hours=30)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_every_minute_is_that_of_the_model(case: tuple[Plan, datetime, datetime]) -> None:
    plan, since, until = case
    found = spans(plan, since, until)
    assert found[0].starts == since
    assert found[-1].ends == until
    for before, after in zip(found, found[1:], strict=False):
        assert before.ends == after.starts, "a hole between stretches"
        assert before.duty != after.duty, "neighbours are the same"
    model, place = MinuteModel(plan, since), 0
    at = since
    while at < until:
        model.advance(at)
        while found[place].ends <= at:
            place += 1
        duty = found[place].duty
        assert (duty.person if duty else None) == model.person(), f"{at} in {plan.zone}"
        direct = who(plan, at)
        assert (direct.person if direct else None) == model.person()
        at += MINUTE


def weekly(**changes: object) -> Rotation:
    given_: dict[str, object] = {
        "name": "weekly", "people": (1, 2), "first": datetime(2025, 3, 24, 9), "length": timedelta(days=7),
    }  # fmt: skip
    return Rotation(**{**given_, **changes})  # type: ignore[arg-type]


def test_a_hand_over_at_nine_stays_at_nine() -> None:
    plan = Plan("Europe/Berlin", (weekly(),))
    edges = [span.starts for span in spans(plan, at(2025, 3, 24, 8), at(2025, 11, 10))]
    walls = {edge.astimezone(ZoneInfo("Europe/Berlin")).time() for edge in edges[1:]}
    assert walls == {time(9)}
    assert len(edges) > 30


def test_a_day_of_a_clock_change_has_23_or_25_hours() -> None:
    plan = Plan("Europe/Berlin", (weekly(length=timedelta(days=1), first=datetime(2025, 3, 1, 0)),))
    spring = spans(plan, at(2025, 3, 29, 23), at(2025, 3, 30, 22))
    assert [span.ends - span.starts for span in spring] == [timedelta(hours=23)]
    autumn = spans(plan, at(2025, 10, 25, 22), at(2025, 10, 26, 23))
    assert [span.ends - span.starts for span in autumn] == [timedelta(hours=25)]


def test_a_hand_over_in_the_hour_that_is_skipped_comes_when_the_clock_jumps() -> None:
    first = datetime(2025, 3, 29, 2, 30)
    plan = Plan("Europe/Berlin", (weekly(first=first, length=timedelta(days=1)),))
    edge = spans(plan, at(2025, 3, 30), at(2025, 3, 30, 12))[0].ends
    assert edge == at(2025, 3, 30, 1)
    # And in the one that comes twice, the first time.
    edge = spans(plan, at(2025, 10, 26), at(2025, 10, 26, 12))[0].ends
    assert edge == at(2025, 10, 26, 0, 30)


def test_a_leap_day_is_a_day() -> None:
    plan = Plan("UTC", (weekly(first=datetime(2024, 2, 28), length=timedelta(days=1)),))
    turns = [span.duty.person for span in spans(plan, at(2024, 2, 28), at(2024, 3, 2)) if span.duty]
    assert turns == [1, 2, 1]


def test_follow_the_sun_hands_over_between_zones_of_the_day() -> None:
    hours = (("asia", 1, 0, 8), ("europe", 2, 8, 16), ("america", 3, 16, 0))
    layers = tuple(
        weekly(name=name, people=(person,), opens=time(opens), closes=time(closes))
        for name, person, opens, closes in hours
    )
    found = spans(Plan("UTC", layers), at(2025, 4, 1), at(2025, 4, 2))
    assert [span.duty.person for span in found if span.duty] == [1, 2, 3]
    assert not rotation.gaps(found)


def test_who_left_is_skipped_and_nobody_else_moves() -> None:
    three = weekly(people=(1, 2, 3), length=timedelta(days=1), first=datetime(2025, 4, 1))
    before = [
        duty.person for day in range(1, 7) if (duty := who(Plan("UTC", (three,)), at(2025, 4, day)))
    ]
    left = Plan("UTC", (three,), gone=frozenset({2}))
    after = [who(left, at(2025, 4, day)) for day in range(1, 7)]
    assert before == [1, 2, 3, 1, 2, 3]
    assert [duty.person for duty in after if duty] == [1, 3, 3, 1, 3, 3]
    assert [duty.instead_of for duty in after if duty] == [None, 2, None, None, 2, None]
    assert who(Plan("UTC", (three,), gone=frozenset({1, 2, 3})), at(2025, 4, 1)) is None


def test_a_later_layer_and_an_override_win() -> None:
    top = weekly(name="top", people=(9,), opens=time(10), closes=time(11))
    plan = Plan("UTC", (weekly(), top), (StandIn(7, at(2025, 4, 1, 10, 30), at(2025, 4, 1, 12)),))
    found = spans(plan, at(2025, 4, 1, 9), at(2025, 4, 1, 13))
    assert [span.duty.person for span in found if span.duty] == [2, 9, 7, 2]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
