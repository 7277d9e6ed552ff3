"""The pause before a process is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portal.supervisor.backoff import Backoff


def test_it_doubles_and_has_an_end() -> None:
    backoff = Backoff(first=1, most=8)
    pauses = [backoff.pause(lasted=0) for _ in range(6)]
    for pause, wanted in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True):
        assert 0.75 * wanted <= pause <= 1.25 * wanted


def test_it_forgets_after_a_calm_life() -> None:
    backoff = Backoff(first=1, calm=60)
    for _ in range(5):
        backoff.pause(lasted=1)
    assert backoff.pause(lasted=61) <= 1.25


@given(st.lists(st.floats(min_value=0, max_value=1000), max_size=2000))
def test_it_is_never_longer_than_its_bound(lives: list[float]) -> None:
    backoff = Backoff()
    assert all(0 < backoff.pause(lasted=life) <= 37.5 for life in lives)
