"""A guarded alias or stage that moved around the portal: found, shown, adopted or reverted."""

from __future__ import annotations

from typing import Any

from apps.accounts.models import User
from apps.core import events, live
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.models import errors, services
from apps.models.events import AliasMovedOutOfBand, VersionPromoted
from apps.models.mirror import refresh
from apps.models.mirror.moves import Cause
from apps.models.mirror.registry import change_stage
from apps.models.models import AliasMove, OutOfBandMove, Promotion
from apps.models.tasks import heal_mirror
from tests.models.test_history_moves import Registry


class OutOfBand(Registry):
    """Version 1 was promoted to prod; then the alias went to version 2 in MLflow itself."""

    def setUp(self) -> None:
        super().setUp()
        self.promote(1)
        self.mlflow.set_alias("churn", "prod", 2)

    def found(self) -> OutOfBandMove:
        self.heal()
        return OutOfBandMove.objects.latest("pk")

    def states(self) -> list[str]:
        return list(OutOfBandMove.objects.order_by("pk").values_list("state", flat=True))

    def verbs(self) -> list[str]:
        told = Entry.objects.filter(subject_kind="models.outofbandmove").order_by("pk")
        return [entry.verb.removeprefix("models.out_of_band_") for entry in told]


class FindTests(OutOfBand):
    def test_one_poll_finds_it_and_tells_of_it_once(self) -> None:
        heard: list[AliasMovedOutOfBand] = []
        events.on(AliasMovedOutOfBand, heard.append)
        self.addCleanup(events._handlers[AliasMovedOutOfBand].remove, heard.append)
        with self.captureOnCommitCallbacks(execute=True):
            heal_mirror()
        with self.captureOnCommitCallbacks(execute=True):
            heal_mirror()

        case = OutOfBandMove.objects.get()
        self.assertEqual((case.state, case.environment), ("open", self.prod))
        self.assertEqual((case.rightful, case.move.after), (self.version(1), self.version(2)))
        self.assertTrue(case.move.out_of_band)
        one, two = self.version(1).pk, self.version(2).pk
        told = AliasMovedOutOfBand(case.pk, self.model.pk, self.prod.pk, two, one)
        self.assertEqual(heard, [told])
        self.assertEqual(self.verbs(), ["found"])

    def test_a_write_of_somebody_elses_finds_it_at_once_and_does_not_blame_them(self) -> None:
        refresh.model(self.fraud, "churn", by=self.cora)

        case = OutOfBandMove.objects.get()
        self.assertIsNone(case.move.by)

    def test_what_nobody_guards_is_no_case(self) -> None:
        self.mlflow.set_alias("churn", "champion", 1)
        self.mlflow.set_alias("churn", "dev", 1)
        self.found()
        self.assertEqual(self.states(), ["open"])
        self.assertEqual(AliasMove.objects.filter(out_of_band=True).count(), 3)

    def test_every_name_of_the_environment_is_found(self) -> None:
        for alias in ("production", "PROD"):
            self.mlflow.set_alias("churn", alias, 3)
        self.heal()
        names = {case.move.name for case in OutOfBandMove.objects.all()}
        self.assertEqual(names, {"prod", "production", "PROD"})

    def test_taking_it_away_is_found(self) -> None:
        self.mlflow.drop_alias("churn", "prod")
        case = self.found()
        self.assertEqual((case.move.before, case.move.after), (self.version(1), None))
        self.mlflow.delete_model("churn")
        self.heal()
        self.assertEqual(self.states(), ["open"])

    def test_a_second_move_overtakes_the_first_and_still_knows_the_rightful_place(self) -> None:
        self.found()
        self.mlflow.set_alias("churn", "prod", 3)
        second = self.found()

        self.assertEqual(self.states(), ["overtaken", "open"])
        self.assertEqual(second.rightful, self.version(1))

    def test_going_back_by_itself_leaves_nothing_to_settle(self) -> None:
        self.found()
        self.mlflow.set_alias("churn", "prod", 1)
        self.heal()
        self.assertEqual(self.states(), ["overtaken"])

    def test_a_promotion_settles_it(self) -> None:
        self.found()
        self.promote(3)
        self.heal()
        self.assertEqual((self.states(), self.holder()), (["overtaken"], 3))

    def test_a_promotion_that_waited_for_that_very_version_adopts_it(self) -> None:
        waiting = services.request_promotion(
            version=self.version(2), environment=self.prod, by=self.cora
        )
        self.work()
        self.found()
        services.approve(promotion=waiting, by=self.max)
        self.work()

        case = OutOfBandMove.objects.get()
        self.assertEqual((case.state, case.promotion), ("adopted", waiting))


