"""Follows every link of a portal as one person, a few addresses for each route, and notes what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve

from tests.browser.conftest import Watched

MOST_OF_A_ROUTE = 2
MOST_PAGES = 400
# These end the session, fetch what no browser shows, or are the pages of MLflow.
LEFT_OUT = re.compile(r"^/(accounts/logout|static/|media/|serve/|mlflow/)")
LINKS = """() => [...document.querySelectorAll('a[href]')].map(link => ({
  href: link.href, download: link.hasAttribute('download')}))"""


@dataclass
class Crawler:
    """One person's walk."""

    shown: Watched
    width: int
    check: Callable[[Watched], None]
    pictures: Path | None = None
    faults: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    routes: Counter[str] = field(default_factory=Counter)

    def walk(self, first: str = "/") -> None:
        """Breadth first, so that near pages are never left out."""
        waiting = [(first, "the start")]
        while waiting and len(self.seen) < MOST_PAGES:
            address, source = waiting.pop(0)
            if self._wanted(address):
                waiting += [(link, address) for link in self._visit(address, source)]

    def _wanted(self, address: str) -> bool:
        """Not seen, and of a route of which few were seen. A search or a sort is no other page."""
        path = urlsplit(address).path
        if address in self.seen or LEFT_OUT.match(path):
            return False
        route = route_of(path)
        if self.routes[route] >= MOST_OF_A_ROUTE:
            return False
        self.seen.add(address)
        self.routes[route] += 1
        return True

    def _visit(self, address: str, source: str) -> list[str]:
        """Open a page, hold it against the rules, and answer where it leads."""
        answer = self.shown.page.context.request.get(self.shown.base + address)
        if answer.status >= 400:
            self.faults.append(f"{address}: {answer.status}, linked from {source}")
            return []
        if "text/html" not in answer.headers.get("content-type", ""):
            return []
        self.shown.open(address)
        self._picture(address)
        try:
            self.check(self.shown)
        except AssertionError as fault:
            self.faults.append(f"{address}: {str(fault)[:400]}")
        if self.shown.evaluate("document.documentElement.scrollWidth") > self.width:
            self.faults.append(f"{address}: wider than {self.width}")
        self.faults += [f"{address}: {sentence}" for sentence in self.shown.wrong]
        self.shown.wrong.clear()
        return list(self._links())

    def _links(self) -> Iterator[str]:
        for link in self.shown.evaluate(LINKS):
            whole = urlsplit(urldefrag(urljoin(self.shown.page.url, link["href"])).url)
            if whole.netloc == urlsplit(self.shown.base).netloc and not link["download"]:
                yield whole.path + (f"?{whole.query}" if whole.query else "")

    def _picture(self, address: str) -> None:
        if self.pictures:
            name = re.sub(r"\W+", "_", address).strip("_") or "home"
            path = self.pictures / f"{name[:80]}-{self.width}.png"
            self.shown.page.screenshot(path=path, full_page=True)


def route_of(path: str) -> str:
    """The pattern behind a path; the path itself where there is none, which is a dead link."""
    try:
        return str(resolve(path).route)
    except Resolver404:
        return path


def credentials(path: Path) -> dict[str, str]:
    """Names and passwords as the demo keeps them, one to a line."""
    lines: list[Any] = [line.split() for line in path.read_text().splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}
