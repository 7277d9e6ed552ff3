"""What holds for every resource: problems, negotiation, paging, preconditions, throttling."""

from __future__ import annotations

import base64
import json
import random
from typing import Any
from unittest.mock import patch

from django.test import Client, override_settings
from rest_framework.test import APIClient

from apps.core.api import throttling
from apps.projects.models import Project
from apps.projects.services import create_project
from tests.base import PortalTestCase

URL = "/api/v1/projects/"
FRAUD = f"{URL}fraud/"


class ProblemTests(PortalTestCase):
    def problem(self, answer: Any, status: int, code: str) -> dict[str, Any]:
        self.assertEqual(answer.status_code, status, answer.content)
        self.assertEqual(answer["Content-Type"], "application/problem+json")
        body: dict[str, Any] = answer.json()
        self.assertEqual((body["status"], body["code"]), (status, code))
        self.assertEqual(
            set(body), {"type", "code", "title", "status", "detail", "data", "request_id"}
        )
        self.assertEqual(body["request_id"], answer["X-Request-Id"])
        return body

    def send(self, raw: bytes | str, kind: str = "application/json") -> Any:
        return self.api(self.ada).generic("POST", URL, raw, content_type=kind)

    def test_without_a_token_it_is_401_with_a_challenge(self) -> None:
        for client in (self.api(None), APIClient(HTTP_AUTHORIZATION="Bearer sbx_aa_bb")):
            answer = client.get(URL)
            self.assertEqual(answer.status_code, 401)
            self.assertIn("Bearer", answer["WWW-Authenticate"])
        self.problem(self.api(None).get(URL), 401, "not_authenticated")

    def test_an_unknown_path_is_a_problem_too(self) -> None:
        client = self.api(self.ada)
        for path in ("nothing/", "projects/%00/", "environments/abc/", f"environments/{10**30}/"):
            self.problem(client.get(f"/api/v1/{path}"), 404, "not_found")
        self.problem(client.get("/api/"), 404, "not_found")

    def test_a_largest_id_is_simply_not_there(self) -> None:
        self.problem(self.api(self.ada).get(f"/api/v1/environments/{'9' * 18}/"), 404, "not_found")

    def test_a_method_that_a_path_does_not_know(self) -> None:
        answer = self.api(self.ada).put(FRAUD, {})
        self.problem(answer, 405, "method_not_allowed")
        self.assertIn("PATCH", answer["Allow"])

    def test_only_json_is_answered_and_read(self) -> None:
        client = self.api(self.ada)
        refused = client.get(URL, headers={"Accept": "application/xml"})
        self.problem(refused, 406, "not_acceptable")
        self.problem(
            self.send("name=x", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"
        )
        self.problem(self.send("<name>x</name>", "text/xml"), 415, "unsupported_media_type")
        self.assertEqual(client.get(f"{URL}?format=xml").status_code, 200)

    def test_a_body_that_is_not_json(self) -> None:
        for raw in (
            b"{",
            b"nope",
            b'{"name": "x",}',
            b'{"name": NaN}',
            b'{"name": Infinity}',
            b"\xff\xfe",
            b'"\x00"',
            b'{"n": ' + b"9" * 5000 + b"}",
        ):
            self.problem(self.send(raw), 400, "parse_error")

    def test_a_body_of_another_shape(self) -> None:
        for raw in ("[]", '"x"', "5", "null", "true", '{"name": {"a": 1}}', '{"name": [1]}', "{}"):
            answer = self.send(raw)
            self.assertEqual(answer.status_code, 400, raw)

    def test_characters_that_no_database_keeps(self) -> None:
        for raw, place in (
            (r'{"name": "a\u0000b"}', "name"),
            (r'{"name": "a\ud800b"}', "name"),
            (r'{"name": "x", "list": [{"k\u0000": 1}]}', "list[0]"),
        ):
            body = self.problem(self.send(raw), 400, "parse_error")
            self.assertIn(place, body["detail"])
        fine = self.send(r'{"name": "a 😀 \ud83d\ude00 b"}')
        self.assertEqual((fine.status_code, fine.json()["name"]), (201, "a 😀 😀 b"))

    def test_a_body_nested_too_deep(self) -> None:
        for deep in ("[" * 100_000, '{"a":' * 500 + "1" + "}" * 500):
            self.problem(self.send(deep), 400, "parse_error")
        harmless = {"name": "[" * 500, "purpose": '{"' * 100}
        self.assertEqual(self.send(json.dumps(harmless)).status_code, 400)  # longer than 100
        self.assertEqual(self.send(json.dumps({"name": "[" * 90})).status_code, 201)

    @override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000)
    def test_a_body_too_large(self) -> None:
        client = self.api(self.ada)
        for headers in ({}, {"Idempotency-Key": "large"}):
            answer = client.post(URL, {"name": "x" * 2000}, headers=headers)
            self.problem(answer, 413, "body_too_large")

    def test_an_error_of_ours_is_a_problem_with_its_request(self) -> None:
        client = self.api(self.ada)
        client.raise_request_exception = False
        with (
            patch("apps.projects.selectors.projects", side_effect=RuntimeError("secret")),
            self.assertLogs("django.request", "ERROR"),
        ):
            answer = client.get(URL)
        body = self.problem(answer, 500, "crashed")
        self.assertNotIn("secret", json.dumps(body))

    def test_the_type_of_a_problem_leads_to_its_explanation(self) -> None:
        kind = self.api(self.ada).get(f"{URL}nothing/").json()["type"]
        page, _, anchor = kind.partition("#")
        self.client.force_login(self.ada)
        self.assertContains(self.client.get(page), f'id="{anchor}"')


