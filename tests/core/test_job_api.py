"""Jobs over REST."""

from __future__ import annotations

from django.utils import timezone

from apps.core.access import Role
from apps.core.models import Job, JobLine
from apps.projects.models import Grant
from tests.base import PortalTestCase
from tests.jobs_fixture import tasks

assert tasks.WAYS

LIST = "/api/v1/jobs/"


class JobApiTests(PortalTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = Job.objects.create(
            kind="fixture.polite",
            owner=self.cora,
            project_id=self.fraud.pk,
            args={"folder": "f", "password": "p1"},
        )
        self.url = f"{LIST}{self.job.pk}/"

    def end(self) -> None:
        now = timezone.now()
        Job.objects.filter(pk=self.job.pk).update(state="failed", ended_at=now, freed_at=now)

    def test_a_viewer_reads_it_with_an_etag(self) -> None:
        answer = self.api(self.carol).get(self.url)
        self.assertEqual(answer.status_code, 200)
        body = answer.json()
        self.assertEqual((body["project"], body["owner"]), ("fraud", "cora"))
        self.assertEqual(body["args"], {"folder": "f", "password": "***"})
        self.assertTrue(answer["ETag"])

    def test_others_get_404_for_it_and_for_nothing(self) -> None:
        for path in (self.url, f"{LIST}{self.job.pk + 1}/", f"{LIST}999999999999999999/"):
            for end in ("", "lines/"):
                self.assertEqual(self.api(self.bob).get(path + end).status_code, 404, path + end)
            self.assertEqual(self.api(self.bob).post(f"{path}cancel/").status_code, 404)

    def test_it_lists_what_one_may_see(self) -> None:
        def seen(user: object, query: str = "") -> list[int]:
            answer = self.api(user).get(LIST + query)  # type: ignore[arg-type]
            self.assertEqual(answer.status_code, 200, answer.content)
            return [job["id"] for job in answer.json()["results"]]

        self.assertEqual(seen(self.carol), [self.job.pk])
        self.assertEqual(seen(self.bob), [])
        self.assertEqual(seen(self.carol, "?project=fraud&state=queued"), [self.job.pk])
        self.assertEqual(seen(self.carol, "?project=weather"), [])
        self.assertEqual(seen(self.carol, "?mine=true"), [])
        self.assertEqual(seen(self.cora, "?mine=true&kind=fixture.polite"), [self.job.pk])

    def test_bad_filters_are_refused(self) -> None:
        for query in ("?state=nope", "?mine=perhaps", "?project=%00"):
            answer = self.api(self.ada).get(LIST + query)
            self.assertEqual(answer.status_code, 400, query)
            self.assertEqual(answer.json()["code"], "invalid")

    def test_its_lines_page_downwards(self) -> None:
        JobLine.objects.bulk_create([JobLine(job=self.job, text=f"{n}") for n in range(5)])
        client = self.api(self.carol)
        first = client.get(f"{self.url}lines/?page_size=3").json()
        self.assertEqual([line["text"] for line in first["results"]], ["0", "1", "2"])
        second = client.get(first["next"]).json()
        self.assertEqual([line["text"] for line in second["results"]], ["3", "4"])

    def test_who_may_cancel(self) -> None:
        for user, wanted in ((self.carol, 403), (self.rita, 403), (self.bob, 404)):
            answer = self.api(user).post(f"{self.url}cancel/")
            self.assertEqual(answer.status_code, wanted, user)
        answer = self.api(self.max).post(f"{self.url}cancel/")
        self.assertEqual((answer.status_code, answer.json()["state"]), (202, "cancelled"))

    def test_a_reading_token_of_its_owner_may_not_cancel(self) -> None:
        answer = self.api(self.cora, role=Role.VIEWER).post(f"{self.url}cancel/")
        self.assertEqual((answer.status_code, answer.json()["code"]), (403, "role_needed"))

    def test_a_token_for_other_projects_does_not_see_it(self) -> None:
        Grant.objects.create(project=self.other, user=self.cora, role=Role.VIEWER)
        client = self.api(self.cora, project_ids=[self.other.pk])
        self.assertEqual(client.get(self.url).status_code, 404)
        self.assertEqual(client.get(LIST).json()["results"], [])

    def test_a_retry_answers_the_new_job(self) -> None:
        self.end()
        answer = self.api(self.cora).post(f"{self.url}retry/")
        self.assertEqual(answer.status_code, 202)
        self.assertEqual(answer.json()["retry_of"], self.job.pk)

    def test_the_same_retry_sent_twice_is_one_job(self) -> None:
        self.end()
        client = self.api(self.cora)
        bodies = [
            client.post(f"{self.url}retry/", HTTP_IDEMPOTENCY_KEY="k").json()["id"]
            for _ in range(2)
        ]
        self.assertEqual(bodies[0], bodies[1])
        self.assertEqual(Job.objects.filter(retry_of=self.job).count(), 1)

    def test_an_active_job_is_not_retried(self) -> None:
        answer = self.api(self.cora).post(f"{self.url}retry/")
        self.assertEqual((answer.status_code, answer.json()["code"]), (409, "conflict"))