class AdoptTests(OutOfBand):
    def test_it_becomes_a_promotion_of_record(self) -> None:
        heard: list[VersionPromoted] = []
        events.on(VersionPromoted, heard.append)
        self.addCleanup(events._handlers[VersionPromoted].remove, heard.append)
        case = self.found()
        services.adopt(case=case, by=self.ada, reason="hot fix at night")
        self.assertEqual(self.states(), ["adopting"])
        with self.captureOnCommitCallbacks(execute=True):
            self.work()

        case.refresh_from_db()
        promotion = case.promotion
        assert promotion is not None
        told = (case.state, case.decided_by, case.reason)
        self.assertEqual(told, ("adopted", self.ada, "hot fix at night"))
        self.assertEqual((promotion.state, promotion.requested_by), ("done", self.ada))
        self.assertEqual((promotion.version, promotion.decision.by), (self.version(2), self.ada))
        self.assertEqual([event.promotion_id for event in heard], [promotion.pk])
        self.assertEqual(self.verbs(), ["found", "adoption_asked", "adopted"])
        self.heal()
        self.assertEqual(self.holder(), 2)

    def test_its_gates_are_asked_and_may_refuse(self) -> None:
        services.declare_gate(
            model=self.model,
            environment=self.prod,
            kind="metric_floor",
            settings={"metric": "accuracy", "floor": 0.9},
            by=self.ada,
        )
        case = self.found()
        services.adopt(case=case, by=self.ada, reason="please")
        self.work()

        case.refresh_from_db()
        self.assertEqual((case.state, case.trouble), ("open", "A gate refused it."))
        self.assertEqual(Promotion.objects.latest("pk").state, "refused")
        services.request_revert(case=case, by=self.max, reason="no run, no proof")
        self.work()
        self.assertEqual((self.states(), self.holder()), (["reverted"], 1))

    def test_nobody_adopts_their_own_move_where_two_people_are_asked_for(self) -> None:
        case = self.found()
        AliasMove.objects.filter(pk=case.move_id).update(by=self.max)
        with self.assertRaises(errors.OwnMove):
            services.adopt(case=case, by=self.max, reason="mine")
        self.assertEqual(self.states(), ["open"])
        services.adopt(case=case, by=self.ada, reason="seen")

    def test_a_service_account_adopts_nothing(self) -> None:
        case = self.found()
        robot = User.objects.create_user("robot", "robot@example.org", kind="service")
        with self.assertRaises(errors.PersonNeeded):
            services.adopt(case=case, by=robot, reason="because")

    def test_that_nothing_is_there_is_adopted_at_once(self) -> None:
        self.mlflow.drop_alias("churn", "prod")
        case = services.adopt(case=self.found(), by=self.ada, reason="retired")
        self.assertEqual((case.state, case.promotion), ("adopted", None))
        self.assertEqual(Promotion.objects.count(), 1)