class MethodTests(PortalTestCase):
    def test_head_is_get_without_a_body(self) -> None:
        answer = self.api(self.ada).head(FRAUD)
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.assertIn("ETag", answer)
        self.assertEqual(self.api(self.bob).head(FRAUD).status_code, 404)

    def test_options_names_the_methods_and_nothing_else(self) -> None:
        answer = self.api(self.ada).options(URL)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(set(answer.json()), {"methods", "schema"})
        self.assertEqual(self.api(None).options(URL).status_code, 401)

    def test_a_missing_slash_keeps_the_method(self) -> None:
        for debug in (False, True):
            with override_settings(DEBUG=debug):
                answer = self.api(self.ada).post(f"{URL[:-1]}?a=1", {"name": "Churn"})
            self.assertEqual((answer.status_code, answer["Location"]), (308, f"{URL}?a=1"))
        outside = self.api(self.ada).get("//example.org/projects")
        self.assertNotEqual(outside.get("Location", "")[:2], "//")

    def test_a_session_needs_the_csrf_token_to_write(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.ada)
        self.assertEqual(client.get(FRAUD).status_code, 200)
        body = json.dumps({"name": "Churn"})
        bare = client.post(URL, body, content_type="application/json")
        self.assertEqual((bare.status_code, bare.json()["code"]), (403, "permission_denied"))
        client.get("/projects/new/")
        token = client.cookies["csrftoken"].value
        with_token = client.post(
            URL, body, content_type="application/json", headers={"X-CSRFToken": token}
        )
        self.assertEqual(with_token.status_code, 201)


class PagingTests(PortalTestCase):
    def setUp(self) -> None:
        for number in range(7):
            create_project(name=f"P{number}", slug=f"p{number}", by=self.bob)
        self.bobs = self.api(self.bob)

    def slugs(self, page: Any) -> list[str]:
        return [row["slug"] for row in page["results"]]

    def test_rows_that_arrive_meanwhile_shift_nothing(self) -> None:
        first = self.bobs.get(f"{URL}?page_size=3").json()
        self.assertEqual(self.slugs(first), ["p6", "p5", "p4"])
        create_project(name="Late", slug="late", by=self.bob)
        second = self.bobs.get(first["next"]).json()
        self.assertEqual(self.slugs(second), ["p3", "p2", "p1"])
        third = self.bobs.get(second["next"]).json()
        self.assertEqual((self.slugs(third), third["next"]), (["p0", "weather"], None))
        self.assertEqual(self.slugs(self.bobs.get(second["previous"]).json()), ["p6", "p5", "p4"])

    def test_a_bent_or_borrowed_cursor_is_refused(self) -> None:
        first = self.bobs.get(f"{URL}?page_size=3").json()
        cursor = first["next"].partition("cursor=")[2].partition("&")[0]
        forged = base64.b64encode(b"p=abc").decode()
        for path in (
            f"{URL}?cursor=",
            f"{URL}?cursor=abc",
            f"{URL}?cursor={forged}",
            f"{URL}?cursor=%00",
            f"{URL}?cursor={cursor[:-2]}xx",
            f"/api/v1/environments/?cursor={cursor}",
        ):
            answer = self.bobs.get(path)
            self.assertEqual((answer.status_code, answer.json()["data"]["field"]), (400, "cursor"))

    def test_a_page_has_between_one_and_five_hundred_rows(self) -> None:
        for size in ("0", "-1", "501", "abc", "9" * 50, "", "1.5", "%00", "٣"):
            answer = self.bobs.get(f"{URL}?page_size={size}")
            self.assertEqual(answer.status_code, 400, size)
        self.assertEqual(len(self.bobs.get(f"{URL}?page_size=500").json()["results"]), 8)


