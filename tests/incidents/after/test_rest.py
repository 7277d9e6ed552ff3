"""Steps and actions through REST."""

from __future__ import annotations

from apps.deployments.models import Release
from apps.incidents.models import Action
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene

STEPS, ACTIONS = "/api/v1/runbook-steps/", "/api/v1/incident-actions/"


class RestTests(Scene, PortalTestCase):
    def test_a_runbook_is_taken_planned_asked_for_and_approved(self) -> None:
        row, document = self.open(self.deploy()), self.write()
        rita, max_ = self.api(self.rita), self.api(self.max)
        taken = rita.post(STEPS, {"incident": row.pk, "document": document.pk}, format="json")
        self.assertEqual((taken.status_code, taken.json()), (201, {"steps": 6}))
        step = row.steps.get(text="roll_back fraud-live")
        plan = rita.get(f"{STEPS}{step.pk}/plan/").json()
        self.assertEqual((plan["needed"], Release.objects.count()), ("maintainer", 2))
        sent = {"plan": plan["digest"]}
        asked = rita.post(f"{STEPS}{step.pk}/run/", sent, format="json").json()
        self.assertEqual((asked["state"], asked["asked_by"]), ("waiting", "rita"))
        self.assertEqual(
            rita.post(f"{STEPS}{step.pk}/approve/", sent, format="json").json()["code"], "own_step"
        )
        done = max_.post(f"{STEPS}{step.pk}/approve/", sent, format="json").json()
        self.assertEqual((done["state"], done["done_by"]), ("done", "max"))
        self.assertEqual(Release.objects.count(), 3)
        shown = self.api(self.carol).get(f"{STEPS}?incident={row.pk}&state=done").json()
        self.assertEqual([each["id"] for each in shown["results"]], [step.pk])
        self.assertEqual(self.api(self.bob).get(STEPS).json()["results"], [])

    def test_an_action_is_promised_moved_and_finished(self) -> None:
        row, rita = self.open(), self.api(self.rita)
        sent = {"incident": row.pk, "title": "Alarm", "owner": "max", "due_on": "2027-01-31"}
        made = rita.post(ACTIONS, sent, format="json").json()
        self.assertEqual((made["owner"], made["due_on"]), ("max", "2027-01-31"))
        nobody = rita.post(ACTIONS, sent | {"owner": "nobody"}, format="json")
        self.assertEqual(nobody.status_code, 400)
        page = f"{ACTIONS}{made['id']}/"
        rita.post(f"{page}move/", {"due_on": "2027-02-01"}, format="json")
        self.assertEqual(rita.post(f"{page}finish/").json()["done_by"], "rita")
        self.assertEqual(rita.post(f"{page}finish/").json()["code"], "action_over")
        self.assertEqual(f"{Action.objects.get().due_on}", "2027-02-01")
