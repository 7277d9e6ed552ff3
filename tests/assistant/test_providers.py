"""Setting models up: pages, REST, pulls as jobs, the order in which they are asked, and secrets."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

from apps.assistant.models import Provider
from apps.assistant.providers import order, services
from apps.assistant.providers.services import Wanted
from apps.core.jobs import request_cancel, run_job
from apps.core.models import Job
from apps.ledger.models import Entry
from tests.assistant.ollama import Ollama
from tests.assistant.openai_server import OpenAi
from tests.base import PortalTestCase


class ProviderTests(PortalTestCase):
    def setUp(self) -> None:
        self.ollama = Ollama()
        self.addCleanup(self.ollama.close)
        self.enterContext(override_settings(OLLAMA_HOST="", HTTP_ALLOW=(self.ollama.host,)))

    def sent(self, **changed: Any) -> dict[str, Any]:
        given = {
            "project": "fraud",
            "name": "Local",
            "kind": "ollama",
            "base_url": self.ollama.url,
            "model": "llama3.1",
        }
        return {**given, "keep_alive_minutes": 5, "position": 0, "enabled": "on", **changed}

    def made(self, **changed: Any) -> Provider:
        self.client.force_login(self.max)
        answer = self.client.post("/assistant/providers/new/", self.sent(**changed))
        self.assertEqual(answer.status_code, 302, answer.content.decode()[-2000:])
        found: Provider = Provider.objects.get(name=changed.get("name", "Local"))
        return found

    def test_its_server_is_asked_what_it_can(self) -> None:
        row = self.made()
        self.assertEqual((row.window, row.calls, row.trouble), (8192, "native", ""))
        page = self.client.get(row.get_absolute_url())
        self.assertContains(page, "llama3.1:latest")
        self.assertContains(page, "Mixtral 8x7B")
        self.assertContains(page, "needs 32.0 GB")
        self.assertEqual(
            Entry.objects.get(verb="assistant.provider_created").project_id, self.fraud.pk
        )

    def test_a_missing_model_and_a_closed_door_are_said(self) -> None:
        row = self.made(model="mixtral:8x7b")
        self.assertIn("Pull it below", row.trouble)
        with override_settings(HTTP_ALLOW=()):
            services.probe(provider=row)
        self.assertIn("HTTP_ALLOW", row.trouble)

    def test_another_server_is_not_believed_to_do_what_the_last_one_did(self) -> None:
        row = self.made()
        wanted = Wanted("Local", "openai", "http://127.0.0.1:1", "tiny")
        row = services.change_provider(provider=row, wanted=wanted, by=self.max)
        self.assertEqual(row.calls, "none")

    def test_a_pull_is_a_job_with_progress(self) -> None:
        row = self.made(model="mixtral:8x7b")
        answer = self.client.post(f"{row.get_absolute_url()}pull/", {"model": "mixtral:8x7b"})
        job = Job.objects.get(kind=services.PULL)
        self.assertRedirects(answer, job.get_absolute_url())
        run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual((job.state, job.percent), ("done", 100))
        self.assertIn("pulling aa: 50 %", [line.text for line in job.lines.all()])
        row.refresh_from_db()
        self.assertEqual(row.trouble, "")

    def test_a_pull_that_is_cancelled_ends(self) -> None:
        row = self.made()
        job = services.request_pull(provider=row, model="mixtral:8x7b", by=self.max)
        self.assertEqual(
            services.request_pull(provider=row, model="mixtral:8x7b", by=self.max), job
        )
        request_cancel(job, by=self.max)
        run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual(job.state, "cancelled")
        self.assertNotIn("mixtral:8x7b", self.ollama.models)

    def test_a_failed_pull_says_why(self) -> None:
        row = self.made()
        self.ollama.pull_error = "no space left on device"
        job = services.request_pull(provider=row, model="mixtral:8x7b", by=self.max)
        run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual(job.state, "failed")
        self.assertIn("no space left", job.note)

    def test_models_are_unloaded_and_deleted(self) -> None:
        row = self.made()
        self.ollama.models["llama3.1:latest"].loaded = 5
        self.client.post(f"{row.get_absolute_url()}unload/", {"model": "llama3.1:latest"})
        self.assertEqual(self.ollama.models["llama3.1:latest"].loaded, 0)
        self.client.post(f"{row.get_absolute_url()}delete/", {"model": "llama3.1:latest"})
        self.assertEqual(self.ollama.models, {})
        answer = self.client.post(f"{row.get_absolute_url()}pull/", {"model": "a b"}, follow=True)
        self.assertContains(answer, "Name the model")

    def test_a_secret_goes_only_where_it_was_entered_for(self) -> None:
        fake = OpenAi()
        self.addCleanup(fake.close)
        with override_settings(HTTP_ALLOW=(fake.host, self.ollama.host)):
            row = self.made(kind="openai", base_url=fake.url, model="tiny", secret="sesame")
            self.assertEqual((row.window, row.secret.reveal()), (2048, "sesame"))
            page = self.client.get(f"{row.get_absolute_url()}edit/")
            self.assertNotContains(page, "sesame")
            same = self.sent(kind="openai", base_url=fake.url, model="tiny", name="Renamed")
            self.client.post(f"{row.get_absolute_url()}edit/", same)
            row.refresh_from_db()
            self.assertEqual((row.name, row.secret.reveal()), ("Renamed", "sesame"))
            moved = self.sent(kind="openai", base_url=self.ollama.url, model="tiny")
            self.client.post(f"{row.get_absolute_url()}edit/", moved)
        row.refresh_from_db()
        self.assertIsNone(row.secret)

    def test_the_projects_own_come_before_the_portals(self) -> None:
        first = self.made(name="First", position=1)
        default = self.made(name="Default", position=9, is_default="on")
        everywhere = Provider.objects.create(
            name="Everywhere", kind="ollama", base_url="http://x", model="m"
        )
        self.made(name="Off", enabled="")
        names = [site.name for site in order.chosen(self.fraud.pk)]
        self.assertEqual(names, [default.name, first.name, everywhere.name])
        self.assertEqual(order.chosen(self.fraud.pk, first.pk)[0].name, "First")
        self.assertEqual([site.name for site in order.chosen(None)], ["Everywhere"])
        # Another project's model words nothing here, whoever names it.
        self.assertEqual([s.name for s in order.chosen(self.other.pk, first.pk)], ["Everywhere"])
        newer = self.made(name="Newer", is_default="on")
        default.refresh_from_db()
        self.assertEqual((default.is_default, newer.is_default), (False, True))

    def test_who_may_set_up(self) -> None:
        row = self.made()
        self.client.force_login(self.carol)
        page = self.client.get(row.get_absolute_url())
        self.assertNotContains(page, self.ollama.url)
        self.assertEqual(self.client.post(f"{row.get_absolute_url()}probe/").status_code, 403)
        self.assertEqual(
            self.client.post("/assistant/providers/new/", self.sent()).status_code, 422
        )
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(row.get_absolute_url()).status_code, 404)
        again = self.sent(name="Local")
        self.client.force_login(self.max)
        self.assertContains(
            self.client.post("/assistant/providers/new/", again), "already", status_code=422
        )
        self.assertEqual(
            self.client.post("/assistant/providers/new/", self.sent(project="")).status_code, 422
        )

    def test_owners_are_led_to_the_terms_of_their_project(self) -> None:
        self.client.force_login(self.max)
        self.client.post("/assistant/providers/new/", self.sent())
        row = Provider.objects.get()
        for person, sees in ((self.ada, True), (self.carol, False)):
            self.client.force_login(person)
            for place in ("/assistant/providers/", row.get_absolute_url()):
                page = self.client.get(place).content.decode()
                self.assertEqual("/assistant/terms/fraud/" in page, sees, (person, place))

    def test_rest_sets_up_and_takes_away(self) -> None:
        api = self.api(self.max)
        made = api.post(
            "/api/v1/assistant/providers/", {**self.sent(), "enabled": True}, format="json"
        )
        self.assertEqual((made.status_code, made.json()["window"]), (201, 8192), made.content)
        self.assertNotIn("base_url", made.json())
        place = f"/api/v1/assistant/providers/{made.json()['id']}/"
        self.assertEqual(api.post(f"{place}probe/").json()["trouble"], "")
        pulled = api.post(f"{place}pull/", {"model": "mixtral:8x7b"}, format="json")
        self.assertEqual((pulled.status_code, pulled.json()["kind"]), (202, "assistant.pull"))
        self.assertEqual(self.api(self.carol).delete(place).status_code, 403)
        self.assertEqual(self.api(self.bob).get(place).status_code, 404)
        self.assertEqual(api.delete(place).status_code, 204)
