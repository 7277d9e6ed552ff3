"""A runbook in hand: its steps are ticked, checked and run once, by those who may."""

from __future__ import annotations

import threading
from unittest.mock import patch

from django.db import connection, transaction

from apps.core.errors import Invalid, PortalError, RoleNeeded
from apps.deployments.models import Release
from apps.incidents import runbooks, services
from apps.incidents.errors import (
    AlreadyResolved,
    NotThatKind,
    OwnStep,
    PlanChanged,
    StepOver,
    StepTimedOut,
    StepWaits,
)
from apps.incidents.models import Incident, Step
from apps.incidents.runbooks import actions, reading, running
from apps.ledger.models import Entry
from apps.monitoring.models import Silence
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.incidents.after.base import BODY, Scene


class ReadingTests(PortalTestCase):
    def test_list_items_are_steps_and_code_is_not(self) -> None:
        found = reading.steps(BODY + "\n```\n- not: a step\n```\n\nNor - this.\n")
        self.assertEqual(
            [(each.section, each.kind, each.text, each.needs_approval) for each in found],
            [
                ("First", "plain", "Say that you look at it.", False),
                ("First", "check", "deployment: fraud-live", False),
                ("Stop the harm", "action", "roll_back fraud-live", False),
                ("Stop the harm", "action", "silence Score drift for 2h", False),
                ("Stop the harm", "action", "scale fraud-live to 3", True),
                ("Stop the harm", "action", "destroy everything", False),
            ],
        )


class RunbookTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place = self.deploy()
        self.row = self.open(self.place)
        self.steps = self.take(self.row)
        self.plain, self.check, self.back, self.silence, self.scale, self.unknown = self.steps

    def post(self, step: Step, verb: str, **data: str) -> int:
        return self.client.post(f"/incidents/steps/{step.pk}/{verb}/", data).status_code

    def test_taken_twice_it_is_taken_once(self) -> None:
        document = self.steps[0].document
        assert document is not None
        self.assertEqual(runbooks.take(incident=self.row, document=document, by=self.rita), 6)
        self.assertEqual(self.row.steps.count(), 6)

    def test_a_plain_step_is_ticked_once_and_taken_back(self) -> None:
        self.client.force_login(self.rita)
        self.post(self.plain, "mark", done="1")
        self.plain.refresh_from_db()
        self.assertEqual((self.plain.state, self.plain.done_by), ("done", self.rita))
        with self.assertRaises(StepOver):
            runbooks.mark(step=self.plain, done=True, by=self.max)
        self.post(self.plain, "reopen")
        self.plain.refresh_from_db()
        self.assertEqual((self.plain.state, self.plain.done_by), ("open", None))
        verbs = list(
            Entry.objects.filter(subject_id=str(self.row.pk)).values_list("verb", flat=True)
        )
        self.assertIn("incidents.step_done", verbs)
        self.assertIn("incidents.step_reopened", verbs)

    def test_a_check_keeps_what_it_found(self) -> None:
        self.client.force_login(self.rita)
        answer = self.client.post(f"/incidents/steps/{self.check.pk}/check/")
        self.assertContains(answer, "serves fraud v2")
        self.check.refresh_from_db()
        self.assertEqual(self.check.state, "done")
        self.assertIn("serves fraud v2", self.check.result)

    def test_looking_at_a_plan_changes_nothing(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get(f"/incidents/steps/{self.back.pk}/")
        self.assertContains(page, "Roll fraud-live back to fraud v1")
        self.assertContains(page, "dry run")
        self.assertNotContains(page, "Run it now")
        self.assertEqual(Release.objects.count(), 2)

    def test_a_maintainer_rolls_back_and_a_second_click_does_nothing(self) -> None:
        plan = self.digest(self.back, self.max)
        self.client.force_login(self.max)
        self.assertContains(self.client.get(f"/incidents/steps/{self.back.pk}/"), "Run it now")
        self.post(self.back, "run", plan=plan)
        self.back.refresh_from_db()
        made = Release.objects.get(number=3)
        self.assertEqual((made.version.number, made.requested_by), (1, self.max))
        self.assertEqual((self.back.state, self.back.data), ("done", {"release": made.pk}))
        entry = Entry.objects.get(verb="incidents.step_run")
        self.assertEqual((entry.actor_id, entry.data["action"]), (self.max.pk, "roll_back"))
        self.post(self.back, "run", plan=plan)
        self.assertEqual(Release.objects.count(), 3)
        page = self.client.get(f"/incidents/{self.row.pk}/runbook/")
        self.assertContains(page, "Release 3 of fraud-live, fraud v1: queued.")

    def test_a_responder_asks_and_somebody_with_the_role_approves(self) -> None:
        plan = self.digest(self.back, self.rita)
        runbooks.ask(step=self.back, plan=plan, by=self.rita)
        self.back.refresh_from_db()
        self.assertEqual((self.back.state, Release.objects.count()), ("waiting", 2))
        with self.assertRaises(OwnStep):
            runbooks.approve(step=self.back, plan=plan, by=self.rita)
        with self.assertRaises(RoleNeeded):
            runbooks.approve(step=self.back, plan=plan, by=self.cora)
        with self.assertRaises(StepWaits):
            runbooks.ask(step=self.back, plan=plan, by=self.max)
        self.assertEqual(Release.objects.count(), 2)
        runbooks.approve(step=self.back, plan=plan, by=self.max)
        self.back.refresh_from_db()
        self.assertEqual((self.back.done_by, self.back.asked_by), (self.max, self.rita))
        self.assertEqual(Release.objects.count(), 3)

    def test_a_step_that_takes_two_waits_even_for_an_owner(self) -> None:
        plan = self.digest(self.scale, self.ada)
        runbooks.ask(step=self.scale, plan=plan, by=self.ada)
        self.scale.refresh_from_db()
        self.assertEqual(self.scale.state, "waiting")
        with self.assertRaises(OwnStep):
            runbooks.approve(step=self.scale, plan=plan, by=self.ada)
        runbooks.withdraw(step=self.scale, by=self.max)
        self.scale.refresh_from_db()
        self.assertEqual((self.scale.state, self.scale.asked_by), ("open", None))

    def test_a_plan_that_is_not_true_any_more_is_refused(self) -> None:
        plan = self.digest(self.back, self.max)
        Release.objects.filter(number=1).update(state="rolled_back")
        with self.assertRaises(PortalError):
            runbooks.ask(step=self.back, plan=plan, by=self.max)
        Release.objects.filter(number=1).update(state="superseded")
        with self.assertRaises(PlanChanged):
            runbooks.ask(step=self.back, plan="0" * 64, by=self.max)
        self.assertEqual(Release.objects.count(), 2)

    def test_what_is_killed_in_the_middle_has_changed_nothing(self) -> None:
        plan = self.digest(self.back, self.max)
        with (
            patch.object(running, "note", side_effect=SystemExit),
            self.assertRaises(SystemExit),
        ):
            runbooks.ask(step=self.back, plan=plan, by=self.max)
        self.back.refresh_from_db()
        self.assertEqual((self.back.state, Release.objects.count()), ("open", 2))
        runbooks.ask(step=self.back, plan=plan, by=self.max)
        self.assertEqual(Release.objects.count(), 3)

    def test_each_action_asks_for_its_services_role(self) -> None:
        for step, user in ((self.back, self.cora), (self.scale, self.cora)):
            self.assertFalse(self.may(step, user), step.text)
        for step, user in (
            (self.back, self.max),
            (self.scale, self.max),
            (self.silence, self.rita),
        ):
            self.assertTrue(self.may(step, user), step.text)
        for name in ("pause_monitor", "resume_monitor"):
            self.assertIn(name, {each.name for each in actions.known()})

    def may(self, step: Step, user: object) -> bool:
        fresh = Step.objects.select_related("incident__deployment").get(pk=step.pk)
        return running.plan_of(fresh, user).allowed(user, self.row)  # type: ignore[arg-type]

    def test_a_silence_ends_by_itself(self) -> None:
        plan = self.digest(self.silence, self.rita)
        runbooks.ask(step=self.silence, plan=plan, by=self.rita)
        made = Silence.objects.get()
        self.assertEqual((made.ends_at - made.starts_at).total_seconds(), 7200)
        self.assertEqual(made.matchers[0]["value"], "Score drift")

    def test_an_unknown_verb_is_shown_and_cannot_be_run(self) -> None:
        with self.assertRaises(Invalid):
            runbooks.ask(step=self.unknown, plan="0" * 64, by=self.ada)
        self.client.force_login(self.ada)
        page = self.client.get(f"/incidents/steps/{self.unknown.pk}/")
        self.assertContains(page, "This step cannot go on")
        with self.assertRaises(NotThatKind):
            runbooks.mark(step=self.unknown, done=True, by=self.ada)

    def test_another_projects_deployment_is_out_of_reach(self) -> None:
        document = self.write("# Other\n\n- action: roll_back elsewhere\n")
        runbooks.take(incident=self.row, document=document, by=self.ada)
        step = self.row.steps.get(text="roll_back elsewhere")
        self.client.force_login(self.max)
        page = self.client.get(f"/incidents/steps/{step.pk}/")
        self.assertContains(page, "No such deployment")

    def test_viewers_only_look_and_strangers_see_nothing(self) -> None:
        for user, code in ((self.carol, 403), (self.bob, 404)):
            self.client.force_login(user)
            for verb in ("mark", "reopen", "check", "run", "approve", "withdraw"):
                self.assertEqual(self.post(self.back, verb), code, verb)
            self.assertEqual(
                self.client.post(f"/incidents/{self.row.pk}/runbook/").status_code, code
            )
        self.assertEqual(self.client.get(f"/incidents/steps/{self.back.pk}/").status_code, 404)
        self.assertEqual(self.client.get(f"/incidents/{self.row.pk}/runbook/").status_code, 404)

    def test_nothing_is_run_once_the_incident_is_over(self) -> None:
        plan = self.digest(self.back, self.max)
        services.resolve(incident=self.row, by=self.ada, reason="over")
        with self.assertRaises(AlreadyResolved):
            runbooks.ask(step=self.back, plan=plan, by=self.max)
        self.assertEqual(Release.objects.count(), 2)


class RacingTests(Scene, PortalTransactionTestCase):
    def test_two_clicks_at_once_roll_back_once(self) -> None:
        place = self.deploy()
        row: Incident = self.open(place)
        step = self.take(row)[2]
        plan = self.digest(step, self.max)
        outcomes: list[str] = []
        barrier = threading.Barrier(2)

        def click() -> None:
            try:
                barrier.wait()
                runbooks.ask(step=step, plan=plan, by=self.max)
                outcomes.append("done")
            except PortalError as error:
                outcomes.append(error.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=click) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(outcomes), ["done", "step_over"])
        self.assertEqual(Release.objects.count(), 3)

    def test_an_action_that_hangs_ends_and_has_changed_nothing(self) -> None:
        place = self.deploy()
        step = self.take(self.open(place))[2]
        plan = self.digest(step, self.max)
        held, free = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                Step.objects.select_for_update().get(pk=step.pk)
                held.set()
                free.wait()
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        self.assertTrue(held.wait(120))
        with patch.object(running, "SECONDS", 1), self.assertRaises(StepTimedOut):
            runbooks.ask(step=step, plan=plan, by=self.max)
        free.set()
        holder.join()
        self.assertEqual(Release.objects.count(), 2)
        runbooks.ask(step=step, plan=plan, by=self.max)
        self.assertEqual(Release.objects.count(), 3)
