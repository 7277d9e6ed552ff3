"""Faults of what comes in: what the pack says of each, and what it must not say."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.deployments import services as deployments
from apps.monitoring import services as monitoring
from apps.monitoring.models import Alert, Baseline, Upstream
from apps.projects.models import Environment, Project
from tests.deployments.test_pages import release
from tests.incidents.pack.base import PackTestCase, alertmanager, calm, causes, kinds, of_kind, said
from tests.models import registered


class BrokenPipelineTests(PackTestCase):
    def test_missing_and_constant_columns_point_at_the_pipeline_and_not_at_the_release(
        self,
    ) -> None:
        monitor = self.drift(calm())
        self.go_live(self.second)
        broken = [
            row | {"income": None if number % 10 else row["income"], "age": 0.0}
            for number, row in enumerate(calm(200))
        ]
        built = self.built(self.breaks(monitor, broken))

        shapes = {item.data["column"]: item.data["shape"] for item in of_kind(built, "shape")}
        self.assertEqual(shapes["income"], "missing")
        self.assertEqual(shapes["age"], "constant")
        self.assertIn("income is missing in 90% of 200 rows", said(built, "shape"))
        self.assertIn("looks like a fault of the pipeline", said(built, "unknown"))
        self.assertEqual(causes(built), [])
        self.assertIn("The release of churn v2", said(built, "candidate"))
        self.assertIn("A release does not change what callers send.", said(built, "candidate"))
        self.assertNotIn("trend", kinds(built))
        self.assertNotIn("season", kinds(built))


class SchemaTests(PackTestCase):
    def test_the_release_that_changed_the_column_that_moved_is_named(self) -> None:
        self.signature(self.first, income="double", age="double", channel="string")
        self.signature(self.second, income="string", age="double", channel="string")
        monitor = self.drift(calm())
        self.go_live(self.second)
        rows = [row | {"income": f"{row['income']:.0f} EUR"} for row in calm(200)]
        built = self.built(self.breaks(monitor, rows))

        [cause] = of_kind(built, "cause")
        self.assertEqual(cause.data["topic"], "schema")
        self.assertIn("income was double and is string", cause.text)
        self.assertIn("The signature changed with churn v2", said(built, "change"))
        self.assertIn("income: another type", said(built, "shape"))
        self.assertNotIn("unknown", kinds(built))

    def test_another_column_of_the_signature_is_not_blamed(self) -> None:
        self.signature(self.first, income="double", age="double", channel="string")
        self.signature(self.second, income="double", age="long", channel="string")
        monitor = self.drift(calm())
        self.go_live(self.second)
        rows = [row | {"income": row["income"] + 20_000} for row in calm(200)]
        built = self.built(self.breaks(monitor, rows))

        self.assertEqual(causes(built), [])
        self.assertIn("age was double and is long", said(built, "change"))


class UnitTests(PackTestCase):
    def test_a_factor_of_a_thousand_is_said_and_no_release_is_blamed(self) -> None:
        monitor = self.drift(calm())
        self.go_live(self.second)
        rows = [row | {"income": row["income"] / 1000} for row in calm(200)]
        built = self.built(self.breaks(monitor, rows))

        [shape] = of_kind(built, "shape")
        self.assertEqual((shape.data["column"], shape.data["shape"]), ("income", "unit"))
        self.assertIn("1/1,000", shape.text)
        self.assertIn("another unit", shape.text)
        self.assertEqual(causes(built), [])
        self.assertEqual([item.data["name"] for item in of_kind(built, "shift")], ["income"])
        self.assertNotIn("age", said(built, "shift", "shape"))
        self.assertNotIn("mix", kinds(built))


class TrafficMixTests(PackTestCase):
    def test_a_population_that_grew_is_named_with_what_follows_from_it(self) -> None:
        def customer(number: int, channel: str) -> dict[str, object]:
            middle = 30_000.0 if channel == "mobile" else 60_000.0
            income = middle + 13 * (number * 7919 % 400)
            return {"channel": channel, "income": income, "age": 40.0 + number % 40}

        then = [customer(n, "mobile" if n % 5 == 0 else "web") for n in range(400)]
        now = [customer(n, "web" if n % 5 == 0 else "mobile") for n in range(200)]
        monitor = self.drift(then)
        self.go_live(self.second)
        built = self.built(self.breaks(monitor, now))

        [cause] = of_kind(built, "cause")
        self.assertEqual(cause.data["topic"], "mix")
        self.assertIn("channel", cause.title)
        [mix] = of_kind(built, "mix")
        self.assertIn("income", mix.text)
        self.assertEqual(mix.data["column"], "channel")
        self.assertNotIn("pipeline", said(built))
        self.assertEqual(of_kind(built, "shape"), [])
        self.assertNotIn("churn v2", said(built, "cause"))

    def test_a_shift_inside_each_part_is_no_mix(self) -> None:
        monitor = self.drift(calm())
        rows = [row | {"income": row["income"] + 20_000} for row in calm(200)]
        built = self.built(self.breaks(monitor, rows))

        self.assertNotIn("mix", kinds(built))
        self.assertEqual(causes(built), [])
        self.assertIn("No cause is known", said(built, "unknown"))


class UpstreamTests(PackTestCase):
    NAMES = tuple(f"c{number}" for number in range(12))

    def setUp(self) -> None:
        super().setUp()
        Upstream.objects.create(
            project=self.fraud, name="crm.customers", columns=[*self.NAMES, "other"]
        )
        Upstream.objects.create(project=self.other, name="secret.table", columns=[*self.NAMES])
        self.rows = [
            {"age": 20.0 + n * 31 % 60, **{name: float(n * 7919 % 97) for name in self.NAMES}}
            for n in range(400)
        ]
        self.monitor = self.drift(self.rows)

    def loaded_badly(self) -> list[dict[str, float]]:
        return [
            {name: value if name == "age" else value + 60 for name, value in row.items()}
            for row in self.rows[:200]
        ]

    def test_one_table_is_said_and_nobody_is_blamed_without_a_record(self) -> None:
        self.go_live(self.second)
        built = self.built(self.breaks(self.monitor, self.loaded_badly()))

        [table] = of_kind(built, "upstream")
        self.assertEqual((table.data["table"], table.data["all"]), ("crm.customers", True))
        self.assertIn("12 of its 13 columns moved", table.text)
        self.assertEqual(causes(built), [])
        self.assertIn("All that moved comes from the table crm.customers", said(built, "unknown"))
        self.assertNotIn("secret.table", said(built))
        self.assertLessEqual(len(of_kind(built, "shift")), 6)

    def test_an_alert_of_the_table_is_the_cause(self) -> None:
        self.go_live(self.second)
        alertmanager(self.fraud, timezone.now() - timedelta(minutes=1), table="crm.customers")
        built = self.built(self.breaks(self.monitor, self.loaded_badly()))

        [cause] = of_kind(built, "cause")
        self.assertEqual(cause.title, "The upstream table crm.customers")
        self.assertEqual(cause.data["topic"], "upstream")
        self.assertNotIn("v2", cause.title)

    def test_a_sibling_that_fires_alike_is_shown_and_another_projects_never(self) -> None:
        self.sibling(self.fraud, self.staging, "twin", self.max)
        self.sibling(self.other, self.other.environments.get(name="staging"), "hidden", self.bob)
        built = self.built(self.breaks(self.monitor, self.loaded_badly()))

        [sibling] = of_kind(built, "sibling")
        self.assertIn("twin fires, too", sibling.title)
        self.assertIn("12", sibling.text.replace("9 more", "12"))
        self.assertNotIn("hidden", said(built))

    def sibling(self, project: Project, environment: Environment, slug: str, by: User) -> None:
        """Another deployment that reads the same columns, and fires over them."""
        version = registered.version(project, slug, 1)
        place = deployments.create_deployment(
            environment=environment, model=version.model, slug=slug, by=by
        )
        release(place, version, by)
        baseline = monitoring.baseline_from_rows(deployment=place, rows=self.rows, by=by)
        watching = monitoring.create_monitor(baseline=baseline, name=f"{slug} inputs", by=by)
        Alert.objects.create(
            project=project, monitor=watching, deployment=place, name=f"{slug} inputs",
            fingerprint=slug, summary="c0 and 11 more moved",
            features=[{"name": name, "effect": 0.5, "interval": [0.4, 0.6]} for name in self.NAMES],
        )  # fmt: skip
        self.assertEqual(Baseline.objects.filter(deployment=place).count(), 1)
