"""Projects on MLflow servers of their own: who may choose one, what follows, what never mixes."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from apps.core.errors import PortalError
from apps.deployments.models import Deployment, Release
from apps.deployments.runner.fetching import bring
from apps.integrations import services as integrations
from apps.ledger.models import Entry
from apps.models import servers, services
from apps.models.errors import MlflowAway, MlflowUnusable, NoWorkspaces
from apps.models.mirror import heal
from apps.models.mirror import leave as leaving
from apps.models.models import (
    Alias,
    Experiment,
    Gate,
    Home,
    ModelVersion,
    OutOfBandMove,
    Run,
    Workspace,
)
from apps.models.tasks import heal_mirror
from apps.models.upstream import Upstream, within
from tests.models import registered
from tests.models.own_servers import TOKEN, OwnServers


class MirrorTests(OwnServers):
    def test_two_projects_on_two_servers_do_not_mix(self) -> None:
        self.fraud_moves()
        made = self.connect(self.other, self.urls[2])
        services.choose_home(project=self.other, connection=made, by=self.bob)
        self.mine.register("churn")
        self.mine.log_run("a" * 32, loss=1)
        self.theirs.register("rain")
        self.site.register("nobodys")
        heal_mirror()

        self.assertEqual((self.names(self.fraud), self.names(self.other)), ({"churn"}, {"rain"}))
        self.assertEqual(Run.objects.get().project, self.fraud)
        self.assertEqual((self.mine.named, self.theirs.named), (set(), {"weather"}))
        self.assertEqual(set(Workspace.objects.values_list("trouble", flat=True)), {""})

    def test_who_chose_nothing_stays_on_the_sites_own(self) -> None:
        Workspace.objects.create(project=self.other)
        self.fraud_moves()
        self.site.register("rain")
        heal_mirror()
        self.assertEqual((self.names(self.fraud), self.names(self.other)), (set(), {"rain"}))

    def test_a_server_that_is_away_is_its_own_projects_trouble(self) -> None:
        Workspace.objects.create(project=self.other)
        self.fraud_moves()
        self.mine.down = True
        heal_mirror()
        troubles = dict(Workspace.objects.values_list("project__slug", "trouble"))
        self.assertEqual(troubles["weather"], "")
        self.assertIn("not answering", troubles["fraud"])
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/models/servers/"), "not answering")

    def test_a_server_without_an_end_is_given_its_time_and_no_more(self) -> None:
        self.fraud_moves()
        self.mine._get_experiments_search = lambda given: {  # type: ignore[method-assign]
            "experiments": [],
            "next_page_token": "again",
        }
        with within(0.5), self.assertRaisesMessage(MlflowUnusable, "has not come to an end"):
            heal.heal(Workspace.objects.get())

    def test_a_promotion_moves_the_alias_on_the_projects_server(self) -> None:
        self.mine.register("churn", versions=1)
        self.fraud_moves()
        heal_mirror()
        version = ModelVersion.objects.get(model__name="churn")
        promotion = services.promote_now(version=version, environment=self.staging, by=self.cora)
        self.assertEqual(promotion.state, "done")
        self.assertEqual(self.mine.models["churn"]["aliases"], {"staging": 1})


class ChooseTests(OwnServers):
    def test_the_choice_is_recorded_without_the_token(self) -> None:
        made = self.fraud_moves()
        entry = Entry.objects.get(verb="models.home_chosen")
        self.assertEqual((entry.actor_id, entry.data["connection"]), (self.ada.pk, [None, made.pk]))
        self.assertNotIn(TOKEN, json.dumps(entry.data))
        services.choose_home(project=self.fraud, connection=made, by=self.ada)
        self.assertEqual(Entry.objects.filter(verb="models.home_chosen").count(), 1)

    def test_a_server_without_workspaces_is_one_projects(self) -> None:
        self.fraud_moves()
        second = self.connect(self.other, self.urls[1], TOKEN)
        self.refused("home_taken", project=self.other, connection=second, by=self.bob)
        self.assertFalse(Home.objects.filter(project=self.other).exists())

    def test_a_server_with_workspaces_is_many_projects(self) -> None:
        for project, by in ((self.fraud, self.ada), (self.other, self.bob)):
            made = self.connect(project, self.urls[2])
            services.choose_home(project=project, connection=made, by=by)
        self.assertEqual(self.theirs.named, {"fraud", "weather"})

    def test_a_server_that_refuses_the_credentials_is_not_chosen(self) -> None:
        made = self.connect(self.fraud, self.urls[1], "wrong")
        self.assertIn("credentials", self.refused("home_refused", connection=made))
        self.mine.down = True
        self.refused("home_refused", connection=made)

    def test_an_inner_address_is_not_reached(self) -> None:
        made = self.connect(self.fraud, self.urls[1], TOKEN)
        with self.settings(HTTP_ALLOW=()):
            self.assertIn("HTTP_ALLOW", self.refused("home_refused", connection=made))
            Home.objects.create(
                project=self.fraud,
                connection=made,
                url=self.urls[1],
                workspaces=False,
                chosen_by=self.ada,
            )
            with self.assertRaisesMessage(MlflowUnusable, "HTTP_ALLOW"):
                Upstream("fraud").get("2.0/mlflow/experiments/search")
        self.assertEqual(self.mine.asked, [])

    def test_the_sites_own_must_keep_workspaces(self) -> None:
        self.site.keeps_workspaces = False
        with self.assertRaises(NoWorkspaces):
            Upstream("fraud").ensure()

    def test_a_workspace_is_looked_for_before_it_is_made(self) -> None:
        self.site.asked.clear()
        for _ in range(2):
            Upstream("fraud").ensure()
        asked = [method for method, path in self.site.asked if "workspaces" in path]
        self.assertEqual(asked, ["GET", "POST", "GET"])

    def test_back_to_the_sites_own(self) -> None:
        self.fraud_moves()
        services.choose_home(project=self.fraud, connection=None, by=self.ada)
        self.assertEqual(servers.of("fraud"), servers.site())


class LeaveTests(OwnServers):
    """What is shown of the present server, when the project goes to another one."""

    def setUp(self) -> None:
        super().setUp()
        self.version = registered.version(self.fraud, "churn", 1, {"accuracy": 0.9})
        registered.hold(self.version, "prod")
        self.gate = services.declare_gate(
            model=self.version.model,
            environment=self.prod,
            kind="metric_floor",
            settings={"metric": "accuracy", "floor": 0.5},
            by=self.max,
        )

    def test_it_takes_a_decision(self) -> None:
        made = self.connect(self.fraud, self.urls[1], TOKEN)
        self.assertIn("1 runs and 1 models", self.refused("mirror_filled", connection=made))
        self.assertFalse(Home.objects.exists())

    def test_rebuilt_the_same_name_is_another_model_under_the_same_gates(self) -> None:
        self.mine.register("churn", versions=1)
        self.fraud_moves("rebuild")
        heal_mirror()

        new = ModelVersion.objects.live().get()
        self.assertEqual((new.model.name, new.number), ("churn", 1))
        self.assertNotEqual(new.pk, self.version.pk)
        self.assertEqual(Gate.objects.get().model, new.model)
        self.version.refresh_from_db()
        self.assertRegex(self.version.model.name, f"^churn{leaving.LEFT}")
        self.assertIsNotNone(self.version.run)
        self.assertFalse(Alias.objects.exists())
        case = OutOfBandMove.objects.get()  # that of the alias which came around the portal before
        self.assertEqual(case.state, "overtaken")
        self.assertEqual(Run.objects.get_queryset().active().count(), 0)

    def test_an_experiment_of_the_same_number_is_another_one(self) -> None:
        self.mine.log_run("c" * 32, loss=1)
        self.fraud_moves("rebuild")
        heal_mirror()
        self.assertEqual(Workspace.objects.get().trouble, "")
        old, new = Experiment.objects.order_by("pk")
        self.assertEqual(
            (new.mlflow_id, Run.objects.get(mlflow_id="c" * 32).experiment), ("1", new)
        )
        self.assertEqual(self.version.run and self.version.run.experiment_id, old.pk)

    def test_going_twice_puts_each_model_away_once(self) -> None:
        self.fraud_moves("rebuild")
        services.choose_home(project=self.fraud, connection=None, by=self.ada, mirror="rebuild")
        self.mine.register("churn")
        again = self.connect(self.fraud, self.urls[1], TOKEN)
        services.choose_home(project=self.fraud, connection=again, by=self.ada, mirror="rebuild")
        heal_mirror()
        self.assertEqual(self.names(self.fraud), {"churn"})
        self.assertEqual(Gate.objects.get().model.name, "churn")

    def test_kept_the_rows_are_the_new_servers(self) -> None:
        self.mine.register("churn", versions=1)
        self.mine.set_alias("churn", "prod", 1)
        self.mine.log_run(registered.run_of(self.version).mlflow_id, accuracy=0.9)
        self.fraud_moves("keep")
        heal_mirror()
        self.assertEqual(ModelVersion.objects.live().get().pk, self.version.pk)
        self.assertEqual(Alias.objects.get().version, self.version)

    def test_what_is_released_or_under_way_stays(self) -> None:
        made = self.connect(self.fraud, self.urls[1], TOKEN)
        wish = {"connection": made, "mirror": "rebuild"}
        place = Deployment.objects.create(
            project=self.fraud,
            environment=self.staging,
            model=self.version.model,
            slug="churn-live",
            created_by=self.ada,
        )
        release = Release.objects.create(
            deployment=place, number=1, version=self.version, state="live"
        )
        self.assertIn("churn-live", self.refused("still_held", **wish))
        release.delete()
        services.request_promotion(version=self.version, environment=self.staging, by=self.cora)
        self.assertIn("Promotions", self.refused("still_underway", **wish))
        self.assertFalse(Home.objects.exists())


class InUseTests(OwnServers):
    """The connection changes under a project that lives behind it."""

    def setUp(self) -> None:
        super().setUp()
        self.made = self.fraud_moves()

    def unusable(self, words: str) -> None:
        with self.assertRaisesMessage(MlflowUnusable, words):
            Upstream("fraud").get("2.0/mlflow/experiments/search")
        heal_mirror()
        self.assertIn(words, Workspace.objects.get(project=self.fraud).trouble)
        self.assertFalse(any(where.endswith("experiments/search") for _, where in self.site.asked))

    def test_removed_it_leads_nowhere(self) -> None:
        integrations.delete_connection(connection=self.made, by=self.ada)
        self.unusable("was removed")
        self.client.force_login(self.ada)
        self.assertContains(self.client.get("/models/servers/fraud/"), "was removed")

    def test_disabled_it_leads_nowhere(self) -> None:
        integrations.set_enabled(connection=self.made, enabled=False, by=self.ada)
        self.unusable("is disabled")

    def test_led_elsewhere_it_is_not_followed_until_somebody_says_so(self) -> None:
        integrations.update_connection(
            connection=self.made,
            by=self.ada,
            values={"url": self.urls[2]},
            secrets={"token": TOKEN},
        )
        self.unusable("another address")
        self.assertEqual(self.theirs.asked, [])
        self.made.refresh_from_db()
        services.choose_home(project=self.fraud, connection=self.made, by=self.ada)
        self.assertEqual(servers.of("fraud").url, self.urls[2])

    def test_a_new_token_counts_at_once(self) -> None:
        self.mine.token = "another"
        with self.assertRaisesMessage(MlflowAway, "credentials"):
            Upstream("fraud").get("2.0/mlflow/experiments/search")
        integrations.update_connection(
            connection=self.made, by=self.ada, secrets={"token": "another"}
        )
        Upstream("fraud").get("2.0/mlflow/experiments/search")

    def test_the_token_is_in_no_error_of_the_server(self) -> None:
        def echo(given: dict[str, Any]) -> dict[str, Any]:
            raise AssertionError

        self.mine._get_experiments_search = echo  # type: ignore[method-assign]
        self.assertNotIn(TOKEN, repr(servers.of("fraud")))
        hidden = servers.of("fraud").hide(f"no such token {TOKEN}")
        self.assertEqual(hidden, "no such token ***")


class FilesTests(OwnServers):
    def test_a_versions_files_are_brought_for_its_model_server(self) -> None:
        self.mine.register("churn", versions=1)
        self.mine.files = {"churn/1/MLmodel": b"flavors: {}", "churn/1/data/w.bin": b"w" * 1000}
        self.fraud_moves()
        heal_mirror()
        version = ModelVersion.objects.get(project=self.fraud)
        with TemporaryDirectory() as place:
            folder = Path(place) / "models" / "1"
            bring(version, folder)
            self.assertEqual((folder / "data/w.bin").read_bytes(), b"w" * 1000)
            self.assertEqual([each.name for each in folder.parent.iterdir()], ["1"])

    def test_a_file_that_would_climb_out_is_refused(self) -> None:
        self.mine.register("churn", versions=1)
        self.mine.files = {"churn/1/../outside": b"x"}
        self.fraud_moves()
        heal_mirror()
        with TemporaryDirectory() as place, self.assertRaises(PortalError):
            bring(ModelVersion.objects.get(project=self.fraud), Path(place) / "models" / "1")
            self.assertFalse((Path(place) / "models" / "outside").exists())
