"""How times, numbers and states are said."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from apps.core.ui import agents, numbers, states, times

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def shown(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(days=3), "3 d ago"),
        (timedelta(days=30), "8 Feb"),
        (timedelta(days=400), "3 Feb 2025"),
        (timedelta(seconds=-10), "in a moment"),
        (timedelta(hours=-2), "in 2 h"),
    ],
)
def test_times_are_relative_and_old_ones_are_dates(ago: timedelta, said: str) -> None:
    assert times.relative(NOW - ago, NOW) == said


def test_the_exact_time_is_in_the_viewers_zone() -> None:
    with timezone.override(zoneinfo.ZoneInfo("Europe/Berlin")):
        html = shown("{% when moment %}", moment=NOW)

    assert 'datetime="2026-03-10T12:00:00+00:00"' in html
    assert 'title="Tue 10 Mar 2026, 13:00:00 CET"' in html


def test_a_missing_time_is_said() -> None:
    assert "never" in shown("{% when moment %}", moment=None)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.042, "42 ms"), (7.25, "7.2 s"), (61, "61 s"), (754, "12 min 34 s"), (7200, "2 h")],
)
def test_lengths_keep_what_matters(seconds: float, said: str) -> None:
    assert times.lasting(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0, "0"),
        (12, "12"),
        (0.1234, "0.123"),
        (999_999, "1000 k"),
        (1_234_567, "1.23 M"),
        (-88_000_000.0, "-88 M"),
        (0.00002, "2e-05"),
    ],
)
def test_numbers_are_short(value: float | None, said: str) -> None:
    assert numbers.compact(value) == said


def test_shares_and_sizes_carry_their_unit() -> None:
    assert numbers.percent(0.1432) == "14.3 %"
    assert numbers.size(73_400_320) == "70 MiB"


def test_a_state_has_an_icon_a_word_and_a_tone() -> None:
    html = shown('{% badge "rolled_back" %}')

    assert 'data-tone="warn"' in html
    assert "#undo" in html
    assert "Rolled back" in html


def test_a_state_nobody_named_is_said_by_its_word() -> None:
    assert "Warming up" in shown('{% badge "warming_up" %}')


def test_a_state_cannot_look_two_ways() -> None:
    with pytest.raises(ValueError, match="queued"):
        states.register(queued=states.State("bad", "flame", "Queued"))


def test_words_of_people_are_escaped() -> None:
    html = shown("{% copy name %}{% badge state %}", name='"><script>', state="<b>")

    assert "<script>" not in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox 140 on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/156.0 Safari/537 Edg/156.0",
            "Edge 156 on Windows",
        ),
        ("robot", "robot"),
    ],
)
def test_a_browser_is_named_in_a_few_words(text: str, said: str) -> None:
    assert agents.browser(text) == said


def test_names_with_their_values_may_be_called_items() -> None:
    source = "{% for name, value in row|pairs %}{{ name }}={{ value }};{% endfor %}"
    assert shown(source, row={"items": 3, "keys": "b"}) == "items=3;keys=b;"
    assert shown(source, row=None) == ""
