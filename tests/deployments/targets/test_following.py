"""Model servers on a target: asked for, ready, retired, restarted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.deployments import reconciler, routing, services, tasks_targets
from apps.deployments.models import Deployment, Replica
from apps.deployments.runner.loop import Runner
from apps.integrations.models import Connection
from tests.core.loopback import always, loopback
from tests.deployments.targets.base import TargetTestCase
from tests.integrations.connectors.cluster import said


class FollowTests(TargetTestCase):
    def rows(self, **wanted: Any) -> list[tuple[str, str, int | None]]:
        found = Replica.objects.filter(release__deployment=self.row, **wanted).order_by("pk")
        return [(row.state, row.host, row.port) for row in found]

    def test_a_release_comes_up_and_is_routed(self) -> None:
        made = self.release()
        reconciler.follow(self.row)
        self.assertEqual({state for state, _, _ in self.rows()}, {"starting"})
        given = self.cluster.objects["deployments", "default", self.workload(made)]
        container = given["spec"]["template"]["spec"]["containers"][0]
        environ = {each["name"]: each.get("value") for each in container["env"]}
        self.assertEqual(environ["MLFLOW_TRACKING_URI"], "https://portal.example.org/mlflow")
        self.assertEqual(environ["MLFLOW_WORKSPACE"], "fraud")
        self.assertIn("models:/churn/1", container["args"])
        self.assertEqual(given["metadata"]["labels"]["signalbox/deployment"], "churn-eu")

        self.cluster.settle()
        reconciler.follow(self.row)
        ready = [("ready", "10.1.0.1", 8080), ("ready", "10.1.0.2", 8080)]
        self.assertEqual(self.rows(), ready)
        services.go_live(made.pk)
        (route,) = routing.routes()
        self.assertEqual([each.host for each in route.targets], ["10.1.0.1", "10.1.0.2"])

    def test_this_machines_runner_leaves_them_alone(self) -> None:
        self.release()
        Runner({}).look()
        self.assertEqual(set(Replica.objects.values_list("node", flat=True)), {""})

    def test_a_pod_that_goes_waits_and_its_successor_is_found(self) -> None:
        made = self.live()
        gone = ("pods", "default", f"{self.workload(made)}-0")
        pod = self.cluster.objects.pop(gone)
        reconciler.follow(self.row)
        self.assertEqual(self.rows(), [("starting", "10.1.0.1", None), ("ready", "10.1.0.2", 8080)])
        pod["metadata"]["name"] += "-again"
        pod["status"]["podIP"] = "10.1.0.9"
        self.cluster.objects["pods", "default", pod["metadata"]["name"]] = pod
        reconciler.follow(self.row)
        self.assertEqual(self.rows()[0], ("ready", "10.1.0.9", 8080))

    def test_an_address_that_the_portal_may_not_connect_to_gets_no_traffic(self) -> None:
        made = self.live()
        pod = self.cluster.objects["pods", "default", f"{self.workload(made)}-0"]
        for address in ("169.254.169.254", "10.9.0.1", "no host"):
            pod["status"]["podIP"] = address
            reconciler.follow(self.row)
            row = Replica.objects.order_by("pk")[0]
            self.assertEqual((row.state, row.port), ("starting", None), address)
            self.assertTrue(row.note)
        pod["status"]["podIP"] = "10.1.0.1"
        reconciler.follow(self.row)
        self.assertEqual(self.rows()[0], ("ready", "10.1.0.1", 8080))

    def test_what_is_retired_drains_and_goes(self) -> None:
        made = self.live()
        Replica.objects.update(retired_at=timezone.now())
        reconciler.follow(self.row)
        self.assertEqual(len(self.rows()), 2)
        Replica.objects.update(retired_at=timezone.now() - services.DRAIN)
        reconciler.follow(self.row)
        self.assertEqual(self.rows(), [])
        kept = [key for key in self.cluster.objects if key[0] != "pods"]
        self.assertEqual(kept, [], self.workload(made))

    def test_warm_servers_stay(self) -> None:
        self.live()
        Replica.objects.update(retired_at=timezone.now() + timedelta(minutes=5))
        reconciler.follow(self.row)
        self.assertEqual(len(self.rows()), 2)

    def test_a_rollback_that_takes_over_servers_keeps_their_workload(self) -> None:
        first = self.live()
        again = self.release()
        Replica.objects.filter(release=again).delete()
        Replica.objects.filter(release=first).update(release=again)
        reconciler.follow(self.row)
        self.assertIn(("deployments", "default", self.workload(first)), self.cluster.objects)
        self.assertNotIn(("deployments", "default", self.workload(again)), self.cluster.objects)
        services.go_live(again.pk)
        self.assertEqual(self.look(), [])

    def test_more_rows_scale_it_and_fewer_too(self) -> None:
        made = self.live()
        path = ("deployments", "default", self.workload(made))
        for wanted in (3, 1):
            if wanted == 3:
                Replica.objects.create(release=made)
            else:
                past = timezone.now() - services.DRAIN
                extra = Replica.objects.order_by("pk")[1:]
                Replica.objects.filter(pk__in=[row.pk for row in extra]).update(retired_at=past)
            reconciler.follow(self.row)
            self.assertEqual(self.cluster.objects[path]["spec"]["replicas"], wanted)
            self.cluster.settle()
            reconciler.follow(self.row)
            self.assertEqual([state for state, _, _ in self.rows()], ["ready"] * wanted)

    def test_what_the_cluster_scales_gets_rows(self) -> None:
        made = self.live()
        self.row.configurations.update(body={**made.configuration.body, "most_replicas": 4})
        Replica.objects.create(release=made)
        reconciler.follow(self.row)
        scaler = self.cluster.objects["horizontalpodautoscalers", "default", self.workload(made)]
        for number in (4, 2):
            scaler["spec"]["minReplicas"] = number
            self.cluster.settle()
            reconciler.follow(self.row)
            self.assertEqual([state for state, _, _ in self.rows()], ["ready"] * number)

    def test_a_restart_is_asked_for_once(self) -> None:
        made = self.live()
        Replica.objects.update(restart_wanted=True)
        reconciler.follow(self.row)
        given = self.cluster.objects["deployments", "default", self.workload(made)]
        first = given["spec"]["template"]["metadata"]["annotations"]
        reconciler.follow(self.row)
        self.assertEqual(given["spec"]["template"]["metadata"]["annotations"], first)
        self.assertFalse(Replica.objects.filter(restart_wanted=True).exists())

    def test_a_target_that_is_away_is_said_and_waited_for(self) -> None:
        self.release()
        self.cluster.first = [said(429, {}, retry_after="900")]
        reconciler.follow(self.row)
        row = Replica.objects.first()
        assert row is not None
        self.assertEqual(row.state, "wanted")
        self.assertIn("Kubernetes cannot answer now", row.note)
        self.connection.refresh_from_db()
        self.assertEqual(self.connection.state, Connection.State.FAILING)
        reconciler.follow(self.row)
        self.assertEqual({state for state, _, _ in self.rows()}, {"starting"})

    def test_a_refusal_ends_what_waits_with_its_words(self) -> None:
        self.cluster.denied.add(("patch", "deployments"))
        self.release()
        reconciler.follow(self.row)
        row = Replica.objects.first()
        assert row is not None
        self.assertEqual(row.state, "failed")
        self.assertIn("cannot patch resource", row.note)

    def test_a_disabled_connection_is_not_used(self) -> None:
        self.release()
        Connection.objects.update(enabled=False)
        reconciler.follow(Deployment.objects.select_related("connection").get(pk=self.row.pk))
        self.assertIn("is disabled", Replica.objects.first().note)  # type: ignore[union-attr]
        self.assertEqual(self.cluster.objects, {})

    def test_an_observed_endpoint_is_live_once_it_serves_the_version(self) -> None:
        with loopback(always(200, b"ok", x_served_version="9")) as server:
            place = self.place("own", self.connect("http_endpoint", {"address": server.url}))
            made = self.release(place)
            reconciler.follow(place)
            rows = Replica.objects.filter(release=made)
            self.assertEqual({row.state for row in rows}, {"starting"})
            server.script = always(200, b"ok", x_served_version="1")
            reconciler.follow(place)
            self.assertEqual({row.state for row in Replica.objects.filter(release=made)}, {"ready"})
        services.go_live(made.pk)
        self.assertEqual(routing.routes(), [])

    def test_a_deployment_is_made_on_a_target_of_its_project(self) -> None:
        sent = {"project": "fraud", "environment": "staging", "model": "churn"}
        asked = {**sent, "slug": "churn-us", "connection": self.connection.pk}
        answer = self.api(self.cora).post("/api/v1/deployments/", asked)
        self.assertEqual(answer.status_code, 201, answer.content)
        self.assertEqual(answer.json()["connection"], self.connection.pk)
        for connection in (2**62, self.connect("webhook_out", {"url": "https://e.org"}).pk):
            asked = {**sent, "slug": "churn-af", "connection": connection}
            answer = self.api(self.cora).post("/api/v1/deployments/", asked)
            self.assertEqual(answer.status_code, 404)
            self.assertIn("connection to a target", answer.json()["detail"])

    def test_the_task_follows_one_deployment_once_at_a_time(self) -> None:
        self.release()
        with reconciler.alone(self.row.pk) as held:
            self.assertTrue(held)
        tasks_targets.follow_target(self.row.pk)
        self.assertEqual({state for state, _, _ in self.rows()}, {"starting"})
