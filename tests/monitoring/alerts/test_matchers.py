"""Matchers as Alertmanager has them, and patterns that would hang another engine."""

from __future__ import annotations

import pytest

from apps.core.errors import Invalid
from apps.monitoring.alerting import matchers
from apps.monitoring.alerting.labels import alertmanagers_fingerprint
from apps.monitoring.alerting.matchers import Matcher, all_match, parse

LABELS = {"alertname": "Latency", "zone": "eu-1"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('alertname="Latency"', True),
        ("alertname=Latency", True),
        ('{alertname="Latency", zone!="eu-1"}', False),
        ('zone=~"eu-[0-9]"', True),
        ('zone=~"eu"', False),  # the whole value
        ('zone!~"us-.*"', True),
        ('absent=""', True),
        ('absent!="x"', True),
        ('absent=~".+"', False),
        ('alertname="Latency"\nzone="eu-1"\n', True),
        ('alertname="a\\"b"', False),
        ("", True),
    ],
)
def test_they_hold_as_alertmanagers_do(text: str, holds: bool) -> None:
    assert all_match(parse(text), LABELS) == holds


@pytest.mark.parametrize(
    "text",
    [
        "=x",
        "a b=c",
        'a="b" c="d"',
        '1a="b"',
        'a=~"("',
        'a=~"(?=b)"',
        'a=~"(b)\\1"',
        'a="b"}x',
        "a",
        'a=~"' + "x" * 501 + '"',
    ],
)
def test_what_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        matchers.checked(parse(text))


def test_a_silence_must_ask_for_something() -> None:
    for one in (Matcher("a", ""), Matcher("a", ".*", True), Matcher("a", "x", False, False)):
        with pytest.raises(Invalid):
            matchers.checked([one], some=True)
    assert matchers.checked([Matcher("a", "x")], some=True)


def test_a_hostile_pattern_fits_nothing_and_is_left_alone() -> None:
    for pattern in ("(a+)+b", "(a|a)*b", "(.*)*b", "(a|aa)+b"):
        hostile = Matcher("x", pattern, is_regex=True)
        for _ in range(100):  # two seconds, were it tried each time
            assert not hostile.matches({"x": "a" * 5000})
        assert pattern not in matchers._resting or not hostile.matches({"x": "ab"})


def test_they_are_written_as_they_are_read() -> None:
    some = [Matcher("a", 'b"\\c'), Matcher("d", "e.*", True, False)]
    assert parse("\n".join(map(str, some))) == some
    assert matchers.unpacked([each.packed() for each in some]) == some


def test_the_fingerprint_is_the_one_of_prometheus() -> None:
    """The value of an empty set is the offset of FNV-1a, as in Prometheus's own tests."""
    assert alertmanagers_fingerprint({}) == "cbf29ce484222325"
