"""The OpenAPI document and the reference made from it."""

from __future__ import annotations

import io
import json

import yaml
from django.core.management import call_command

from apps.core.api.document import document
from apps.core.api.reference import example_of, resources
from apps.core.api.schema import operations
from tests.base import PortalTestCase

URL = "/api/v1/schema/"


class DocumentTests(PortalTestCase):
    def test_it_is_valid_and_made_without_a_warning(self) -> None:
        call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())

    def test_anybody_may_fetch_it_as_json_and_as_yaml(self) -> None:
        whole = self.client.get(URL)
        self.assertEqual(whole["Content-Type"], "application/json")
        self.assertEqual(whole.json()["openapi"][:2], "3.")
        for answer in (
            self.client.get(f"{URL}?format=yaml"),
            self.client.get(URL, headers={"Accept": "application/yaml"}),
        ):
            self.assertIn("yaml", answer["Content-Type"])
            self.assertEqual(
                yaml.safe_load(answer.content)["paths"].keys(), whole.json()["paths"].keys()
            )
        self.assertEqual(self.client.get(f"{URL}?format=json").json(), whole.json())
        self.assertEqual(self.client.get(f"{URL}?format=xml").status_code, 400)

    def test_every_operation_has_a_name_a_summary_a_tag_and_its_refusals(self) -> None:
        names = set()
        described = {tag["name"] for tag in document()["tags"] if tag["description"]}
        for path, method, operation in operations(document()):
            where = f"{method} {path}"
            self.assertNotIn(operation["operationId"], names, where)
            names.add(operation["operationId"])
            self.assertTrue(operation.get("summary"), f"{where} has no summary")
            self.assertLessEqual(set(operation["tags"]), described, f"{where}: tag without a text")
            self.assertLessEqual({"401", "404", "429"}, set(operation["responses"]), where)
            self.assertTrue(operation["security"], f"{where} says not who may call it")

    def test_tokens_and_sessions_are_named_as_ways_in(self) -> None:
        schemes = document()["components"]["securitySchemes"]
        self.assertEqual(schemes["token"]["scheme"], "bearer")
        self.assertEqual(schemes["cookieAuth"]["name"], "signalbox_session")


class ReferenceTests(PortalTestCase):
    def test_it_shows_every_operation_with_a_curl_line_to_this_portal(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get("/api/v1/reference/")
        text = page.content.decode()
        for path, method, operation in operations(document()):
            self.assertIn(f'id="{operation["operationId"]}"', text, f"{method} {path}")
        self.assertContains(page, "http://localhost:8000/api/v1/projects/")
        for inline in ("style=", "onclick=", "<script>"):
            self.assertNotIn(inline, text)

    def test_strangers_sign_in_first(self) -> None:
        page = self.client.get("/api/v1/reference/")
        self.assertEqual(page.status_code, 302)

    def test_every_link_on_it_leads_somewhere(self) -> None:
        self.client.force_login(self.carol)
        text = self.client.get("/api/v1/reference/").content.decode()
        anchors = {part.partition('"')[0] for part in text.split('id="')[1:]}
        wanted = {part.partition('"')[0] for part in text.split('href="#')[1:]}
        self.assertLessEqual(wanted, anchors)

    def test_the_example_of_a_body_is_accepted(self) -> None:
        whole = document()
        shape = whole["paths"]["/api/v1/projects/"]["post"]["requestBody"]["content"]
        body = example_of(whole, shape["application/json"]["schema"])
        answer = self.api(self.ada).post("/api/v1/projects/", body)
        self.assertEqual(answer.status_code, 201, (body, answer.content))
        curls = [each.curl for each in resources(whole, address="http://x")[0].operations]
        for curl in curls:
            if " -d '" in curl:
                json.loads(curl.partition(" -d '")[2].rstrip("'"))
