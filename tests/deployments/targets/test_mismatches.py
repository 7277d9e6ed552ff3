"""What differs is found within one round, is open once, and is adopted, reverted or gone."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.utils import timezone

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.deployments import selectors, services, tasks_targets
from apps.deployments.errors import MismatchOver, NotAdoptable, OnlyObserved
from apps.deployments.events import MismatchEnded, MismatchFound
from apps.deployments.models import Deployment, Mismatch, Release, Replica
from apps.deployments.services import mismatches
from apps.deployments.targets import Difference
from apps.integrations.models import Connection
from apps.models.models import Alias, Promotion
from apps.projects.models import Grant
from tests.core.loopback import always, loopback
from tests.deployments.targets.base import TargetTestCase
from tests.integrations.connectors.cluster import said
from tests.integrations.connectors.test_kubernetes import IMAGE

CONTAINER = "spec.template.spec.containers.0"
URL = "/api/v1/mismatches/"


class MismatchTests(TargetTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.live()
        self.name = self.workload(self.made)
        self.assertEqual(self.look(), [])

    def change(self, path: str, value: object) -> None:
        self.cluster.change("deployments", self.name, path, value)

    def open(self) -> Mismatch:
        return Mismatch.objects.get(end="")

    def revert(self) -> None:
        services.revert_mismatch(mismatch=self.open(), by=self.cora)
        run_job(Job.objects.get(kind="deployments.revert_mismatch", state="queued").pk)

    def test_scaled_by_hand_and_gone_by_itself(self) -> None:
        self.change("spec.replicas", 5)
        self.assertEqual(self.look(), [("scale", "2", "5")])
        since = self.open().since
        self.assertEqual(self.look(), [("scale", "2", "5")])
        self.assertEqual(self.open().since, since)
        self.change("spec.replicas", 2)
        self.assertEqual(self.look(), [])
        self.assertEqual(Mismatch.objects.get().end, "gone")
        self.assertEqual(self.verbs(), ["found", "gone"])

    def test_a_wrong_image_is_reverted(self) -> None:
        self.change(f"{CONTAINER}.image", "evil:1")
        self.assertEqual(self.look(), [("image", IMAGE, "evil:1")])
        self.revert()
        row = Mismatch.objects.get()
        self.assertEqual((row.end, row.ended_by), ("reverted", self.cora))
        self.assertEqual(self.look(), [])
        self.assertEqual(self.verbs(), ["found", "revert_asked", "reverted"])

    def test_a_deleted_workload_comes_back(self) -> None:
        del self.cluster.objects["deployments", "default", self.name]
        del self.cluster.owners["deployments", "default", self.name]
        ((kind, wanted, found),) = self.look()
        self.assertEqual(
            (kind, wanted, found), ("missing", f"workload {self.name}", "nothing of that name")
        )
        with self.assertRaisesMessage(NotAdoptable, "there is nothing there"):
            services.adopt_mismatch(mismatch=self.open(), by=self.cora)
        self.revert()
        self.assertEqual(self.look(), [])

    def test_a_changed_variable_is_named_without_its_value(self) -> None:
        self.change(f"{CONTAINER}.env.0.value", "https://evil.example.org")
        ((kind, wanted, found),) = self.look()
        self.assertEqual(kind, "settings")
        self.assertEqual(
            (wanted, found), ("MLFLOW_TRACKING_URI: set", "MLFLOW_TRACKING_URI: changed")
        )
        with self.assertRaisesMessage(NotAdoptable, "no such setting"):
            services.adopt_mismatch(mismatch=self.open(), by=self.cora)
        self.revert()
        self.assertEqual(self.look(), [])

    def test_memory_is_adopted(self) -> None:
        self.change(f"{CONTAINER}.resources.limits.memory", "1Gi")
        self.assertEqual(self.look(), [("settings", "memory: 512 MB", "memory: 1024 MB")])
        services.adopt_mismatch(mismatch=self.open(), by=self.cora)
        self.assertEqual(self.look(), [])
        self.made.refresh_from_db()
        self.assertEqual(selectors.config_of(self.made).limits.memory_mb, 1024)

    def test_an_adopted_scale_is_a_new_configuration_and_gets_rows(self) -> None:
        self.change("spec.replicas", 3)
        self.look()
        services.adopt_mismatch(mismatch=self.open(), by=self.cora, reason="busy week")
        newest = self.row.configurations.first()
        assert newest is not None
        self.assertEqual((newest.number, newest.by, newest.note), (2, self.cora, "busy week"))
        self.made.refresh_from_db()
        self.assertEqual(self.made.configuration, newest)
        self.assertEqual(selectors.config_of(self.made).replicas, 3)
        self.assertEqual(selectors.config_of(self.made).limits.memory_mb, 512)
        self.assertEqual(self.look(), [])
        self.assertEqual(self.verbs(), ["found", "adopted"])

        self.change("spec.replicas", 1)
        self.look()
        services.adopt_mismatch(mismatch=self.open(), by=self.cora)
        self.assertEqual(Replica.objects.filter(retired_at=None).count(), 1)

    def test_an_adoption_leaves_edits_that_wait_for_a_release(self) -> None:
        waiting = {**self.made.configuration.body, "limits": {"memory_mb": 4096}}
        self.row.configurations.create(number=2, body=waiting)
        self.change("spec.replicas", 3)
        self.look()
        services.adopt_mismatch(mismatch=self.open(), by=self.cora)
        self.made.refresh_from_db()
        self.assertEqual(selectors.config_of(self.made).limits.memory_mb, 512)
        newest = selectors.config(self.row)
        self.assertEqual((newest.limits.memory_mb, newest.replicas), (4096, 3))

    def test_nothing_that_a_configuration_cannot_say_is_adopted(self) -> None:
        self.change("spec.replicas", 0)
        self.assertEqual(self.look(), [("scale", "2", "0")])
        with self.assertRaisesMessage(NotAdoptable, "replicas"):
            services.adopt_mismatch(mismatch=self.open(), by=self.cora)
        self.assertEqual(self.row.configurations.count(), 1)

    def test_several_kinds_at_once_are_several_mismatches(self) -> None:
        self.change("spec.replicas", 5)
        self.change(f"{CONTAINER}.image", "evil:1")
        self.assertEqual([kind for kind, _, _ in self.look()], ["image", "scale"])

    def test_while_the_target_is_away_it_is_said_and_nothing_is_touched(self) -> None:
        self.change("spec.replicas", 5)
        self.look()
        self.change("spec.replicas", 2)
        self.cluster.first = [said(429, {}, retry_after="900")]
        self.assertEqual(self.look(), [("scale", "2", "5")])
        self.connection.refresh_from_db()
        self.assertEqual(self.connection.state, Connection.State.FAILING)
        self.assertIn("cannot answer now", self.connection.note)
        self.assertEqual(set(Replica.objects.values_list("state", flat=True)), {"ready"})
        self.assertEqual(self.look(), [])
        self.connection.refresh_from_db()
        self.assertEqual(self.connection.state, Connection.State.CONNECTED)

    def test_a_look_that_was_overtaken_is_dropped(self) -> None:
        before = timezone.now() - timedelta(seconds=5)
        self.change("spec.replicas", 5)
        self.look()
        late = {"deployment": self.row, "judged": frozenset(Mismatch.Kind), "at": before}
        services.note_mismatches(found=[], **late)
        self.assertEqual(self.open().end, "")
        self.revert()
        scale = Difference(Mismatch.Kind.SCALE, "2", "5")
        services.note_mismatches(found=[scale], **late)
        self.assertFalse(Mismatch.objects.filter(end="").exists())

    def test_a_decision_is_made_once(self) -> None:
        self.change("spec.replicas", 3)
        self.look()
        row = self.open()
        services.adopt_mismatch(mismatch=row, by=self.cora)
        for decide in (services.adopt_mismatch, services.revert_mismatch):
            with self.assertRaisesMessage(MismatchOver, "Adopted"):
                decide(mismatch=row, by=self.ada)
        self.assertEqual(self.verbs(), ["found", "adopted"])

    def test_a_revert_that_fails_leaves_it_open(self) -> None:
        self.change("spec.replicas", 3)
        self.look()
        services.revert_mismatch(mismatch=self.open(), by=self.cora)
        services.revert_mismatch(mismatch=self.open(), by=self.cora)
        self.cluster.denied.add(("patch", "deployments"))
        job = Job.objects.get(kind="deployments.revert_mismatch")
        run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual(job.state, "failed")
        self.assertIn("cannot patch resource", job.note)
        self.assertEqual(self.look(), [("scale", "2", "3")])

    def test_rooms_hear_of_it(self) -> None:
        with patch("apps.core.events.publish") as publish:
            self.change("spec.replicas", 3)
            self.look()
            self.change("spec.replicas", 2)
            self.look()
        kinds = [type(call.args[0]) for call in publish.call_args_list]
        self.assertEqual(kinds, [MismatchFound, MismatchEnded])

    def test_what_nothing_serves_has_no_mismatch(self) -> None:
        self.change("spec.replicas", 3)
        self.look()
        Release.objects.update(state=Release.State.SUPERSEDED)
        self.assertEqual(self.look(), [])


class AliasTests(TargetTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.live()
        self.alias = Alias.objects.create(
            project=self.fraud, model=self.first.model, version=self.first, name="staging"
        )

    def move(self) -> Mismatch:
        Alias.objects.update(version=self.second)
        self.assertEqual(self.look(), [("alias", "version 1", "version 2")])
        return Mismatch.objects.get(end="")

    def test_a_moved_alias_is_found_and_adopted_by_a_release(self) -> None:
        row = self.move()
        services.adopt_mismatch(mismatch=row, by=self.max)
        under_way = self.row.releases.in_flight().get()
        self.assertEqual(under_way.version, self.second)
        self.assertEqual(self.look(), [])
        services.start_replicas(under_way)
        services.go_live(under_way.pk)
        self.assertNotIn("alias", [kind for kind, _, _ in self.look()])

    def test_or_taken_back_by_a_promotion_of_what_is_live(self) -> None:
        services.revert_mismatch(mismatch=self.move(), by=self.max)
        promotion = Promotion.objects.get()
        self.assertEqual((promotion.version, promotion.requested_by), (self.first, self.max))
        self.assertEqual(Mismatch.objects.get().end, "reverted")
        # While somebody decides, it is not told again.
        self.assertEqual(self.look(), [])

    def test_it_goes_when_the_alias_comes_back(self) -> None:
        self.move()
        Alias.objects.update(version=self.first)
        self.assertEqual(self.look(), [])

    def test_it_is_found_for_processes_of_this_machine_too(self) -> None:
        Deployment.objects.update(connection=None)
        Alias.objects.update(version=self.second)
        tasks_targets.reconcile()
        self.assertEqual(Mismatch.objects.get().kind, "alias")


class ObservedTests(TargetTestCase):
    def test_another_version_there_is_adopted_by_a_release_and_never_reverted(self) -> None:
        with loopback(always(200, b"ok", x_served_version="1")) as server:
            self.row = self.place("own", self.connect("http_endpoint", {"address": server.url}))
            services.go_live(self.release(self.row).pk)
            self.assertEqual(self.look(), [])
            server.script = always(200, b"ok", x_served_version="2")
            self.assertEqual(self.look(), [("version", "1", "2")])
            row = Mismatch.objects.get()
            with self.assertRaises(OnlyObserved):
                services.revert_mismatch(mismatch=row, by=self.ada)
            services.adopt_mismatch(mismatch=row, by=self.ada)
            self.assertEqual(self.row.releases.in_flight().get().version, self.second)

    def test_a_version_that_is_unknown_here_is_not_adopted(self) -> None:
        with loopback(always(200, b"ok", x_served_version="1.2-beta")) as server:
            self.row = self.place("own", self.connect("http_endpoint", {"address": server.url}))
            services.go_live(self.release(self.row).pk)
            self.assertEqual(self.look(), [("version", "1", "1.2-beta")])
            with self.assertRaisesMessage(NotAdoptable, "has no version 1.2-beta"):
                services.adopt_mismatch(mismatch=Mismatch.objects.get(), by=self.ada)


class RightsTests(TargetTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.made = self.live()
        self.cluster.change("deployments", self.workload(self.made), "spec.replicas", 3)
        self.look()
        self.open = Mismatch.objects.get()

    def test_members_see_it_and_strangers_see_nothing(self) -> None:
        (shown,) = self.api(self.carol).get(URL).json()["results"]
        self.assertEqual((shown["kind"], shown["wanted"], shown["found"]), ("scale", "2", "3"))
        self.assertEqual((shown["deployment"], shown["end"]), ("churn-eu", ""))
        one = f"{URL}{self.open.pk}/"
        self.assertEqual(self.api(self.carol).get(one).status_code, 200)
        self.assertEqual(self.api(self.bob).get(URL).json()["results"], [])
        self.assertEqual(self.api(self.bob).get(one).status_code, 404)
        for verb in ("adopt", "revert"):
            self.assertEqual(self.api(self.bob).post(f"{one}{verb}/").status_code, 404)
            self.assertEqual(self.api(self.rita).post(f"{one}{verb}/").status_code, 403)
        self.assertEqual(self.api(None).get(URL).status_code, 401)
        self.assertEqual(self.verbs(), ["found"])

    def test_filters_narrow_the_list(self) -> None:
        client = self.api(self.carol)
        for query, count in (
            ("open=true", 1),
            ("open=false", 0),
            ("kind=image", 0),
            ("deployment=churn-eu&project=fraud", 1),
        ):
            self.assertEqual(len(client.get(f"{URL}?{query}").json()["results"]), count, query)
        self.assertEqual(client.get(f"{URL}?kind=odd").status_code, 400)

    def test_contributors_decide(self) -> None:
        one = f"{URL}{self.open.pk}/"
        answer = self.api(self.cora).post(f"{one}adopt/", {"reason": "busy"})
        self.assertEqual(answer.status_code, 200, answer.content)
        self.assertEqual((answer.json()["end"], answer.json()["ended_by"]), ("adopted", "cora"))
        self.assertEqual(self.api(self.cora).post(f"{one}revert/").status_code, 409)

    def test_a_revert_is_a_job(self) -> None:
        answer = self.api(self.cora).post(f"{URL}{self.open.pk}/revert/")
        self.assertEqual(answer.status_code, 202)
        self.assertEqual((answer.json()["end"], answer.json()["ended_by"]), ("", "cora"))
        run_job(Job.objects.get(kind="deployments.revert_mismatch").pk)
        self.assertEqual(self.look(), [])

    def test_an_alias_and_a_protected_place_are_the_maintainers(self) -> None:
        Mismatch.objects.update(kind="alias")
        one = f"{URL}{self.open.pk}/"
        self.assertEqual(self.api(self.cora).post(f"{one}revert/").status_code, 403)
        Mismatch.objects.update(kind="scale")
        type(self.staging).objects.filter(pk=self.staging.pk).update(protected=True)
        self.assertEqual(self.api(self.cora).post(f"{one}adopt/").status_code, 403)
        self.assertEqual(self.api(self.max).post(f"{one}adopt/").status_code, 200)

    def test_who_lost_the_project_lost_the_mismatch(self) -> None:
        Grant.objects.filter(user=self.carol).delete()
        self.assertEqual(self.api(self.carol).get(f"{URL}{self.open.pk}/").status_code, 404)


def test_memory_and_cores_alone_are_read_back() -> None:
    pattern = mismatches._SETTINGS
    assert pattern.fullmatch("memory: 512 MB; cpu: 500m")
    assert pattern.fullmatch("cpu: any")
    for text in ("memory: 512 MB; PASSWORD: changed", "A: ; memory: 1 MB", "command: another"):
        assert pattern.fullmatch(text) is None
