"""Taking a version or a model out of use: refused while held, told to its project, files removed by a job."""

from __future__ import annotations

from apps.core.errors import PortalError
from apps.core.jobs import run_job
from apps.core.models import Job
from apps.deployments.models import Deployment, Release
from apps.ledger.models import Entry
from apps.models import facts, services
from apps.models.models import Alias, ModelVersion
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.models import registered
from tests.models.fake_versions import FakeMlflow, fake_mlflow


class RetirementTests(PortalTestCase):
    def setUp(self) -> None:
        self.version: ModelVersion = registered.version(self.fraud, "churn", 1)
        self.model = self.version.model

    def refused(self, code: str, words: str = "") -> None:
        with self.assertRaises(PortalError) as refusal:
            services.retire_version(version=self.version, reason="old", by=self.max)
        self.assertEqual(refusal.exception.code, code)
        self.assertIn(words, str(refusal.exception))

    def test_what_an_environment_holds_stays(self) -> None:
        registered.hold(self.version, "prod")
        self.refused("still_held", "prod of churn v1")
        with self.assertRaises(PortalError):
            services.retire_model(model=self.model, reason="old", by=self.ada)
        Alias.objects.update(name="candidate")
        services.retire_version(version=self.version, reason="old", by=self.max)

    def test_what_a_release_serves_stays(self) -> None:
        deployment = Deployment.objects.create(
            project=self.fraud,
            environment=self.staging,
            model=self.model,
            slug="churn-live",
            created_by=self.ada,
        )
        release = Release.objects.create(
            deployment=deployment, number=1, version=self.version, state="live"
        )
        self.refused("still_held", "release churn-live #1")
        release.state = "superseded"
        release.save()
        services.retire_version(version=self.version, reason="old", by=self.max)

    def test_what_waits_for_approval_stays(self) -> None:
        services.request_promotion(version=self.version, environment=self.prod, by=self.cora)
        self.refused("still_held", "the promotion churn v1 to prod")

    def test_what_is_retired_is_not_promoted_until_that_is_taken_back(self) -> None:
        services.retire_version(version=self.version, reason="old", by=self.max)
        self.refused("already_retired")
        with self.assertRaises(PortalError) as refusal:
            services.request_promotion(version=self.version, environment=self.prod, by=self.cora)
        self.assertEqual(refusal.exception.code, "version_retired")
        services.reinstate(row=self.version, by=self.max)
        services.request_promotion(version=self.version, environment=self.prod, by=self.cora)
        verbs = Entry.objects.filter(subject_kind="models.modelversion").order_by("pk")
        self.assertEqual(
            [entry.verb for entry in verbs],
            ["models.version_created", "models.version_retired", "models.reinstated"],
        )

    def test_everybody_in_the_project_reads_of_it(self) -> None:
        services.retire_model(model=self.model, reason="Use churn-2 instead.", by=self.ada)
        for user, told in ((self.carol, True), (self.bob, False)):
            self.client.force_login(user)
            home = self.client.get("/").content.decode()
            self.assertEqual("Use churn-2 instead." in home, told, user)

    def test_pages(self) -> None:
        self.client.force_login(self.max)
        url = f"/models/versions/{self.version.pk}/retire/"
        registered.hold(self.version, "prod")
        self.assertContains(self.client.get(url), "still in use")
        held = self.client.post(url, {"reason": "old"})
        self.assertContains(held, "prod of churn v1", status_code=422)
        Alias.objects.all().delete()
        self.assertContains(self.client.post(url, {"reason": ""}), "required", status_code=422)
        self.client.post(url, {"reason": "The label moved."})
        self.assertContains(self.client.get(self.version.get_absolute_url()), "The label moved.")
        self.client.post(f"/models/versions/{self.version.pk}/reinstate/")
        self.version.refresh_from_db()
        self.assertFalse(self.version.is_retired)
        self.assertEqual(self.client.get(f"/models/{self.model.pk}/retire/").status_code, 403)
        self.client.force_login(self.ada)
        self.client.post(f"/models/{self.model.pk}/retire/", {"reason": "All of it."})
        self.assertContains(self.client.get(self.model.get_absolute_url()), "All of it.")
        self.client.post(f"/models/{self.model.pk}/reinstate/")
        self.model.refresh_from_db()
        self.assertFalse(self.model.is_retired)

    def test_rest(self) -> None:
        url = f"/api/v1/model-versions/{self.version.pk}/retire/"
        self.assertEqual(self.api(self.cora).post(url, {"reason": "x"}).status_code, 403)
        self.assertEqual(self.api(self.bob).post(url, {"reason": "x"}).status_code, 404)
        client = self.api(self.max)
        self.assertIn("reason", client.post(url, {}, format="json").json()["detail"])
        told = client.post(url, {"reason": "old"}, format="json").json()
        self.assertEqual(told["retired_reason"], "old")
        again = client.post(url, {"reason": "old"}, format="json")
        self.assertEqual((again.status_code, again.json()["code"]), (409, "already_retired"))
        back = client.post(url.replace("retire", "reinstate"), {}, format="json").json()
        self.assertIsNone(back["retired_at"])


