"""Steps and actions through REST."""

from __future__ import annotations

from apps.core.access import Role
from apps.deployments.models import Release
from apps.incidents.models import Action, PostMortem, Ticket
from apps.integrations.models import Connection
from apps.ledger.models import Entry
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene

STEPS, ACTIONS = "/api/v1/runbook-steps/", "/api/v1/incident-actions/"
POST_MORTEMS = "/api/v1/post-mortems/"


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

    def test_an_open_action_gets_another_title_and_owner(self) -> None:
        row, rita = self.open(), self.api(self.rita)
        sent = {"incident": row.pk, "title": "Alarm", "owner": "max", "due_on": "2027-01-31"}
        page = f"{ACTIONS}{rita.post(ACTIONS, sent, format='json').json()['id']}/"
        tag = rita.get(page)["ETag"]
        words = {"title": "Alarm on missing columns", "owner": "carol"}
        changed = rita.patch(page, words, format="json", headers={"If-Match": tag})
        self.assertEqual(changed.status_code, 200, changed.content)
        told = changed.json()
        self.assertEqual((told["title"], told["owner"]), (words["title"], "carol"))
        stale = rita.patch(page, {"title": "x"}, format="json", headers={"If-Match": tag})
        self.assertEqual(stale.status_code, 412)
        entry = Entry.objects.get(verb="incidents.action_changed")
        self.assertEqual(entry.data["owner"], [self.max.pk, self.carol.pk])
        self.assertEqual(rita.patch(page, words, format="json").status_code, 200)
        self.assertEqual(Entry.objects.filter(verb="incidents.action_changed").count(), 1)
        for wrong in ({"owner": "bob"}, {"owner": "nobody"}, {"title": ""}, {"due_on": "soon"}):
            self.assertEqual(rita.patch(page, wrong, format="json").status_code, 400, wrong)
        self.assertEqual(self.api(self.carol).patch(page, words).status_code, 403)
        self.assertEqual(self.api(self.bob).patch(page, words).status_code, 404)
        rita.post(f"{page}finish/")
        over = rita.patch(page, {"title": "y"}, format="json")
        self.assertEqual(over.json()["code"], "action_over")

    def test_an_action_names_a_ticket_and_its_owner_finishes_it(self) -> None:
        row, other, rita = self.open(), self.open(), self.api(self.rita)
        jira = Connection.objects.create(project=self.fraud, slug="jira", name="Jira", values={})
        tickets = [
            Ticket.objects.create(incident=each, connection=jira, correlation=f"c-{each.pk}")
            for each in (row, other)
        ]
        sent = {"incident": row.pk, "title": "Alarm", "owner": "carol", "due_on": "2027-01-31"}
        wrong = rita.post(ACTIONS, sent | {"ticket": tickets[1].pk}, format="json")
        self.assertEqual(wrong.status_code, 400)
        made = rita.post(ACTIONS, sent | {"ticket": tickets[0].pk}, format="json").json()
        self.assertEqual((made["owner"], made["ticket"]), ("carol", tickets[0].pk))
        page, carol = f"{ACTIONS}{made['id']}/", self.api(self.carol)
        self.assertEqual(
            carol.post(f"{page}move/", {"due_on": "2027-02-01"}, format="json").status_code, 403
        )
        looking = self.api(self.carol, role=Role.VIEWER)
        self.assertEqual(looking.post(f"{page}finish/").status_code, 403)
        self.assertEqual(carol.post(f"{page}finish/").json()["done_by"], "carol")

    def test_a_post_mortem_is_begun_once_written_and_published(self) -> None:
        row, rita = self.open(self.deploy()), self.api(self.rita)
        sent = {"incident": row.pk}
        self.assertEqual(self.api(self.carol).post(POST_MORTEMS, sent).status_code, 403)
        self.assertEqual(self.api(self.bob).post(POST_MORTEMS, sent).status_code, 404)
        made = rita.post(POST_MORTEMS, sent, format="json")
        self.assertEqual((made.status_code, made.json()["state"]), (201, "draft"))
        self.assertIn("## Timeline", made.json()["body"])
        self.assertEqual(rita.post(POST_MORTEMS, sent, format="json").json(), made.json())

        page = f"{POST_MORTEMS}{made.json()['id']}/"
        tag = rita.get(page)["ETag"]
        words = {"body": "# What happened\n\nA column moved.\n"}
        written = rita.patch(page, words, format="json", headers={"If-Match": tag})
        self.assertEqual(written.status_code, 200, written.content)
        self.assertEqual(
            (written.json()["body"], written.json()["state"]), (words["body"], "draft")
        )
        stale = rita.patch(page, {"body": "Mine."}, format="json", headers={"If-Match": tag})
        self.assertEqual(stale.status_code, 412)
        self.assertEqual(rita.post(f"{page}publish/").json()["state"], "published")

        later = rita.patch(page, {"body": "# Better\n"}, format="json").json()
        self.assertEqual((later["body"], later["draft"]), (words["body"], "# Better\n"))
        done = rita.post(f"{page}publish/").json()
        self.assertEqual((done["body"], done["draft"]), ("# Better\n", None))
        verbs = Entry.objects.filter(verb="incidents.post_mortem_begun")
        self.assertEqual((verbs.count(), PostMortem.objects.count()), (1, 1))

    def test_a_post_mortem_is_exported_with_its_actions(self) -> None:
        row, rita = self.open(self.deploy()), self.api(self.rita)
        made = rita.post(POST_MORTEMS, {"incident": row.pk}, format="json").json()
        sent = {"incident": row.pk, "title": "An alarm", "owner": "max", "due_on": "2027-01-31"}
        rita.post(ACTIONS, sent, format="json")
        page, carol = f"{POST_MORTEMS}{made['id']}/file/", self.api(self.carol)
        text = carol.get(page)
        self.assertEqual(text["Content-Type"], "text/markdown; charset=utf-8")
        self.assertIn("An alarm", text.content.decode())
        paper = carol.get(f"{page}?format=pdf")
        self.assertEqual((paper["Content-Type"], paper.content[:5]), ("application/pdf", b"%PDF-"))
        wrong = carol.get(f"{page}?format=docx")
        self.assertEqual((wrong.status_code, "format" in wrong.content.decode()), (400, True))
        self.assertEqual(self.api(self.bob).get(page).status_code, 404)

    def test_members_read_a_post_mortem_and_its_figures(self) -> None:
        row = self.open(self.deploy())
        made = self.api(self.rita).post(POST_MORTEMS, {"incident": row.pk}, format="json").json()
        page, carol = f"{POST_MORTEMS}{made['id']}/", self.api(self.carol)
        [listed] = carol.get(f"{POST_MORTEMS}?incident={row.pk}").json()["results"]
        self.assertEqual((listed["id"], "body" in listed), (made["id"], False))
        self.assertEqual(carol.get(f"{POST_MORTEMS}?project=weather").json()["results"], [])
        figures = carol.get(f"{page}figures/").json()
        self.assertEqual((figures["resolve_seconds"], figures["predictions"]), (None, 0))
        self.assertEqual(carol.patch(page, {"body": "x"}, format="json").status_code, 403)
        for address in (page, f"{page}figures/"):
            self.assertEqual(self.api(self.bob).get(address).status_code, 404)
