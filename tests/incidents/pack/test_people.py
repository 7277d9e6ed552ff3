"""Who is on call stands in the pack."""

from __future__ import annotations

from tests.incidents.oncall.base import schedule_of
from tests.incidents.pack.base import PackTestCase, calm, said


class OnCallTests(PackTestCase):
    def breach(self) -> object:
        monitor = self.drift(calm())
        return self.breaks(monitor, [row | {"income": row["income"] + 20_000} for row in calm(200)])

    def test_whoever_is_on_call_is_named_with_the_schedule(self) -> None:
        schedule = schedule_of(self.fraud, self.ada, by=self.ada)
        told = said(self.built(self.breach()), "on_call")
        self.assertIn(f"ada is on call at {schedule.name}", told)

    def test_where_nobody_is_the_pages_go_to_the_owner_and_it_says_so(self) -> None:
        told = said(self.built(self.breach()), "on_call")
        self.assertIn("No schedule of", told)
        self.assertIn("pages go to ada", told)
