"""Lists that sort and page on the server."""

from __future__ import annotations

from django.template import Context, Template
from django.test import RequestFactory, TestCase

from apps.accounts.models import User
from apps.core.ui import tables

SORTS = {"name": "username", "seen": "last_login"}


class PageTests(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        names = [f"user-{at:02}" for at in range(23)]
        User.objects.bulk_create([User(username=name) for name in names])
        for name in names[::3]:
            User.objects.filter(username=name).update(last_login="2026-01-01T10:00:00Z")

    def page(self, query: str) -> tables.Page[User]:
        request = RequestFactory().get(f"/{query}")
        rows = User.objects.filter(username__startswith="user-")
        return tables.page(rows, request, sorts=SORTS, default="name", per_page=5)

    def walk(self, query: str) -> list[list[str]]:
        pages = [self.page(query)]
        while pages[-1].next:
            pages.append(self.page(f"{query}&after={pages[-1].next}"))
        return [[row.username for row in page.rows] for page in pages]

    def test_pages_hold_every_row_once_whatever_the_order(self) -> None:
        for sort in ("name", "-name", "seen", "-seen"):
            with self.subTest(sort):
                found = [name for names in self.walk(f"?sort={sort}") for name in names]
                self.assertEqual(len(found), 23)
                self.assertEqual(len(set(found)), 23)

    def test_the_way_back_leads_over_the_same_pages(self) -> None:
        for sort in ("name", "-seen", "seen"):
            with self.subTest(sort):
                forth = self.walk(f"?sort={sort}")
                page = self.page(f"?sort={sort}")
                while page.next:
                    page = self.page(f"?sort={sort}&after={page.next}")
                back = [[row.username for row in page.rows]]
                while page.previous:
                    page = self.page(f"?sort={sort}&before={page.previous}")
                    back.append([row.username for row in page.rows])
                self.assertEqual(
                    sorted(name for names in back for name in names),
                    sorted(name for names in forth for name in names),
                )
                self.assertIsNone(page.previous)

    def test_a_sort_or_cursor_that_somebody_made_up_is_ignored(self) -> None:
        first = [row.username for row in self.page("").rows]
        for query in ("?sort=password", "?after=x", "?sort=-seen&sort=name&after=" + "A" * 40):
            self.assertEqual([row.username for row in self.page(query).rows], first)

        other = self.page("?sort=-name").next
        self.assertEqual([row.username for row in self.page(f"?after={other}").rows], first)

    def test_a_page_costs_one_query(self) -> None:
        with self.assertNumQueries(1):
            self.page("?sort=-name")


class HeaderTests(TestCase):
    def shown(self, query: str, source: str) -> str:
        request = RequestFactory().get(f"/models/{query}")
        return Template("{% load ui %}" + source).render(Context({"request": request}))

    def test_a_header_sorts_turns_around_and_keeps_the_filter(self) -> None:
        header = '{% sort_header "Name" "name" default="-changed" %}'

        self.assertIn(">Name<", self.shown("", header))
        self.assertIn('href="?state=live&amp;sort=name"', self.shown("?state=live&after=x", header))
        html = self.shown("?sort=name", header)
        self.assertIn('aria-sort="ascending"', html)
        self.assertIn('href="?sort=-name"', html)

    def test_an_address_keeps_what_is_not_changed(self) -> None:
        html = self.shown("?q=a&state=live&after=x", '{% keep state="open" after=None %}')

        self.assertEqual(html, "?q=a&amp;state=open")
