"""`Idempotency-Key`: the same key has one effect and one answer, whatever happens around it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from apps.accounts.services import create_token
from apps.core.models import IdempotencyRecord
from apps.ledger.models import Entry
from apps.projects.models import Project
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.server import running

URL = "/api/v1/projects/"
KEY = "5b0c8a0e-6a4e-4b1e-9d57-2a1f6f8f2a10"
REQUESTS = 50


class OnceTests(PortalTestCase):
    def post(self, client: Any, body: Any, key: str = KEY) -> Any:
        return client.post(URL, body, headers={"Idempotency-Key": key})

    def test_the_second_answer_is_the_first_one(self) -> None:
        client = self.api(self.ada)
        first = self.post(client, {"name": "Churn"})
        second = self.post(client, {"name": "Churn"})
        self.assertEqual((first.status_code, second.status_code), (201, 201))
        self.assertEqual(first.content, second.content)
        self.assertEqual(second["Idempotency-Replayed"], "true")
        self.assertEqual(second["Content-Type"], first["Content-Type"])
        self.assertNotIn("Idempotency-Replayed", first)
        self.assertEqual(Project.objects.filter(name="Churn").count(), 1)
        self.assertEqual(Entry.objects.filter(verb="projects.created").count(), 3)

    def test_another_body_or_path_under_the_same_key_is_refused(self) -> None:
        client = self.api(self.ada)
        self.post(client, {"name": "Churn"})
        other = self.post(client, {"name": "Loans"})
        self.assertEqual((other.status_code, other.json()["code"]), (422, "idempotency_key_reused"))
        path = client.post(
            "/api/v1/environments/", {"name": "Churn"}, headers={"Idempotency-Key": KEY}
        )
        self.assertEqual(path.status_code, 422)
        self.assertFalse(Project.objects.filter(name="Loans").exists())

    def test_a_refusal_frees_the_key(self) -> None:
        client = self.api(self.ada)
        refused = self.post(client, {"name": "Mine", "slug": "weather"})
        self.assertEqual(refused.status_code, 409)
        self.assertFalse(IdempotencyRecord.objects.exists())
        self.assertEqual(self.post(client, {"name": "Mine", "slug": "mine"}).status_code, 201)

    def test_another_person_with_the_same_key_is_on_their_own(self) -> None:
        mine = self.post(self.api(self.ada), {"name": "Churn"})
        theirs = self.post(self.api(self.bob), {"name": "Churn"})
        self.assertEqual((mine.json()["slug"], theirs.json()["slug"]), ("churn", "churn-2"))

    def test_an_unusable_key_is_named(self) -> None:
        client = self.api(self.ada)
        for key in ("", " ", "é", "x" * 256, "a\x00b", "a\tb"):
            answer = self.post(client, {"name": "Churn"}, key)
            code = (answer.status_code, answer.json()["code"])
            self.assertEqual(code, (400, "idempotency_key_unusable"), repr(key))
        self.assertFalse(Project.objects.filter(name="Churn").exists())

    def test_a_path_that_takes_no_post_says_so(self) -> None:
        answer = self.api(self.ada).post(f"{URL}fraud/", {}, headers={"Idempotency-Key": KEY})
        self.assertEqual((answer.status_code, answer.json()["code"]), (405, "method_not_allowed"))

    def test_a_key_does_not_open_what_rights_close(self) -> None:
        first = self.post(self.api(self.ada), {"name": "Churn"})
        self.assertEqual(first.status_code, 201)
        anonymous = self.post(self.api(None), {"name": "Churn"})
        self.assertEqual(anonymous.status_code, 401)


class ParallelTests(PortalTransactionTestCase):
    """Real connections to a real process with several threads."""

    def test_fifty_equal_posts_make_one_record_and_fifty_equal_answers(self) -> None:
        _, ada = create_token(user=self.ada, name="parallel", by=self.ada)
        _, bob = create_token(user=self.bob, name="parallel", by=self.bob)
        with running() as address, httpx.Client(base_url=address, timeout=240) as client:

            def send(name: str, token: str = ada, **more: str) -> httpx.Response:
                headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": KEY}
                return client.post(URL, json={"name": name, **more}, headers=headers)

            with ThreadPoolExecutor(16) as pool:
                equal = list(pool.map(send, ["Churn"] * REQUESTS))
                taken = list(pool.map(lambda _: send("W", bob, slug="fraud"), range(8)))
            after = send("Weather two", bob)

        self.assertEqual({answer.status_code for answer in equal}, {201})
        self.assertEqual(len({answer.content for answer in equal}), 1)
        replayed = [answer for answer in equal if "Idempotency-Replayed" in answer.headers]
        self.assertEqual(len(replayed), REQUESTS - 1)
        self.assertEqual(Project.objects.filter(name="Churn").count(), 1)
        # Each refusal rolled back and let the next one in; the key is free afterwards.
        self.assertEqual({answer.status_code for answer in taken}, {409})
        self.assertEqual(after.status_code, 201)
