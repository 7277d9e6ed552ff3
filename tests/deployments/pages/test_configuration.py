"""The configuration of a deployment: drawn, checked, kept as history, guarded against two editors."""

from __future__ import annotations

from apps.deployments import configurations, routing
from apps.deployments.configs import Config
from apps.deployments.models import Configuration, Release
from tests.deployments.pages.base import Served


class ConfigurationTests(Served):
    def setUp(self) -> None:
        super().setUp()
        self.address = f"{self.page}configuration/"

    def save(self, **changed: object) -> int:
        return self.client.post(self.address, self.settings_sent(**changed)).status_code

    def test_a_change_is_a_new_row_and_says_what_it_changed(self) -> None:
        self.assertEqual(
            self.save(limits__memory_mb=512, strategy__steps="10, 30", note="big"), 302
        )
        row = Configuration.objects.get()
        self.assertEqual((row.number, row.note, row.by), (1, "big", self.cora))
        config = Config.model_validate(row.body)
        self.assertEqual((config.limits.memory_mb, config.strategy.steps), (512, (10, 30)))
        page = self.client.get(self.address)
        self.assertContains(page, "Memory, Steps")
        self.assertContains(page, "Configuration 1,")
        self.assertEqual(self.recorded("configured"), 1)

    def test_what_did_not_change_is_not_kept(self) -> None:
        page = self.client.post(self.address, self.settings_sent(), follow=True)
        self.assertContains(page, "Nothing differs")
        self.assertFalse(Configuration.objects.exists())
        self.assertEqual(self.recorded("configured"), 0)

    def test_the_second_of_two_editors_is_told(self) -> None:
        stale = self.settings_sent(limits__threads=4)
        self.assertEqual(self.save(limits__memory_mb=512), 302)
        answer = self.client.post(self.address, stale)
        self.assertContains(answer, "has configuration 1 meanwhile", status_code=422)
        self.assertContains(answer, "?a=0&amp;b=1", status_code=422)
        self.assertContains(answer, 'name="limits.threads" value="4"', status_code=422)
        self.assertEqual(Configuration.objects.count(), 1)

    def test_each_wrong_field_is_named_beside_itself(self) -> None:
        for name, value, words in (
            ("replicas", 0, "greater than or equal to 1"),
            ("replicas", "many", "Enter a whole number"),
            ("limits.timeout_seconds", "nan", "Enter a number"),
            ("limits.memory_mb", 10**12, "less than or equal to 1000000"),
            ("strategy.steps", "50, 20", "larger than the one before"),
            ("strategy.steps", "half", "whole percentages"),
            ("strategy.kind", "sudden", "not one of the available choices"),
            ("runtime.image", "a b", "match pattern"),
            ("runtime.image", "a\x00", "Null characters"),
            ("runtime.namespace", "No", "match pattern"),
        ):
            sent = self.settings_sent() | {name: value}
            answer = self.client.post(self.address, sent)
            self.assertEqual(answer.status_code, 422, name)
            errors = answer.context["form"].errors
            self.assertEqual(list(errors), [name], value)
            self.assertIn(words, str(errors[name]))
        self.assertFalse(Configuration.objects.exists())

    def test_a_form_without_its_number_is_refused_with_its_name(self) -> None:
        sent = self.settings_sent(limits__memory_mb=1)
        del sent["based_on"]
        answer = self.client.post(self.address, sent)
        self.assertContains(answer, "based_on: ", status_code=422)

    def test_two_are_compared_and_an_earlier_one_comes_back_as_a_new_one(self) -> None:
        self.save(limits__memory_mb=512)
        self.save(limits__memory_mb=1024, replicas=2)
        page = self.client.get(f"{self.address}difference/?a=1&b=2")
        self.assertContains(page, "limits.memory_mb")
        self.assertContains(page, "at once")
        self.assertContains(page, "with the next release")
        self.assertNotContains(page, "strategy.")
        back = {"number": 1, "based_on": 2}
        self.assertRedirects(self.client.post(f"{self.address}restore/", back), self.address)
        stand = configurations.current(self.row)
        self.assertEqual((stand.number, stand.config.limits.memory_mb), (3, 512))
        self.assertEqual(stand.row and stand.row.note, "Back to configuration 1")
        again = self.client.post(f"{self.address}restore/", back, follow=True)
        self.assertContains(again, "has configuration 3 meanwhile")
        for wrong in ("?a=1", "?a=1&b=x", "?a=-1&b=1", ""):
            self.assertContains(
                self.client.get(f"{self.address}difference/{wrong}"), "a, b: ", status_code=400
            )
        self.assertEqual(self.client.get(f"{self.address}difference/?a=1&b=9").status_code, 404)

    def test_the_rate_and_the_time_out_hold_at_once_the_rest_with_the_next_release(self) -> None:
        self.save(limits__timeout_seconds=7, limits__requests_per_second=3)
        [route] = routing.routes()
        self.assertEqual((route.timeout_seconds, route.requests_per_second), (7, 3))
        self.assertIsNone(Release.objects.get().configuration)

    def test_who_may_only_look_reads_the_settings(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get(self.address)
        self.assertContains(page, "Settings in force")
        self.assertNotContains(page, "Save the configuration")
        self.assertEqual(self.client.post(self.address, {}).status_code, 403)
        self.assertEqual(self.client.post(f"{self.address}restore/", {}).status_code, 403)
        self.client.force_login(self.bob)
        for address in (self.address, f"{self.address}difference/?a=0&b=0"):
            self.assertEqual(self.client.get(address).status_code, 404)

    def test_in_a_protected_environment_maintainers_configure(self) -> None:
        address = f"{self.protected().get_absolute_url()}configuration/"
        self.assertEqual(self.client.post(address, {}).status_code, 403)
        self.client.force_login(self.max)
        self.assertEqual(self.client.post(address, {}).status_code, 422)
