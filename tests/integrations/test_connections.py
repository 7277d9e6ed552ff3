"""Connections as people and programs meet them: who may what, and where secrets never appear."""

from __future__ import annotations

import json
import re
from typing import Any

from cryptography.fernet import Fernet
from django.db import connection as database

from apps.core.crypto import KeyLost
from apps.integrations import selectors, services
from apps.integrations.errors import NotConnected
from apps.integrations.models import Connection
from apps.integrations.ports import OutgoingHook, TicketTracker
from apps.ledger.models import Entry
from tests.integrations.base import SECRET, ConnectionTestCase

VAULT = {"address": "https://vault.example.org"}
DRAFT = {
    "connector": "webhook_out",
    "project": "fraud",
    "name": "Chat",
    "values": {"url": "https://hooks.example.org/very/private/path"},
    "secrets": {"secret": SECRET},
}


class RestTests(ConnectionTestCase):
    url = "/api/v1/connections/"

    def test_a_maintainer_connects_the_project(self) -> None:
        response = self.api(self.max).post(self.url, DRAFT)

        self.assertEqual(response.status_code, 201, response.content)
        body = response.json()
        self.assertEqual((body["connector"], body["project"]), ("webhook_out", "fraud"))
        self.assertEqual(body["values"]["verbs"], ["*"])
        self.assertEqual((body["secrets_set"], body["secret"]), (["secret"], None))
        self.assertNotIn(SECRET, response.content.decode())

    def test_a_secret_is_made_and_shown_once(self) -> None:
        client = self.api(self.max)
        body = client.post(self.url, {**DRAFT, "secrets": {}}).json()

        self.assertRegex(body["secret"], r"^whsec_[A-Za-z0-9+/]{43}=$")
        again = client.get(f"{self.url}{body['id']}/")
        self.assertNotIn(body["secret"], again.content.decode())
        self.assertEqual(again.json()["secrets_set"], ["secret"])

    def test_roles(self) -> None:
        row = self.connect("webhook_out", DRAFT["values"])  # type: ignore[arg-type]
        one = f"{self.url}{row.pk}/"
        for user, writes, reads in (
            (self.max, 201, 200),
            (self.cora, 403, 200),
            (self.carol, 403, 200),
            (self.bob, 404, 404),
            (None, 401, 401),
        ):
            client = self.api(user)
            name = user.username if user else "x"
            made = client.post(self.url, {**DRAFT, "name": name})
            self.assertEqual(made.status_code, writes, (user, made.content))
            self.assertEqual(client.get(one).status_code, reads)
            if user not in {self.max, None}:
                edited = client.patch(one, {"name": "Mine"})
                self.assertEqual(edited.status_code, writes)
                for act in ("check", "rotate-secret", "retire-secret"):
                    self.assertEqual(client.post(f"{one}{act}/").status_code, writes)
                self.assertEqual(client.delete(one).status_code, writes)

    def test_a_narrowed_token_is_narrowed_here_too(self) -> None:
        row = self.connect("webhook_out", DRAFT["values"])  # type: ignore[arg-type]
        client = self.api(self.sam, project_ids=[self.other.pk])
        self.assertEqual(client.get(f"{self.url}{row.pk}/").status_code, 404)
        self.assertEqual(client.post(self.url, {**DRAFT, "project": None}).status_code, 403)

    def test_a_viewer_sees_that_it_exists_and_no_more(self) -> None:
        self.connect("webhook_out", DRAFT["values"])  # type: ignore[arg-type]
        response = self.api(self.carol).get(self.url)

        (shown,) = response.json()["results"]
        self.assertIsNone(shown["values"])
        self.assertNotIn("private/path", response.content.decode())

    def test_site_wide_ones_are_for_site_admins(self) -> None:
        draft = {**DRAFT, "project": None}
        self.assertEqual(self.api(self.ada).post(self.url, draft).status_code, 403)
        made = self.api(self.sam).post(self.url, draft)
        self.assertEqual(made.status_code, 201)
        one = f"{self.url}{made.json()['id']}/"
        self.assertEqual(self.api(self.ada).get(one).status_code, 404)
        found = self.api(self.sam).get(f"{self.url}?site_wide=true").json()["results"]
        self.assertEqual(len(found), 1)

    def test_it_says_what_is_wrong(self) -> None:
        client = self.api(self.max)
        for change, code, text in (
            ({"values": {}}, "config_invalid", "url: fill this in"),
            ({"values": {"url": "x"}}, "config_invalid", "url: write a whole address"),
            ({"values": {"url": "https://x.org", "verbs": ["a b"]}}, "config_invalid", "verbs: "),
            ({"values": {**VAULT, "speed": 1}}, "config_invalid", "speed: there is no such"),
            ({"secrets": {"pin": "1"}}, "config_invalid", "pin: there is no such secret"),
            ({"secrets": {"secret": "short"}}, "config_invalid", "secret: write at least 16"),
            ({"connector": "fax"}, "invalid", "connector"),
            ({"project": "nowhere"}, "not_found", "No such project"),
            ({"name": ""}, "invalid", "name"),
        ):
            response = client.post(self.url, {**DRAFT, **change})
            self.assertEqual(response.json()["code"], code, response.content)
            self.assertIn(text, response.json()["detail"])
        client.post(self.url, DRAFT)
        self.assertEqual(client.post(self.url, DRAFT).json()["code"], "connection_name_taken")

    def test_an_edit_keeps_the_secrets_it_does_not_name(self) -> None:
        row = self.connect("webhook_out", DRAFT["values"])  # type: ignore[arg-type]
        one = f"{self.url}{row.pk}/"
        values = {"url": "https://other.example.org", "verbs": ["incidents.*"]}
        response = self.api(self.max).patch(one, {"values": values, "enabled": False})

        self.assertEqual(response.status_code, 200, response.content)
        row.refresh_from_db()
        self.assertEqual(row.stored_secrets(), {"secret": SECRET})
        self.assertEqual((row.values["verbs"], row.enabled), (["incidents.*"], False))

    def test_an_edit_of_an_old_state_is_refused(self) -> None:
        row = self.connect("webhook_out", DRAFT["values"])  # type: ignore[arg-type]
        one, client = f"{self.url}{row.pk}/", self.api(self.max)
        tag = client.get(one)["ETag"]
        client.patch(one, {"name": "First"})
        late = client.patch(one, {"name": "Second"}, HTTP_IF_MATCH=tag)

        self.assertEqual(late.status_code, 412)

    def test_secrets_are_asked_for_again_when_they_would_go_elsewhere(self) -> None:
        row = self.connect("vault", VAULT, secrets={"token": "hvs.abcdef"})
        one, client = f"{self.url}{row.pk}/", self.api(self.max)
        moved = {"values": {"address": "https://evil.example.org"}}
        refused = client.patch(one, moved)
        self.assertEqual(refused.json()["code"], "secrets_needed")
        allowed = client.patch(one, {**moved, "secrets": {"token": "hvs.other"}})
        self.assertEqual(allowed.status_code, 200, allowed.content)

    def test_a_rotation_keeps_the_old_secret_valid(self) -> None:
        row = self.connect("webhook_in", {"sender": "github"})
        one, client = f"{self.url}{row.pk}/", self.api(self.max)
        new = client.post(f"{one}rotate-secret/").json()["secret"]
        row.refresh_from_db()
        self.assertEqual(row.stored_secrets(), {"secret": new, "previous_secret": SECRET})

        shown = client.post(f"{one}retire-secret/").json()
        self.assertEqual(shown["secrets_set"], ["secret"])

    def test_only_what_has_a_secret_of_ours_is_rotated(self) -> None:
        row = self.connect("vault", VAULT, secrets={"token": "hvs.abcdef"})
        response = self.api(self.max).post(f"{self.url}{row.pk}/rotate-secret/")
        self.assertEqual(response.json()["code"], "nothing_to_rotate")

    def test_what_only_listens_is_not_checked(self) -> None:
        row = self.connect("webhook_in", {"sender": "github"})
        response = self.api(self.max).post(f"{self.url}{row.pk}/check/")
        self.assertEqual(response.json()["code"], "nothing_to_check")

    def test_it_lists_the_connectors_with_their_settings(self) -> None:
        listed = self.api(self.carol).get("/api/v1/connectors/").json()["results"]
        self.assertEqual([each["slug"] for each in listed], sorted(selectors.catalog.CATALOG))
        one = self.api(self.carol).get("/api/v1/connectors/vault/").json()
        self.assertEqual(one["provides"], ["SecretStore"])
        self.assertEqual(one["secrets"], ["token", "app_role.secret_id"])
        self.assertIn("address", one["schema"]["properties"])
        self.assertEqual(self.api(self.carol).get("/api/v1/connectors/fax/").status_code, 404)

    def test_deliveries_are_for_those_who_keep_the_connection(self) -> None:
        for resource in ("inbound-deliveries", "outbound-deliveries"):
            for user in (self.max, self.carol, self.bob):
                response = self.api(user).get(f"/api/v1/{resource}/")
                self.assertEqual((response.status_code, response.json()["results"]), (200, []))
            missing = self.api(self.max).get(f"/api/v1/{resource}/77/")
            self.assertEqual(missing.status_code, 404)