class PreconditionTests(PortalTestCase):
    def test_who_saw_an_older_state_is_told_so(self) -> None:
        client = self.api(self.ada)
        seen = client.get(FRAUD)["ETag"]
        changed = client.patch(FRAUD, {"name": "Theft"}, headers={"If-Match": seen})
        self.assertEqual(changed.status_code, 200)
        for act in (client.patch, client.delete):
            late = act(FRAUD, {"name": "Mine"}, headers={"If-Match": seen})
            self.assertEqual((late.status_code, late.json()["code"]), (412, "changed_meanwhile"))
        self.assertEqual(Project.objects.get(slug="fraud").name, "Theft")
        self.assertEqual(client.get(FRAUD)["ETag"], changed["ETag"])

    def test_any_of_several_tags_weak_ones_and_the_star_will_do(self) -> None:
        client = self.api(self.ada)
        for number, make in enumerate(("{}", "W/{}", '"other", {}', "*", "")):
            given = make.format(client.get(FRAUD)["ETag"])
            body = {"name": f"Fraud {number}"}
            answer = client.patch(FRAUD, body, headers={"If-Match": given} if given else {})
            self.assertEqual(answer.status_code, 200, given)
        for wrong in ('"other"', "rubbish", ","):
            answer = client.patch(FRAUD, {"name": "x"}, headers={"If-Match": wrong})
            self.assertEqual(answer.status_code, 412, wrong)

    def test_a_refusal_under_a_precondition_changes_nothing(self) -> None:
        client = self.api(self.ada)
        seen = client.get(FRAUD)["ETag"]
        answer = client.patch(FRAUD, {"name": ""}, headers={"If-Match": seen})
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(client.get(FRAUD)["ETag"], seen)

    def test_the_state_of_a_hidden_record_is_not_told(self) -> None:
        answer = self.api(self.bob).patch(FRAUD, {}, headers={"If-Match": '"guess"'})
        self.assertEqual(answer.status_code, 404)


RATES = {"token": 3, "person": 3, "anonymous": 2}


@override_settings(API_RATES=RATES)
class ThrottleTests(PortalTestCase):
    def setUp(self) -> None:
        # One minute of its own for the whole test.
        minute = random.randrange(10**9) * throttling.WINDOW
        clock = patch("apps.core.api.throttling.time.time", return_value=minute + 1.0)
        clock.start()
        self.addCleanup(clock.stop)

    def test_each_token_has_a_rate_of_its_own(self) -> None:
        first, second = self.api(self.ada), self.api(self.ada)
        self.assertEqual([first.get(URL).status_code for _ in range(4)], [200, 200, 200, 429])
        self.assertEqual(second.get(URL).status_code, 200)
        refused = first.get(URL)
        self.assertEqual(refused.json()["code"], "throttled")
        self.assertGreaterEqual(int(refused["Retry-After"]), 1)
        self.assertLessEqual(int(refused["Retry-After"]), throttling.WINDOW)

    def test_who_shows_no_valid_token_counts_by_address(self) -> None:
        here = APIClient(REMOTE_ADDR="192.0.2.1")
        wrong = APIClient(REMOTE_ADDR="192.0.2.1", HTTP_AUTHORIZATION="Bearer sbx_aa_bb")
        liar = APIClient(REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.99")
        found = [client.get(URL).status_code for client in (here, wrong, here, liar)]
        self.assertEqual(found, [401, 401, 429, 429])
        self.assertEqual(APIClient(REMOTE_ADDR="192.0.2.2").get(URL).status_code, 401)

    @override_settings(
        CACHES={
            "default": {
                "BACKEND": "django_redis.cache.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
    )
    def test_nobody_is_refused_while_redis_is_away(self) -> None:
        client = self.api(self.ada)
        with self.assertLogs("apps.core.api.throttling", "WARNING"):
            self.assertEqual([client.get(URL).status_code for _ in range(5)], [200] * 5)
