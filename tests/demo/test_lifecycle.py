"""Beginning, stopping and removing the demo, and who may."""

from __future__ import annotations

from django.test import override_settings

from apps.accounts.models import User
from apps.core.models import Job
from apps.demo import services
from apps.demo.choices import DemoState, Fault, Mode, StoryState
from apps.demo.errors import DemoOff, StoryGoesOn, WorkspaceInUse
from apps.demo.models import Demo, Story
from apps.demo.services import cast
from apps.ledger.models import Entry
from apps.projects.models import Project
from tests.base import PortalTestCase
from tests.demo.base import DemoTestCase


class BeginTests(PortalTestCase):
    def test_it_never_begins_beside_other_projects(self) -> None:
        with override_settings(DEMO=True):
            services.begin_if_new()
            self.assertFalse(Demo.objects.exists())
            with self.assertRaises(WorkspaceInUse):
                services.start(by=self.sam)

    def test_it_stays_off_where_it_was_turned_off(self) -> None:
        with self.assertRaises(DemoOff):
            services.start(by=self.sam)

    @override_settings(DEMO=True)
    def test_an_empty_workspace_gets_one_job_however_often_it_begins(self) -> None:
        Project.objects.all().delete()
        services.begin_if_new()
        services.begin_if_new()
        services.start(by=self.sam)

        self.assertEqual(Job.objects.filter(kind="demo.seed").count(), 1)
        self.assertEqual(Demo.objects.get().state, DemoState.SEEDING)


class RunningTests(DemoTestCase):
    def test_people_enter_once_and_keep_their_passwords(self) -> None:
        before = dict(self.demo.people), cast.kept(self.demo)["passwords"]
        people = User.objects.count()
        cast.enter_people(self.demo)

        self.assertEqual((self.demo.people, cast.kept(self.demo)["passwords"]), before)
        self.assertEqual(User.objects.count(), people)
        rosa = cast.actor(self.demo, "responder")
        self.assertTrue(rosa.check_password(before[1][rosa.username]))

    def test_one_story_at_a_time(self) -> None:
        asked = {"feed": self.feed, "mode": Mode.STORY, "by": self.ada}
        services.start_story(fault=Fault.UNITS, **asked)
        with self.assertRaises(StoryGoesOn):
            services.start_story(fault=Fault.LABELS, **asked)
        self.assertEqual(Entry.objects.filter(verb="demo.story_started").count(), 1)

    def test_a_bad_release_asks_the_script_for_a_version(self) -> None:
        services.start_story(fault=Fault.RELEASE, feed=self.feed, mode=Mode.STORY, by=self.ada)
        job = Job.objects.get(kind="demo.make_version")
        self.assertEqual(job.args["version"], "careless")

    def test_removing_ends_stories_and_locks_people_out_and_keeps_the_ledger(self) -> None:
        story = services.start_story(
            fault=Fault.UNITS, feed=self.feed, mode=Mode.DRILL, by=self.ada
        )
        rows = Entry.objects.count()
        services.remove(by=self.sam)

        story.refresh_from_db()
        self.assertEqual(story.state, StoryState.STOPPED)
        self.deployment.refresh_from_db()
        self.assertIsNotNone(self.deployment.retired_at)
        self.assertFalse(cast.actor(self.demo, "owner").is_active)
        self.assertEqual(Demo.objects.get().state, DemoState.REMOVED)
        self.assertGreater(Entry.objects.count(), rows)
        other = Project.objects.get(pk=self.other.pk)
        self.assertIsNone(other.archived_at)

    def test_strangers_see_no_demo_and_members_do(self) -> None:
        story = services.start_story(
            fault=Fault.UNITS, feed=self.feed, mode=Mode.STORY, by=self.ada
        )
        for path in (
            "/demo/",
            f"/demo/stories/{story.pk}/",
            "/demo/stand-in/jira/",
            "/demo/drills/",
        ):
            for user, status in ((self.bob, 404), (self.carol, 200), (self.sam, 200)):
                self.client.force_login(user)
                self.assertEqual(self.client.get(path).status_code, status, (user, path))
        self.assertEqual(self.api(self.bob).get("/api/v1/stories/").json()["results"], [])
        self.client.force_login(self.carol)
        self.assertNotContains(self.client.get("/demo/"), "Who is in it")
        self.client.force_login(self.sam)
        self.assertContains(self.client.get("/demo/"), "Who is in it")
        self.client.force_login(self.carol)
        self.assertEqual(self.client.post("/demo/actions/remove/").status_code, 403)

    def test_a_story_can_be_begun_and_ended_by_rest(self) -> None:
        api = self.api(self.rita)
        body = {"world": self.feed.world, "fault": "units"}
        made = api.post("/api/v1/stories/", body, format="json")
        self.assertEqual(made.status_code, 201, made.content)
        self.assertEqual(len(api.get("/api/v1/stories/").json()["results"]), 1)
        ended = api.post(f"/api/v1/stories/{made.json()['id']}/end/")
        self.assertEqual(ended.json()["state"], "stopped")
        self.assertEqual(Story.objects.get().ended_at is None, False)
        denied = self.api(self.carol).post("/api/v1/stories/", body, format="json")
        self.assertEqual(denied.status_code, 403)

    def test_before_its_people_are_in_it_refuses_in_words(self) -> None:
        Demo.objects.update(people={}, state=DemoState.SEEDING)
        for verb in ("stop", "reset", "remove"):
            answer = self.api(self.sam).post(f"/api/v1/demo/{verb}/")
            self.assertEqual((answer.status_code, answer.json()["code"]), (409, "demo_not_ready"))
