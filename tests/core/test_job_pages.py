"""The pages about jobs, as people with different rights see them."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.core.models import Job, JobLine
from apps.projects.models import Grant
from tests.base import PortalTestCase
from tests.jobs_fixture import tasks

assert tasks.WAYS

BUDGET = 12
NOWHERE = 9_223_372_036_854_775_807


class JobPageTestCase(PortalTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = self.make(owner=self.cora, project_id=self.fraud.pk)
        self.client.force_login(self.ada)

    def make(self, **fields: object) -> Job:
        given = {"kind": "fixture.polite", "owner": self.ada, "args": {"folder": "f"}}
        return Job.objects.create(**{**given, **fields})  # type: ignore[arg-type]

    def end(self, job: Job, state: str = "failed", **fields: object) -> None:
        now = timezone.now()
        given = {"state": state, "ended_at": now, "freed_at": now, "started_at": now}
        Job.objects.filter(pk=job.pk).update(**{**given, **fields})

    def texts(self, path: str, status: int = 200) -> str:
        response = self.client.get(path)
        self.assertEqual(response.status_code, status, response.content)
        return response.content.decode()

    def statuses(self, path: str, *, post: bool = False) -> dict[str, int]:
        """What each of the cast gets there."""
        found = {}
        for user in (self.ada, self.max, self.cora, self.rita, self.carol, self.bob, self.sam):
            self.client.force_login(user)
            answer = self.client.post(path) if post else self.client.get(path)
            found[user.username] = answer.status_code
        return found


class JobPageTests(JobPageTestCase):
    def test_everybody_in_the_project_sees_it_and_nobody_else(self) -> None:
        seen = dict.fromkeys(("ada", "max", "cora", "rita", "carol", "sam"), 200)
        for part in ("", "state/", "lines/?after=0"):
            found = self.statuses(f"/jobs/{self.job.pk}/{part}")
            self.assertEqual(found, {**seen, "bob": 404}, part)

    def test_an_unknown_job_looks_like_a_hidden_one(self) -> None:
        self.client.force_login(self.bob)
        pages = [self.client.get(f"/jobs/{pk}/") for pk in (self.job.pk, self.job.pk + 1, NOWHERE)]
        self.assertEqual({page.status_code for page in pages}, {404})
        self.assertContains(self.client.get(f"/jobs/{10**40}/"), "", status_code=404)

    def test_it_asks_the_anonymous_to_sign_in(self) -> None:
        self.client.logout()
        self.assertEqual(self.client.get("/jobs/").status_code, 302)

    def test_it_masks_what_looks_like_a_secret(self) -> None:
        job = self.make(args={"api_key": "k1", "deep": [{"token": "t1"}], "note": "password=p1 x"})
        text = self.texts(f"/jobs/{job.pk}/")
        for secret in ("k1", "t1", "p1"):
            self.assertNotIn(f"{secret}&quot;", text)
            self.assertNotIn(f"={secret}", text)

    def test_only_owner_maintainer_and_admin_are_offered_the_cancel(self) -> None:
        offered = {}
        for user in (self.ada, self.max, self.cora, self.rita, self.carol, self.sam):
            self.client.force_login(user)
            offered[user.username] = "Cancel job" in self.texts(f"/jobs/{self.job.pk}/")
        wanted = {"ada": True, "max": True, "cora": True, "rita": False, "carol": False}
        self.assertEqual(offered, {**wanted, "sam": True})

    def test_the_log_pages_backwards(self) -> None:
        lines = [JobLine(job=self.job, text=f"line {n:03}") for n in range(450)]
        JobLine.objects.bulk_create(lines)
        last = self.texts(f"/jobs/{self.job.pk}/")
        self.assertIn("line 449", last)
        self.assertNotIn("line 249", last)
        first = JobLine.objects.filter(text="line 250").get().pk
        earlier = self.texts(f"/jobs/{self.job.pk}/?before={first}")
        self.assertIn("line 249", earlier)
        self.assertNotIn("line 250", earlier)

    def test_the_log_grows_from_the_last_line_on(self) -> None:
        JobLine.objects.create(job=self.job, text="old line")
        last = self.job.lines.get().pk
        JobLine.objects.create(job=self.job, text="<b>new</b> line")
        grown = self.texts(f"/jobs/{self.job.pk}/lines/?after={last}")
        self.assertNotIn("old line", grown)
        self.assertIn("&lt;b&gt;new&lt;/b&gt; line", grown)
        self.assertIn(f'data-live="job:{self.job.pk}"', grown)

    def test_bad_numbers_of_lines_are_refused_with_the_remedy(self) -> None:
        for value in ("", "x", "-1", "%00", "9" * 30):
            text = self.texts(f"/jobs/{self.job.pk}/lines/?after={value}", 400)
            self.assertIn("after: send the number", text)

    def test_what_ended_is_not_watched_any_more(self) -> None:
        self.end(self.job, "done")
        text = self.texts(f"/jobs/{self.job.pk}/")
        self.assertNotIn(f'data-live="job:{self.job.pk}"', text)
        self.assertNotIn("Cancel job", text)

    def test_it_says_what_is_still_held(self) -> None:
        self.end(self.job, freed_at=None, free_tries=2)
        text = self.texts(f"/jobs/{self.job.pk}/")
        self.assertIn("not freed yet", text)
        self.assertNotIn("/retry/", text)

    def test_it_keeps_its_budget(self) -> None:
        JobLine.objects.bulk_create([JobLine(job=self.job, text="x") for _ in range(300)])
        for path in (f"/jobs/{self.job.pk}/", f"/jobs/{self.job.pk}/state/", "/jobs/?whose=all"):
            self.assert_within_budget(path)

    def assert_within_budget(self, path: str) -> None:
        self.client.get(path)  # the first page of a session is written down
        with CaptureQueriesContext(connection) as made:
            self.client.get(path)
        self.assertLessEqual(len(made), BUDGET, [query["sql"][:120] for query in made])


class SteerTests(JobPageTestCase):
    def test_who_may_cancel(self) -> None:
        refused = dict.fromkeys(("rita", "carol"), 403)
        for user, wanted in {**refused, "bob": 404, "cora": 302}.items():
            self.client.force_login(getattr(self, user))
            answer = self.client.post(f"/jobs/{self.job.pk}/cancel/")
            self.assertEqual(answer.status_code, wanted, user)
        self.job.refresh_from_db()
        self.assertEqual(self.job.state, "cancelled")

    def test_who_lost_the_viewer_role_may_not_even_see_their_own(self) -> None:
        Grant.objects.filter(user=self.cora).delete()
        self.client.force_login(self.cora)
        self.assertEqual(self.client.post(f"/jobs/{self.job.pk}/cancel/").status_code, 404)

    def test_a_second_cancel_says_that_it_has_ended(self) -> None:
        self.client.post(f"/jobs/{self.job.pk}/cancel/")
        answer = self.client.post(f"/jobs/{self.job.pk}/cancel/")
        self.assertContains(answer, "already ended", status_code=409)

    def test_a_retry_leads_to_the_new_job(self) -> None:
        self.end(self.job)
        answer = self.client.post(f"/jobs/{self.job.pk}/retry/")
        new = Job.objects.get(retry_of=self.job)
        self.assertRedirects(answer, f"/jobs/{new.pk}/")
        self.assertIn(f"/jobs/{new.pk}/", self.texts(f"/jobs/{self.job.pk}/"))

    def test_a_running_job_cannot_be_retried(self) -> None:
        answer = self.client.post(f"/jobs/{self.job.pk}/retry/")
        self.assertContains(answer, "Only a failed or cancelled job", status_code=409)

    def test_it_does_not_act_on_get(self) -> None:
        for verb in ("cancel", "retry"):
            self.assertEqual(self.client.get(f"/jobs/{self.job.pk}/{verb}/").status_code, 405)


class JobListTests(JobPageTestCase):
    def test_it_begins_with_ones_own(self) -> None:
        mine = self.make()
        text = self.texts("/jobs/")
        self.assertIn(f"/jobs/{mine.pk}/", text)
        self.assertNotIn(f"/jobs/{self.job.pk}/", text)
        self.assertIn(f"/jobs/{self.job.pk}/", self.texts("/jobs/?whose=all"))

    def test_other_peoples_projects_are_not_in_it(self) -> None:
        self.client.force_login(self.bob)
        self.assertNotIn(f"/jobs/{self.job.pk}/", self.texts("/jobs/?whose=all"))

    def test_it_filters_and_keeps_the_filter(self) -> None:
        for name, value, hit in (
            ("state", "queued", True),
            ("state", "failed", False),
            ("kind", "fixture.polite", True),
            ("project", "fraud", True),
        ):
            text = self.texts(f"/jobs/?whose=all&{name}={value}")
            self.assertEqual(f"/jobs/{self.job.pk}/" in text, hit, (name, value))
            self.assertIn(f'<option value="{value}" selected>', text)

    def test_nonsense_filters_nothing_and_breaks_nothing(self) -> None:
        for query in ("state=%00", "project=weather", "kind=%F0%9F%98%80", "after=x", "before=%00"):
            self.texts(f"/jobs/?whose=all&{query}")

    def test_it_pages_by_cursor(self) -> None:
        made = [self.make() for _ in range(60)]
        text = self.texts("/jobs/?state=queued")
        self.assertNotIn(f'"/jobs/{made[0].pk}/"', text)
        following = text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        text = self.texts("/jobs/" + following.replace("&amp;", "&"))
        self.assertIn(f'"/jobs/{made[0].pk}/"', text)

    def test_it_listens_to_what_it_shows(self) -> None:
        self.assertIn(f'data-live="jobs:{self.ada.pk}"', self.texts("/jobs/"))
        self.assertIn(f"project_jobs:{self.fraud.pk}", self.texts("/jobs/?whose=all"))


class HomeTests(JobPageTestCase):
    def test_a_fresh_workspace_names_the_next_step(self) -> None:
        self.client.force_login(User.objects.create_user("new", "new@example.org"))
        self.assertIn("Open a project", self.texts("/"))

    def test_failed_jobs_come_first_until_they_are_retried(self) -> None:
        job = self.make()
        self.end(job, note="The disk is full.")
        self.assertIn("Failed jobs of yours", self.texts("/"))
        self.client.post(f"/jobs/{job.pk}/retry/")
        self.assertNotIn("Failed jobs of yours", self.texts("/"))

    def test_old_failures_are_no_news(self) -> None:
        self.end(self.make(), ended_at=timezone.now() - timedelta(days=30))
        self.assertNotIn("Failed jobs of yours", self.texts("/"))


class PaletteTests(JobPageTestCase):
    def titles(self, words: str) -> list[str]:
        answer = self.client.get("/palette/", {"q": words})
        return [hit["title"] for hit in answer.json()["results"]]

    def test_it_finds_pages_and_jobs(self) -> None:
        self.assertIn("Jobs", self.titles("job"))
        self.assertIn(str(self.job), self.titles(f"#{self.job.pk}"))
        self.assertIn(str(self.job), self.titles("polite"))

    def test_it_does_not_find_hidden_jobs(self) -> None:
        self.client.force_login(self.bob)
        self.assertNotIn(str(self.job), self.titles(str(self.job.pk)))
        self.assertNotIn(str(self.job), self.titles("\x00"))
        self.assertEqual(len(self.titles("9" * 100)), 1)  # the way to the whole search


class ProcessesTests(JobPageTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.get("x")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.client.force_login(self.sam)

    def status(self, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / "status.json").write_text(text)
        with self.settings(RUN_DIR=self.folder):
            return self.texts("/jobs/processes/")

    def test_it_is_for_site_admins(self) -> None:
        wanted = dict.fromkeys(("ada", "max", "cora", "rita", "carol", "bob"), 403)
        self.assertEqual(self.statuses("/jobs/processes/"), {**wanted, "sam": 200})

    def test_it_says_what_died_and_when_it_was_back(self) -> None:
        worker = {
            "name": "worker",
            "state": "running",
            "pid": 7,
            "restarts": 1,
            "last_exit": "killed by SIGKILL",
            "since": timezone.now().isoformat(),
            "message": "",
        }
        text = self.status({"written": "", "supervisor": os.getpid(), "processes": [worker]})
        self.assertIn("It ended (killed by SIGKILL) and was started again", text)
        self.assertNotIn("The supervisor is not running", text)

    def test_a_missing_or_bent_file_is_no_error(self) -> None:
        with self.settings(RUN_DIR=self.folder):
            self.assertIn("No supervisor here", self.texts("/jobs/processes/"))
        for bent in ("", "[]", "{", '{"processes": [1], "supervisor": 1}', '{"processes": null}'):
            self.assertIn("No supervisor here", self.status(bent))

    def test_it_shows_parts_and_queues(self) -> None:
        text = self.status({"written": "x", "supervisor": 0, "processes": []})
        for word in ("database", "broker", "Queue default", "Queue system"):
            self.assertIn(word, text)