class RevertTests(OutOfBand):
    def test_the_alias_goes_back_by_a_job(self) -> None:
        case = self.found()
        services.request_revert(case=case, by=self.max, reason="not ours")
        self.assertEqual(self.states(), ["reverting"])
        self.work()
        self.heal()

        case.refresh_from_db()
        self.assertEqual((case.state, self.holder()), ("reverted", 1))
        last = AliasMove.objects.latest("pk")
        self.assertEqual((last.by, last.note, last.out_of_band), (self.max, "not ours", False))
        self.assertEqual(self.verbs(), ["found", "revert_asked", "reverted"])

    def test_an_alias_that_was_none_is_taken_away(self) -> None:
        self.mlflow.set_alias("churn", "staging", 3)
        services.declare_gate(
            model=self.model,
            environment=self.staging,
            kind="metric_floor",
            settings={"metric": "a", "floor": 1},
            by=self.ada,
        )
        self.heal()
        case = OutOfBandMove.objects.get(environment=self.staging)
        services.request_revert(case=case, by=self.max, reason="no")
        self.work()
        self.heal()
        self.assertIsNone(self.holder("staging"))

    def test_the_job_is_safe_to_run_twice_and_to_be_cut_off(self) -> None:
        case = self.found()
        services.request_revert(case=case, by=self.max, reason="no")
        self.mlflow.set_alias("churn", "prod", 1)  # MLflow took it, and the worker is killed here
        self.heal()
        self.assertEqual(self.states(), ["reverting"])
        last = AliasMove.objects.latest("pk")
        self.assertEqual((last.by, last.out_of_band), (self.max, False))

        services.finish_revert(case=case)
        services.finish_revert(case=case)
        self.assertEqual((self.states(), self.holder()), (["reverted"], 1))
        self.assertEqual(self.verbs().count("reverted"), 1)

    def test_where_the_way_back_is_gone_it_says_so(self) -> None:
        case = self.found()
        self.mlflow.delete_version("churn", 1)
        self.heal()
        with self.assertRaisesMessage(errors.NowhereToGo, "Version 1 was deleted in MLflow"):
            services.request_revert(case=case, by=self.max, reason="no")
        self.mlflow.delete_model("churn")
        gone = self.found()
        with self.assertRaisesMessage(errors.NowhereToGo, "churn was deleted"):
            services.request_revert(case=gone, by=self.max, reason="no")

    def test_what_mlflow_refuses_is_open_again(self) -> None:
        case = self.found()
        services.request_revert(case=case, by=self.max, reason="no")
        del self.mlflow.models["churn"]["versions"][1]
        self.work()

        case.refresh_from_db()
        self.assertEqual(case.state, "open")
        self.assertIn("MLflow did not take it back", case.trouble)
        self.assertEqual(Job.objects.latest("pk").state, "failed")

    def test_it_is_decided_once(self) -> None:
        case = self.found()
        services.request_revert(case=case, by=self.max, reason="no")
        for verb in (services.request_revert, services.adopt):
            with self.assertRaises(errors.AlreadyDecided):
                verb(case=case, by=self.ada, reason="again")


class StageTests(Registry):
    def stage(self, number: int) -> str:
        there: str = self.mlflow.models["churn"]["versions"][number]["stage"]
        self.assertEqual(self.version(number).stage, "" if there == "None" else there)
        return there

    def test_a_stage_that_speaks_for_a_guarded_environment_is_found_and_goes_back(self) -> None:
        self.mlflow.set_stage("churn", 2, "Production")
        self.heal()
        case = OutOfBandMove.objects.get()
        self.assertEqual((case.move.kind, case.move.name), ("stage", "Production"))
        services.request_revert(case=case, by=self.max, reason="no")
        self.work()
        self.heal()

        case.refresh_from_db()
        self.assertEqual((case.state, self.stage(2)), ("reverted", "None"))

    def test_leaving_it_is_found_and_goes_back(self) -> None:
        change_stage(self.version(2), "Production", Cause(self.max, promotion=self.promote(2)))
        self.mlflow.set_stage("churn", 2, "Production")
        self.mlflow.set_stage("churn", 2, "Archived")
        self.heal()
        case = OutOfBandMove.objects.get()
        self.assertEqual((case.move.before, case.came_from), (self.version(2), "Production"))
        services.request_revert(case=case, by=self.max, reason="no")
        self.work()
        self.assertEqual(self.stage(2), "Production")

    def test_adopting_it_promotes_the_version(self) -> None:
        self.mlflow.set_stage("churn", 2, "Production")
        self.heal()
        services.adopt(case=OutOfBandMove.objects.get(), by=self.ada, reason="old client")
        self.work()
        self.assertEqual(OutOfBandMove.objects.get().state, "adopted")
        self.assertEqual(self.holder(), 2)

    def test_another_stage_is_history_alone(self) -> None:
        self.mlflow.set_stage("churn", 3, "Archived")
        self.heal()
        self.heal()
        self.assertEqual(self.moves(), [("Archived", None, 3, None, True)])
        self.assertFalse(OutOfBandMove.objects.exists())