class PageTests(ConnectionTestCase):
    def setUp(self) -> None:
        self.client.force_login(self.max)

    def test_the_catalog_offers_every_connector(self) -> None:
        page = self.client.get("/connections/")
        for line in selectors.catalog.CATALOG.values():
            self.assertContains(page, line.label)
            self.assertEqual(self.client.get(f"/connections/new/{line.slug}/").status_code, 200)
            manual = self.client.get(f"/connections/manual/{line.slug}/")
            self.assertContains(manual, "<h2>Connect</h2>", html=True)
            for link in re.findall(r'<a href="([^"]*\.md[^"]*)"', manual.content.decode()):
                self.assertIn("://", link, "a file of the manual is no page")

    def test_a_maintainer_connects_and_sees_the_secret_once(self) -> None:
        data = {"project": "fraud", "name": "GitHub", "sender": "github"}
        page = self.client.post("/connections/new/webhook_in/", data)

        row = Connection.objects.get()
        secret = row.stored_secrets()["secret"]
        self.assertContains(page, secret)
        self.assertContains(page, f"/hooks/{row.pk}/")
        for path in ("", "edit/", "arrived/"):
            self.assertNotContains(self.client.get(f"/connections/{row.pk}/{path}"), secret)

    def test_a_mistake_is_shown_beside_its_field(self) -> None:
        data = {"project": "fraud", "name": "Chat", "url": "nowhere", "verbs": "*"}
        page = self.client.post("/connections/new/webhook_out/", data)

        self.assertContains(page, "Write a whole address", status_code=422)
        self.assertFalse(Connection.objects.exists())

    def test_a_project_one_does_not_maintain_is_not_offered(self) -> None:
        data = {"project": "weather", "name": "Chat", "url": "https://x.example.org"}
        page = self.client.post("/connections/new/webhook_out/", data)

        self.assertEqual(page.status_code, 422)
        self.client.force_login(self.carol)
        self.assertEqual(self.client.get("/connections/new/webhook_out/").status_code, 404)

    def test_it_edits_and_switches_and_removes(self) -> None:
        row = self.connect("webhook_out", {"url": "https://x.example.org"}, name="Chat")
        edited = {"name": "Team chat", "url": "https://x.example.org", "verbs": "docs.*\nmodels.*"}
        self.assertRedirects(
            self.client.post(f"/connections/{row.pk}/edit/", edited), row.get_absolute_url()
        )
        self.client.post(f"/connections/{row.pk}/switch/", {"enabled": "0"})
        row.refresh_from_db()
        self.assertEqual((row.name, row.values["verbs"]), ("Team chat", ["docs.*", "models.*"]))
        self.assertFalse(row.enabled)
        self.assertEqual(row.stored_secrets(), {"secret": SECRET})

        self.client.post(f"/connections/{row.pk}/delete/")
        self.assertFalse(Connection.objects.exists())

    def test_it_rotates_on_the_page(self) -> None:
        row = self.connect("webhook_out", {"url": "https://x.example.org"})
        page = self.client.post(f"/connections/{row.pk}/rotate/")
        row.refresh_from_db()
        self.assertContains(page, row.stored_secrets()["secret"])
        self.assertContains(self.client.get(row.get_absolute_url()), "Two secrets are valid")
        self.client.post(f"/connections/{row.pk}/retire/")
        row.refresh_from_db()
        self.assertEqual(row.secrets_set, ["secret"])

    def test_others_see_that_it_exists_or_nothing(self) -> None:
        row = self.connect("webhook_out", {"url": "https://x.example.org/private"})
        self.client.force_login(self.carol)
        page = self.client.get(row.get_absolute_url())
        self.assertContains(page, row.name)
        self.assertNotContains(page, "private")
        self.assertNotContains(page, "Test connection")
        self.assertEqual(self.client.get(f"/connections/{row.pk}/state/").status_code, 200)
        for act in ("check", "switch", "rotate", "retire", "delete"):
            response = self.client.post(f"/connections/{row.pk}/{act}/")
            self.assertEqual(response.status_code, 403, act)
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 404)
        self.client.logout()
        self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 302)

    def test_a_failing_connection_needs_whoever_keeps_it(self) -> None:
        row = self.connect("webhook_out", {"url": "https://x.example.org"}, name="Chat")
        Connection.objects.update(state="failing", note="It does not answer.")
        self.assertEqual([each.pk for each in selectors.failing(self.max)], [row.pk])
        self.assertFalse(selectors.failing(self.carol).exists())

    def test_the_list_costs_the_same_however_long_it_is(self) -> None:
        def queries() -> int:
            with self.settings(DEBUG=True):
                database.queries_log.clear()
                self.client.get("/connections/")
                return len(database.queries)

        self.connect("webhook_out", {"url": "https://x.example.org"})
        queries()
        before = queries()
        for _ in range(4):
            self.connect("webhook_out", {"url": "https://x.example.org"})
        self.assertEqual(queries(), before)


