"""A version is released from a page that says first what would change and how to undo it."""

from __future__ import annotations

from apps.deployments import services
from apps.deployments.models import Release
from tests.deployments.pages.base import Served


class ReleaseFormTests(Served):
    def setUp(self) -> None:
        super().setUp()
        self.address = f"{self.page}release/"

    def test_the_plan_stands_there_before_it_starts(self) -> None:
        page = self.client.get(self.address)
        self.assertContains(page, "Version 2 takes the place of version 1 in staging")
        self.assertContains(page, "To undo it")
        self.assertFalse(Release.objects.in_flight().exists())

    def test_the_plan_follows_what_is_chosen(self) -> None:
        asked = {
            "version": 2,
            "strategy.kind": "canary",
            "strategy.steps": "7, 40",
            "strategy.step_seconds": 30,
            "strategy.least_requests": 50,
        }
        plan = self.client.get(f"{self.address}plan/", asked)
        for words in ("7 %", "40 %", "30 s and 50 requests"):
            self.assertContains(plan, words)
        self.assertNotContains(plan, "<html")
        self.assertContains(self.client.get(self.address, asked), "7 %")

    def test_what_does_not_fit_has_no_plan(self) -> None:
        asked = {"version": 2, "strategy.kind": "canary", "strategy.steps": "50, 20"}
        plan = self.client.get(f"{self.address}plan/", asked)
        self.assertContains(plan, "strategy.steps: ")
        self.assertNotContains(plan, "To undo it")

    def test_a_canary_is_asked_for_as_planned(self) -> None:
        sent = {
            "version": 2,
            "reason": "better",
            "strategy.kind": "canary",
            "strategy.steps": "7, 40",
            "strategy.step_seconds": 30,
            "strategy.least_requests": 50,
            "strategy.approval": "on",
        }
        self.assertRedirects(self.client.post(self.address, sent), self.page)
        made = Release.objects.in_flight().get()
        told = {name: made.strategy[name] for name in ("kind", "steps", "approval")}
        self.assertEqual(told, {"kind": "canary", "steps": [7, 40], "approval": True})
        again = self.client.post(self.address, sent)
        self.assertContains(again, "already releasing another version", status_code=422)

    def test_where_nothing_is_chosen_the_configuration_decides(self) -> None:
        services.configure(deployment=self.row, config=self.canary(), based_on=None, by=self.ada)
        self.assertContains(self.client.get(self.address), "As configured: canary")
        self.client.post(self.address, {"version": 2})
        self.assertEqual(Release.objects.in_flight().get().strategy["steps"], [5, 25, 50])

    def test_each_wrong_field_is_named_beside_itself(self) -> None:
        whole = {"version": 2, "strategy.kind": "canary"}
        for name, value, words in (
            ("version", 9, "not one of the available choices"),
            ("strategy.kind", "sudden", "not one of the available choices"),
            ("strategy.steps", "50, 20", "larger than the one before"),
            ("strategy.steps", "", "needs at least one"),
            ("strategy.step_seconds", 0, "greater than or equal to 1"),
            ("strategy.least_requests", "x", "whole number"),
            ("reason", "x" * 501, "at most 500"),
        ):
            answer = self.client.post(self.address, whole | {name: value})
            self.assertEqual(answer.status_code, 422, name)
            errors = answer.context["form"].errors
            self.assertEqual(list(errors), [name], value)
            self.assertIn(words, str(errors[name]))
        self.assertFalse(Release.objects.in_flight().exists())

    def test_a_shadow_of_nothing_is_refused_beside_its_field(self) -> None:
        empty = services.create_deployment(
            environment=self.staging, model=self.first.model, slug="churn-new", by=self.ada
        )
        address = f"{empty.get_absolute_url()}release/"
        answer = self.client.post(address, {"version": 1, "strategy.kind": "shadow"})
        self.assertEqual(list(answer.context["form"].errors), ["strategy.kind"])
        self.assertContains(self.client.get(address), "is the first to answer in staging")

    def test_a_protected_environment_says_so_in_the_plan_and_refuses(self) -> None:
        self.client.force_login(self.max)
        address = f"{self.protected().get_absolute_url()}release/"
        self.assertContains(self.client.get(address), "promote the version to it first")
        answer = self.client.post(address, {"version": 1})
        self.assertContains(answer, "promote the version to it first", status_code=422)

    def test_who_may_not_release_does_not_come_here(self) -> None:
        for user, status in ((self.carol, 403), (self.bob, 404)):
            self.client.force_login(user)
            self.assertEqual(self.client.get(self.address).status_code, status)
            self.assertEqual(self.client.get(f"{self.address}plan/").status_code, status)
