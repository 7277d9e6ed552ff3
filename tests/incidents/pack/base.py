"""A deployment that serves, monitors that look, faults that begin after what changed: real rows by the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from unittest import mock

from django.utils import timezone

from apps.deployments import services as deployments
from apps.deployments.configs import Config
from apps.deployments.models import Release
from apps.incidents import pack, selectors
from apps.incidents.models import Incident
from apps.incidents.pack import Built, Item, building
from apps.incidents.pack.registry import GATHERERS
from apps.integrations.models import Connection
from apps.models.models import ModelVersion, VersionFacts
from apps.monitoring import services as monitoring
from apps.monitoring.levels import Level
from apps.monitoring.looks import Point, Seen
from apps.monitoring.models import Alert, Baseline, Monitor
from apps.projects.models import Project
from tests.deployments.test_pages import release, served
from tests.models import registered
from tests.monitoring.looks.stage import StageTestCase

Rows = list[dict[str, Any]]


@contextmanager
def clock(moment: datetime) -> Iterator[None]:
    """Let Django's clock stand at a moment: what services do then happens then."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return moment.astimezone(tz)

    with mock.patch("django.utils.timezone.datetime", Then):
        yield


@contextmanager
def unhurried() -> Iterator[None]:
    """However slow the machine is just now, no gatherer's time is up, but for those a test makes odd."""
    slow = {name: replace(each, seconds=each.seconds * 60) for name, each in GATHERERS.items()}
    with mock.patch.dict(GATHERERS, slow), mock.patch.object(building, "BUDGET", 480.0):
        yield


class PackTestCase(StageTestCase):
    """The clock of rows and looks is the test's; changes happen at the real moment, `self.began`."""

    first: ModelVersion
    second: ModelVersion

    def setUp(self) -> None:
        self.enterContext(unhurried())
        inputs = [
            {"dataset": {"name": "customers", "digest": "d1", "source_type": "s3", "source": "x"}}
        ]
        told = {"inputs": {"dataset_inputs": inputs}}
        self.first = registered.version(self.fraud, "churn", 1, {"accuracy": 0.95}, **told)
        self.second = registered.version(self.fraud, "churn", 2, {"accuracy": 0.91}, **told)
        self.began = timezone.now()
        # The first version serves for long: what happened in the last day is what a test makes happen.
        with clock(self.began - timedelta(days=30)):
            self.deployment = served(self.first, self.staging, self.ada)
        self.now = self.began
        self.logged = 0

    # What a test makes happen

    def go_live(self, version: ModelVersion) -> Release:
        return release(self.deployment, version, self.ada)

    def signature(self, version: ModelVersion, **types: str) -> None:
        """What a job would read in the version's files."""
        columns = [{"name": name, "type": kind} for name, kind in types.items()]
        VersionFacts.objects.create(version=version, signature={"inputs": columns}, size=1000)

    def configure(self, **limits: Any) -> None:
        config = Config.model_validate({"limits": limits})
        deployments.configure(deployment=self.deployment, config=config, based_on=None, by=self.max)

    def baseline(self, rows: Rows) -> Baseline:
        return monitoring.baseline_from_rows(deployment=self.deployment, rows=rows, by=self.max)

    def drift(self, rows: Rows, **given: Any) -> Monitor:
        """A drift monitor over a baseline of these rows."""
        return monitoring.create_monitor(
            baseline=self.baseline(rows), name="inputs", by=self.max, **given
        )

    def at(self, **later: float) -> None:
        """Let the test's clock stand so much after the changes."""
        self.now = self.began + timedelta(**later)

    def breaks(self, monitor: Monitor, rows: Rows, **later: float) -> Incident:
        """Bad rows come and the monitor looks: the incident that this opens."""
        self.at(**(later or {"minutes": 10}))
        self.predict(rows)
        self.look(monitor)
        return self.opened()

    def opened(self) -> Incident:
        return Incident.objects.get()

    def metric(self, name: str) -> Monitor:
        settings = {"query": f"{name}_bytes", "at_most": 100}
        return self.watch("metric", name=name, settings=settings)

    def judged(self, monitor: Monitor, moment: datetime, value: float, limit: float = 100) -> None:
        """What a look at a figure leads to, at any moment."""
        bad = value > limit
        finding = {
            "name": "value", "type": "median", "level": Level.ACT if bad else Level.IGNORE,
            "effect": value, "interval": [value, value], "limit": limit, "rows": [0, 15],
            "method": "compared as it is", "reason": "",
        }  # fmt: skip
        seen = Seen(
            finding["level"], 15, moment - timedelta(minutes=5), moment,
            f"churn-live: {monitor.name} is {value:.4g}", [finding],
            features=[{key: finding[key] for key in ("name", "effect", "interval")}] if bad else [],
            points=[Point(value, 15)],
        )  # fmt: skip
        with self.captureOnCommitCallbacks(execute=True):
            monitoring.judge(monitor=monitor, seen=seen, at=moment)

    def course(
        self, monitor: Monitor, since: datetime, until: datetime, of: Callable[[float], float],
        minutes: float = 10,
    ) -> None:  # fmt: skip
        """Looks at a figure that is a function of the hours since `self.began`."""
        moment = since
        while moment <= until and not Alert.objects.exists():
            self.judged(monitor, moment, of((moment - self.began).total_seconds() / 3600))
            moment += timedelta(minutes=minutes)

    # What the pack says

    def built(self, incident: Incident | None = None) -> Built:
        row = incident or self.opened()
        built = pack.build(selectors.for_evidence(row.pk))
        troubles = [state for state in built.states if state.trouble]
        self.assertEqual(troubles, [])
        return built


def of_kind(built: Built, *kinds: str) -> list[Item]:
    return [item for item in built.items if item.kind in kinds]


def said(built: Built, *kinds: str) -> str:
    """Titles and texts of these kinds, of all without any."""
    items = of_kind(built, *kinds) if kinds else built.items
    return "\n".join(f"{item.title}\n{item.text}" for item in items)


def causes(built: Built) -> list[str]:
    return [item.title for item in of_kind(built, "cause")]


def kinds(built: Built) -> set[str]:
    return {item.kind for item in built.items}


def calm(count: int = 400, **more: Sequence[Any]) -> Rows:
    """Customers as they usually are."""
    return [
        {
            "income": 40_000.0 + 37 * (number * 7919 % 400),
            "age": 20.0 + number * 31 % 60,
            "channel": "mobile" if number % 5 == 0 else "web",
            **{name: values[number % len(values)] for name, values in more.items()},
        }
        for number in range(count)
    ]


def alertmanager(project: Project, at: datetime, **labels: str) -> None:
    """Alertmanager posts an alert with these labels that fires since then."""
    teller = Connection.objects.create(
        project=project, slug="alertmanager", name="Prometheus", values={}
    )
    alert = {
        "status": "firing",
        "labels": {"alertname": "LoadFailed", **labels},
        "annotations": {"summary": "It is half loaded"},
        "startsAt": at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org/graph",
    }
    payload = {"version": "4", "status": "firing", "alerts": [alert]}
    monitoring.take_in(project_id=project.pk, connection_id=teller.pk, payload=payload)