class FaceTests(OutOfBand):
    def setUp(self) -> None:
        super().setUp()
        self.case = self.found()
        self.page = f"/models/out-of-band/{self.case.pk}/"
        self.rest = f"/api/v1/out-of-band/{self.case.pk}/"

    def test_maintainers_see_it_at_home_on_the_model_and_in_the_list(self) -> None:
        self.client.force_login(self.max)
        for address in ("/", self.model.get_absolute_url(), "/models/out-of-band/"):
            self.assertContains(self.client.get(address), self.page)
        self.assertContains(self.client.get(self.page), "goes back to version 1")
        self.assertContains(self.client.get("/audit/"), "out_of_band_found")
        self.client.force_login(self.carol)
        self.assertNotContains(self.client.get("/"), self.page)
        self.assertContains(self.client.get(self.page), "A maintainer of the project")

    def test_strangers_find_nothing(self) -> None:
        self.client.force_login(self.bob)
        for address in (self.page, f"{self.page}adopt/", f"{self.page}revert/"):
            method = self.client.get if address == self.page else self.client.post
            self.assertEqual(method(address).status_code, 404)
        self.assertContains(self.client.get("/models/out-of-band/"), "Every guarded alias stands")
        self.assertEqual(self.api(self.bob).get(self.rest).status_code, 404)
        self.assertEqual(self.api(self.bob).get("/api/v1/out-of-band/").json()["results"], [])
        self.assertFalse(live.may_hear(self.bob, self.case.topic))

    def test_it_is_reverted_on_the_page(self) -> None:
        self.client.force_login(self.max)
        empty = self.client.post(f"{self.page}revert/", {"revert-reason": ""})
        self.assertContains(empty, "required", status_code=422)
        sent = {"revert-reason": "not ours"}
        self.assertRedirects(self.client.post(f"{self.page}revert/", sent), self.page)
        self.work()
        self.assertContains(self.client.get(self.page), "not ours")
        again = self.client.post(f"{self.page}adopt/", {"adopt-reason": "x"})
        self.assertContains(again, "This move is reverted", status_code=422)

    def test_it_is_adopted_by_rest(self) -> None:
        client = self.api(self.ada)
        for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": ["x"]}, []):
            answer = client.post(f"{self.rest}adopt/", body)
            self.assertEqual(answer.status_code, 400, body)
        self.assertIn("reason", client.post(f"{self.rest}adopt/", {}).json()["detail"])
        answer = client.post(f"{self.rest}adopt/", {"reason": "hot fix"})
        self.assertEqual((answer.status_code, answer.json()["state"]), (202, "adopting"))
        self.work()

        told: dict[str, Any] = client.get(self.rest).json()
        self.assertEqual((told["state"], told["decided_by"]), ("adopted", "ada"))
        self.assertEqual((told["rightful"]["number"], told["after"]["number"]), (1, 2))
        self.assertEqual(client.post(f"{self.rest}revert/", {"reason": "x"}).status_code, 409)
        listed = client.get("/api/v1/out-of-band/?state=adopted&environment=prod").json()
        self.assertEqual([each["id"] for each in listed["results"]], [self.case.pk])
        self.assertEqual(client.get("/api/v1/out-of-band/?state=x").status_code, 400)

    def test_only_maintainers_settle_it(self) -> None:
        for person in (self.carol, self.cora):
            answer = self.api(person).post(f"{self.rest}revert/", {"reason": "x"})
            self.assertEqual(answer.status_code, 403)
            self.client.force_login(person)
            sent = {"adopt-reason": "x"}
            self.assertEqual(self.client.post(f"{self.page}adopt/", sent).status_code, 403)
        self.assertEqual(self.states(), ["open"])

    def test_one_that_is_not_visible_to_a_number_is_no_crash(self) -> None:
        client = self.api(self.max)
        self.assertEqual(client.get(f"/api/v1/out-of-band/{10**17}/").status_code, 404)
        self.client.force_login(self.max)
        self.assertEqual(self.client.get(f"/models/out-of-band/{10**30}/").status_code, 404)