class SecretTests(ConnectionTestCase):
    def test_it_is_encrypted_in_the_database(self) -> None:
        self.connect("webhook_out", {"url": "https://x.example.org"})
        with database.cursor() as cursor:
            cursor.execute("SELECT row_to_json(c)::text FROM integrations_connection c")
            self.assertNotIn(SECRET, cursor.fetchone()[0])

    def test_it_never_reaches_the_ledger(self) -> None:
        row = self.connect("webhook_out", {"url": "https://x.example.org/private"})
        services.update_connection(
            connection=row,
            by=self.max,
            name="Other",
            values={"url": "https://y.example.org/private"},
            secrets={"secret": SECRET[::-1]},
        )
        new = services.rotate_secret(connection=row, by=self.max)
        services.retire_previous_secret(connection=row, by=self.max)
        services.set_enabled(connection=row, enabled=False, by=self.max)
        services.delete_connection(connection=row, by=self.max)

        entries = Entry.objects.filter(verb__startswith="integrations.").order_by("pk")
        self.assertEqual(
            [entry.verb.removeprefix("integrations.") for entry in entries],
            [
                "connection_created",
                "connection_edited",
                "secret_rotated",
                "secret_retired",
                "connection_disabled",
                "connection_deleted",
            ],
        )
        told = json.dumps([entry.data for entry in entries])
        for hidden in (SECRET, SECRET[::-1], new, "private", "Other"):
            self.assertNotIn(hidden, told)
        self.assertIn("secrets.secret", told)
        self.assertEqual({entry.project_id for entry in entries}, {self.fraud.pk})

    def test_a_lost_key_breaks_nothing_else(self) -> None:
        row = self.connect("vault", VAULT, secrets={"token": "hvs.abcdef"})
        with self.settings(FIELD_ENCRYPTION_KEYS=(Fernet.generate_key().decode(),)):
            self.client.force_login(self.max)
            self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 200)
            note = services.check_connection(connection=row)
            self.assertIn("cannot be read with the present", note)
            with self.assertRaises(KeyLost):
                row.stored_secrets()


class ConnectorForTests(ConnectionTestCase):
    def find(self, **more: Any) -> Any:
        return selectors.connector_for(self.fraud, OutgoingHook, **more)

    def test_it_is_the_projects_own_before_a_site_wide_one(self) -> None:
        self.connect("webhook_out", {"url": "https://site.example.org"}, project=None)
        self.assertIn("site", str(self.find().config.url))
        self.connect("webhook_out", {"url": "https://own.example.org"})
        self.assertIn("own", str(self.find().config.url))

    def test_it_is_never_another_projects_or_a_disabled_one(self) -> None:
        values = {"url": "https://other.example.org"}
        self.connect("webhook_out", values, project=self.other)
        own = self.connect("webhook_out", values)
        services.set_enabled(connection=own, enabled=False, by=self.max)
        with self.assertRaisesMessage(NotConnected, "Fraud has no connection"):
            self.find()

    def test_it_says_what_is_missing(self) -> None:
        with self.assertRaisesMessage(NotConnected, "offers TicketTracker"):
            selectors.connector_for(self.fraud, TicketTracker)
