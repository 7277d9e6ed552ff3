"""What keeps the demo at speed: stories, questions, pages."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.thread.client import Person

FAULTS = ("shift", "units", "broken", "release", "latency", "labels")
CALLS_PER_MINUTE = 120  # as many as the demo allows
LOOK_SECONDS = 2  # of each monitor; a new monitor of a person looks each minute
STORY_SECONDS, QUESTION_SECONDS, PAGE_SECONDS = 5.0, 45.0, 3.0
QUESTIONS = (
    "What broke last night?",
    "Which version is live and who approved it?",
    "What do I do now?",
    "Is anything on fire right now?",
    "Who is working on the open incident?",
    "Which version would I roll tumour-screening back to?",
)
OWN = re.compile(r'href="(/[^"#?]*)"')
NO_PAGE = re.compile(r"^/(accounts/logout|static/|media/|serve/|api/)")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Load:
    """One site admin who begins stories, asks and reads, each in turn and a little apart."""

    def __init__(self, person: Person, data: Path) -> None:
        self.person = person
        self.data = data
        self.pages = httpx.Client(
            base_url=person.http.base_url, timeout=60, trust_env=False, follow_redirects=True
        )
        self.worlds: list[str] = person.get("demo/")["worlds"]
        # Each deployment begins with another fault, so that several kinds go on beside each other.
        self.plans = {
            world: itertools.islice(itertools.cycle(FAULTS), 2 * place, None)
            for place, world in enumerate(self.worlds)
        }
        self.questions, self.addresses = itertools.cycle(QUESTIONS), itertools.cycle(["/"])
        self.due = dict.fromkeys(("story", "question", "page"), 0.0)
        self.done: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._sign_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.pages.close()
        self.person.close()

    def _sign_in(self) -> None:
        """By the form; the main pages are those that the first page leads to."""
        found = TOKEN.search(self.pages.get("/accounts/login/").text)
        assert found, "the page to sign in has no token"
        password = (self.data / "secrets" / "admin_password").read_text().strip()
        form = {"login": "admin", "password": password, "csrfmiddlewaretoken": found[1]}
        home = self.pages.post("/accounts/login/", data=form, headers={"Referer": self._referer()})
        links = dict.fromkeys(["/", *OWN.findall(home.text)])
        self.addresses = itertools.cycle([each for each in links if not NO_PAGE.match(each)])

    def _referer(self) -> str:
        return str(self.pages.base_url)

    def quicken(self) -> None:
        """As many calls as the demo allows, and a look of each of its monitors every other second."""
        self._ask("POST", "demo/rate/", calls_per_minute=CALLS_PER_MINUTE)
        for monitor in self.person.get("monitors/", limit=100)["results"]:
            if monitor["every_seconds"] <= 10:
                self._ask("PATCH", f"monitors/{monitor['id']}/", every_seconds=LOOK_SECONDS)

    def step(self, now: float) -> None:
        """Do what is due by now."""
        for name, pause, act in (
            ("story", STORY_SECONDS, self._stories),
            ("question", QUESTION_SECONDS, self._question),
            ("page", PAGE_SECONDS, self._page),
        ):
            if now >= self.due[name]:
                self.due[name] = now + pause
                act()

    def _stories(self) -> None:
        """One story after another for each deployment; never two that begin at the same moment."""
        told = self._ask("GET", "stories/?state=running")
        if told is None:
            return
        busy = {story["world"] for story in told["results"]}
        for world in self.worlds:
            if world not in busy:
                fault = next(self.plans[world])
                if self._ask("POST", "stories/", world=world, fault=fault):
                    self.done[f"story of {fault}"] += 1
                return

    def _question(self) -> None:
        asked = {"question": next(self.questions), "without_model": True}
        if self._ask("POST", "assistant/ask/", **asked):
            self.done["question"] += 1

    def _page(self) -> None:
        address = next(self.addresses)
        try:
            answer = self.pages.get(address)
        except httpx.HTTPError as error:
            self.wrong[f"{address}: {error!r}"] += 1
            return
        self.done["page"] += 1
        if answer.status_code >= 400:
            self.wrong[f"{address}: {answer.status_code}"] += 1

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        """What REST answers; a refusal is noted."""
        try:
            answer = self.person.http.request(method, f"/api/v1/{path}", json=body or None)
        except httpx.HTTPError as error:
            self.wrong[f"{method} {path}: {error!r}"] += 1
            return None
        if answer.is_success:
            return answer.json()
        self.wrong[f"{method} {path}: {answer.status_code} {answer.text[:300]}"] += 1
        return None

    def tell(self) -> int:
        """What was done and how it ended; how much of it went wrong."""
        for name, count in sorted(self.done.items()):
            print(f"{name:32} {count:6}")
        self._failed_stories()
        for sentence, count in self.wrong.most_common():
            print(f"WRONG {count:5} x {sentence}")
        return len(self.wrong)

    def _failed_stories(self) -> None:
        stories = (self._ask("GET", "stories/?limit=100") or {"results": []})["results"]
        ends = Counter(story["state"] for story in stories)
        print("stories by state: " + ", ".join(f"{name} {n}" for name, n in sorted(ends.items())))
        for story in stories:
            if story["state"] == "failed":
                self.wrong[f"story of {story['fault']} in {story['world']}: {story['note']}"] += 1
