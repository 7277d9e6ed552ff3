"""Sorted lists of runs: complete, in order, and paged in both directions, on either way."""

from __future__ import annotations

from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.models.models import Run
from apps.models.search import listing, walk
from apps.models.search.grammar import read_filter
from apps.models.search.matching import matching
from apps.models.search.ordering import Cut
from apps.models.search.tree import Field, Kind, Term
from tests.base import Cast
from tests.models.search.base import ordered, store, told
from tests.models.search.test_matching import RUNS

FIELDS = st.sampled_from(
    [
        Field(Kind.METRIC, "a"),
        Field(Kind.PARAM, "a"),
        Field(Kind.TAG, "a"),
        Field(Kind.ATTRIBUTE, "start_time"),
        Field(Kind.ATTRIBUTE, "end_time"),
        Field(Kind.ATTRIBUTE, "status"),
        Field(Kind.ATTRIBUTE, "user_id"),
    ]
)
TERMS = st.lists(st.builds(Term, FIELDS, st.booleans()), min_size=1, max_size=2).filter(
    lambda terms: len({term.field for term in terms}) == len(terms)
)
STRETCHES = st.sampled_from([(0, 1), (1, 1), (2, 2), (3, 100)])  # how many, and how long


class ListTests(Cast, TestCase):
    def setUp(self) -> None:
        self.enter()

    @settings(max_examples=60, deadline=None)
    @given(st.lists(RUNS, min_size=1, max_size=8), TERMS, STRETCHES, st.integers(1, 3))
    def test_pages_follow_each_other_in_order(
        self, logged: list[dict[str, Any]], terms: list[Term], stretches: tuple[int, int], most: int
    ) -> None:
        Run.objects.all().delete()
        told_runs = [told(n, **each) for n, each in enumerate(logged, 1)]
        store(self.fraud, told_runs[::2])
        store(self.other, told_runs[1::2] or told_runs[:1])
        projects = [self.fraud.pk, self.other.pk]
        order = tuple(terms)
        runs = matching(Run.objects.all(), read_filter("status != 'FAILED'"))
        wanted = [run.pk for run in ordered(list(runs), order)]
        how_many, long = stretches
        sizes = {"STRETCHES": how_many, "FIRST": long, "LEAST": long, "MOST": long}
        with mock.patch.multiple(walk, **sizes):
            found, back = self.both_ways(runs, order, projects, most)

        self.assertEqual(found, wanted)
        self.assertEqual(back, wanted)

    def both_ways(
        self, runs: Any, order: tuple[Term, ...], projects: list[int], most: int
    ) -> tuple[list[int], list[int]]:
        """The whole list by its next pages, and again by its previous ones."""
        pages = [listing.page(runs, Cut(order, most), projects)]
        while cursor := pages[-1].next:
            start = listing.read(cursor, order)
            pages.append(listing.page(runs, Cut(order, most, start), projects))
        self.assertIsNone(pages[0].previous)
        back = [pages[-1]]
        while cursor := back[0].previous:
            start = listing.read(cursor, order)
            back.insert(0, listing.page(runs, Cut(order, most, start, True), projects))
        return _ids(pages), _ids(back)


def _ids(pages: list[listing.Page]) -> list[int]:
    return [run.pk for page in pages for run in page.rows]
