"""The pages of deployments: what they show, to whom, and what they let people do."""

from __future__ import annotations

from apps.accounts.models import User
from apps.core import live
from apps.core.models import Job
from apps.deployments import services
from apps.deployments.models import Deployment, Release, Replica
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects.models import Environment, Project
from tests.base import PortalTestCase


def model_with_versions(project: Project, count: int = 2) -> list[ModelVersion]:
    """The versions of a model called churn."""
    model = RegisteredModel.objects.create(project=project, name="churn")
    return [
        ModelVersion.objects.create(project=project, model=model, number=number)
        for number in range(1, count + 1)
    ]


def served(
    version: ModelVersion, environment: Environment, by: User, slug: str = "churn-live"
) -> Deployment:
    """A deployment where the version is live, answered by one model server."""
    row = services.create_deployment(environment=environment, model=version.model, slug=slug, by=by)
    release(row, version, by)
    return row


def release(deployment: Deployment, version: ModelVersion, by: User) -> Release:
    """Do what the job and the runner would, until the version is live."""
    made = services.request_release(deployment=deployment, version=version, by=by)
    replica = services.start_replicas(made)
    services.note_replica(replica.pk, state=Replica.State.READY, port=1, pid=1)
    services.go_live(made.pk)
    return Release.objects.get(pk=made.pk)


class DeploymentPageTests(PortalTestCase):
    def setUp(self) -> None:
        self.first, self.second = model_with_versions(self.fraud)

    def test_members_see_it_and_strangers_do_not(self) -> None:
        row = served(self.first, self.staging, self.ada)
        page = row.get_absolute_url()
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/deployments/"), "churn-live")
        self.assertContains(self.client.get(page), "/serve/churn-live/invocations")
        self.assertContains(self.client.get(page), "needs the contributor role")
        self.assertContains(self.client.get(f"{page}state/"), "churn v1")
        self.assertContains(self.client.get(f"{page}state/"), "Ready")
        self.assertTrue(live.may_hear(self.carol, row.topic))
        self.assertEqual(self.client.post(f"{page}release/", {"version": 2}).status_code, 403)
        self.assertEqual(self.client.post(f"{page}roll-back/").status_code, 403)

        self.client.force_login(self.bob)
        self.assertContains(self.client.get("/deployments/"), "No deployments yet")
        for address in (page, f"{page}state/"):
            self.assertEqual(self.client.get(address).status_code, 404)
        self.assertFalse(live.may_hear(self.bob, row.topic))

    def test_one_is_made_where_the_person_may(self) -> None:
        self.client.force_login(self.cora)
        self.assertContains(self.client.get("/deployments/new/"), "Fraud: churn")
        sent = {"model": self.first.model_id, "environment": self.staging.pk, "slug": "churn-eu"}
        answer = self.client.post("/deployments/new/", sent)
        self.assertRedirects(answer, "/deployments/churn-eu/")
        self.assertContains(
            self.client.post("/deployments/new/", sent), "is taken", status_code=422
        )
        for slug in ("new", "Eu", "a\x00"):
            again = self.client.post("/deployments/new/", sent | {"slug": slug})
            self.assertEqual(again.status_code, 422, slug)

        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/deployments/new/"), "no model you may deploy")
        self.assertEqual(self.client.post("/deployments/new/", sent).status_code, 422)
        self.assertEqual(Deployment.objects.count(), 1)

    def test_a_version_is_released_and_the_second_click_waits(self) -> None:
        row = served(self.first, self.staging, self.ada)
        self.client.force_login(self.cora)
        address = f"{row.get_absolute_url()}release/"
        self.assertRedirects(
            self.client.post(address, {"version": 2, "reason": "better"}), row.get_absolute_url()
        )
        asked = Release.objects.get(version=self.second)
        self.assertEqual(asked.reason, "better")
        page = self.client.get(row.get_absolute_url())
        self.assertContains(page, f"/jobs/{Job.objects.get(pk=asked.job_id).pk}/")
        self.assertContains(
            self.client.post(address, {"version": 2}), "already releasing", status_code=422
        )
        self.assertEqual(self.client.post(address, {"version": 9}).status_code, 422)

    def test_the_way_back_names_where_it_leads(self) -> None:
        row = served(self.first, self.staging, self.ada)
        self.client.force_login(self.cora)
        self.assertNotContains(self.client.get(row.get_absolute_url()), "goes back to")
        release(row, self.second, self.ada)
        self.assertContains(self.client.get(row.get_absolute_url()), "goes back to v1")
        self.client.post(f"{row.get_absolute_url()}roll-back/", {"reason": "worse"})
        back = Release.objects.latest("pk")
        self.assertEqual((back.version, back.reason), (self.first, "worse"))
        self.assertIsNotNone(back.undoes)
