"""Nothing in an answer tells of what the person may not see: fifty projects with a secret each, twenty people."""

from __future__ import annotations

import random

from apps.accounts.models import User
from apps.core import access
from apps.core.access import Role
from apps.docs import search, services
from apps.docs.models import Document
from apps.docs.palette import documents
from apps.docs.search import Query
from apps.projects.models import Grant, Project
from apps.projects.services import create_project
from tests.base import PortalTestCase

PROJECTS, PEOPLE = 50, 20


def secret(number: int) -> str:
    """A word that stands in one project alone."""
    return f"zq{number:02d}".translate(str.maketrans("0123456789", "abcdefghij")) + "glyph"


class RightsTests(PortalTestCase):
    people: list[User]
    projects: list[Project]

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        dice = random.Random(5)
        cls.projects = [
            create_project(name=f"P{n}", slug=f"p{n}", by=cls.sam) for n in range(PROJECTS)
        ]
        for number, project in enumerate(cls.projects):
            body = f"# Runbook {secret(number)}\n\nThe shared word and {secret(number)} stand here."
            services.write(project=project, kind="runbook", body=body, by=cls.sam)
        cls.people = [User.objects.create_user(f"u{n}", f"u{n}@example.org") for n in range(PEOPLE)]
        for person in cls.people:
            for project in dice.sample(cls.projects, dice.randint(0, 6)):
                Grant.objects.create(project=project, user=person, role=Role.VIEWER)

    def test_every_answer_agrees_with_the_policy(self) -> None:
        of = dict(Document.objects.values_list("pk", "project_id"))
        for person in self.people:
            seen = set(access.project_ids(person))
            answer = search.look(Query(person, "shared word", most=100))
            hits = [of[hit.document] for hit in answer.hits if hit.document]
            self.assertEqual(set(hits), seen)
            self.assertEqual(sum(answer.facets["kind"].values()), len(seen))
            self.assertEqual(len(answer.facets["project"]), len(seen))

    def test_a_secret_word_is_found_where_its_project_is_seen_and_nowhere_else(self) -> None:
        dice = random.Random(6)
        for person in self.people:
            seen = set(access.project_ids(person))
            for number in dice.sample(range(PROJECTS), 4):
                may = self.projects[number].pk in seen
                self.assert_silent_unless(may, person, secret(number))

    def assert_silent_unless(self, may: bool, person: User, word: str) -> None:
        answer = search.look(Query(person, word), {"passage"})
        offered = list(documents(person, word))
        self.assertEqual(any(word in hit.title for hit in answer.hits), may)
        self.assertEqual(any(word in hit.title for hit in offered), may)

    def test_a_typo_of_a_secret_word_is_not_mended_by_it(self) -> None:
        person = User.objects.create_user("nobody", "nobody@example.org")
        Grant.objects.create(project=self.projects[0], user=person, role=Role.VIEWER)
        told = search.look(Query(person, secret(1).replace("glyph", "glyhp")))
        self.assertNotIn(secret(1), told.suggestion)

    def test_scores_do_not_move_with_what_others_write(self) -> None:
        person = User.objects.create_user("one", "one@example.org")
        Grant.objects.create(project=self.projects[0], user=person, role=Role.VIEWER)
        before = search.look(Query(person, "shared word here"))
        for number in range(5):
            body = f"# More {number}\n\nThe shared word, shared, shared."
            services.write(project=self.projects[1], kind="runbook", body=body, by=self.sam)
        self.assertEqual(search.look(Query(person, "shared word here")), before)

    def test_a_narrow_token_narrows_the_search(self) -> None:
        limits = {"role": Role.VIEWER, "project_ids": [self.projects[3].pk]}
        api = self.api(self.sam, **limits)
        found = api.get("/api/v1/search/", {"q": "shared word"}).json()
        self.assertEqual(found["facets"]["project"], {"p3": 1})
        near = api.get("/api/v1/search/", {"q": secret(4)}).json()  # read as the word it may see
        self.assertEqual({hit["title"] for hit in near["results"]}, {f"Runbook {secret(3)}"})
        self.assertNotIn(secret(4), f"{near['results']}{near['suggestion']}")

    def test_a_strangers_project_slug_finds_nothing(self) -> None:
        person = self.people[0]
        hidden = Project.objects.exclude(pk__in=access.project_ids(person)).first()
        assert hidden is not None
        answer = search.look(Query(person, "shared word", hidden.slug))
        self.assertEqual((answer.hits, answer.facets["project"]), ([], {}))