class CleanUpTests(PortalTransactionTestCase):
    fake: FakeMlflow

    def setUp(self) -> None:
        super().setUp()
        self.fake = self.enterContext(fake_mlflow())
        self.version: ModelVersion = registered.version(self.fraud, "churn", 1)
        self.fake.folders[("churn", "1")] = "1/m-1/artifacts"
        self.fake.files = {"1/m-1/artifacts/MLmodel": b"a: 1", "1/m-2/artifacts/MLmodel": b"b"}
        facts.keep(self.version)

    def job(self) -> Job:
        return Job.objects.get(kind=services.CLEAN_UP)

    def test_it_removes_the_version_with_its_files_and_says_what_that_freed(self) -> None:
        registered.hold(self.version, "candidate")
        services.retire_version(version=self.version, reason="old", by=self.max, clean_up=True)
        run_job(self.job().pk)

        self.assertEqual(self.job().state, "done", self.job().note)
        self.assertEqual(self.job().result, {"versions": 1, "files": 1, "bytes": 4})
        self.assertEqual(list(self.fake.files), ["1/m-2/artifacts/MLmodel"])
        self.assertEqual(self.fake.deleted, [("churn", "1")])
        self.version.refresh_from_db()
        self.assertIsNotNone(self.version.deleted_at)
        self.assertFalse(Alias.objects.exists())
        entry = Entry.objects.get(verb="models.files_removed")
        self.assertEqual((entry.data["bytes"], entry.actor_id), (4, self.max.pk))

    def test_files_that_another_version_shares_stay(self) -> None:
        twin = registered.version(self.fraud, "churn", 2)
        self.fake.folders[("churn", "2")] = "1/m-1/artifacts"
        facts.keep(twin)
        services.retire_version(version=self.version, reason="old", by=self.max, clean_up=True)
        run_job(self.job().pk)
        self.assertIn("1/m-1/artifacts/MLmodel", self.fake.files)
        self.assertEqual(self.job().result["bytes"], 0)

    def test_it_is_safe_to_do_twice(self) -> None:
        services.retire_version(version=self.version, reason="old", by=self.max)
        self.version.refresh_from_db()
        services.clean_up(version=self.version, by=self.max)
        again = services.clean_up(version=self.version, by=self.max)
        self.assertEqual(again.versions, 1)
        deletions = [
            asked for asked in self.fake.asked if asked.startswith("DELETE /api/2.0/mlflow-a")
        ]
        self.assertEqual(len(deletions), 1)

    def test_what_came_back_into_use_is_kept(self) -> None:
        services.retire_version(version=self.version, reason="old", by=self.max, clean_up=True)
        self.version.refresh_from_db()
        services.reinstate(row=self.version, by=self.max)
        run_job(self.job().pk)
        self.assertEqual(self.fake.deleted, [])
        self.assertEqual(self.job().result["versions"], 0)

    def test_only_what_is_retired_is_removed(self) -> None:
        with self.assertRaises(PortalError) as refusal:
            services.ask_for_clean_up(versions=[self.version], by=self.max)
        self.assertEqual(refusal.exception.code, "not_retired")
