"""A thousand random promotions, rollbacks, out-of-band moves and deletions, replayed against a simple model."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.core.errors import PortalError
from apps.deployments import services as deployments
from apps.deployments.models import Deployment, Replica
from apps.deployments.served import served_at
from apps.models import services
from apps.models.mirror import heal
from apps.models.models import (
    Alias,
    ModelVersion,
    OutOfBandMove,
    Promotion,
    RegisteredModel,
    Workspace,
)
from tests.base import Cast
from tests.models.fake_registry import Absent, FakeMlflow

pytestmark = pytest.mark.timeout(900)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MODELS, PLACES, VERSIONS = ("churn", "fraud"), ("prod", "staging"), 3
EXAMPLES, OPERATIONS = 20, 50
VERBS = (
    *("promote",) * 4, *("around",) * 3, *("heal",) * 2, *("release",) * 3, *("roll_back",) * 2,
    "drop", "delete_version", "delete_model", "adopt", "revert",
)  # fmt: skip

Place = tuple[str, str]


@dataclass(frozen=True)
class Held:
    """Which version holds an alias, since when, let in by whom."""

    version: int
    since: datetime
    approver: str | None


@dataclass(frozen=True)
class Released:
    """One release that went live at its place."""

    number: int
    version: int
    since: datetime
    approver: str | None
    state: str = "live"


class Expected:
    """What anybody would write down by hand: the state after each step."""

    def __init__(self) -> None:
        self.held: dict[Place, Held] = {}
        self.rightful: dict[Place, Held | None] = {}
        self.approvals: dict[tuple[Place, int], str | None] = {}
        self.releases: dict[Place, list[Released]] = {}
        self.pages: list[tuple[datetime, set[tuple[Any, ...]]]] = []

    def hold(self, place: Place, version: int | None, now: datetime, by: str | None) -> None:
        if version is None:
            self.held.pop(place, None)
        else:
            self.held[place] = Held(version, now, by)

    def found(self, place: Place, version: int | None, now: datetime) -> None:
        """The alias stands elsewhere than the portal knew."""
        before = self.held.get(place)
        if (before.version if before else None) == version:
            return
        if place[1] == "prod":  # protected, so what belongs there is remembered
            standing = self.rightful.setdefault(place, before)
            if (standing.version if standing else None) == version:
                del self.rightful[place]
        self.hold(place, version, now, None)

    def go_live(self, place: Place, version: int, now: datetime, undoes: bool) -> None:
        past = self.releases.setdefault(place, [])
        state = "rolled back" if undoes else "superseded"
        past[:] = [replace(each, state=state) if each.state == "live" else each for each in past]
        approver = self.approvals.get((place, version))
        past.append(Released(len(past) + 1, version, now, approver))

    def live(self, place: Place) -> Released | None:
        return next((each for each in self.releases.get(place, []) if each.state == "live"), None)

    def good(self, place: Place) -> Released | None:
        """Where a rollback leads."""
        live = self.live(place)
        past = [
            each
            for each in self.releases.get(place, [])
            if live and each.state == "superseded" and each.version != live.version
        ]
        return max(past, key=lambda each: each.since, default=None)

    def turn(self, now: datetime) -> None:
        """Write the page of this moment."""
        self.pages.append((now, {*self._released(), *self._promised()}))

    def at(self, moment: datetime) -> set[tuple[Any, ...]]:
        return next((page for since, page in reversed(self.pages) if since <= moment), set())

    def _released(self) -> list[tuple[Any, ...]]:
        rows = []
        for place in self.releases:
            if (live := self.live(place)) is not None:
                held = self.held.get(place)
                alias = place[1] if held and held.version == live.version else ""
                rows.append((*place, live.version, live.number, alias, live.approver, live.since))
        return rows

    def _promised(self) -> list[tuple[Any, ...]]:
        rows = []
        for place, held in self.held.items():
            live = self.live(place)
            if live is None or live.version != held.version:
                rows.append((*place, held.version, None, place[1], held.approver, held.since))
        return rows


class ReplayTests(Cast, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.enter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**32))
    def test_it_answers_as_a_list_kept_by_hand(self, seed: int) -> None:
        self.begin(seed)
        with patch("django.utils.timezone.now", lambda: self.now), self.mlflow.installed():
            self.heal()
            for _ in range(OPERATIONS):
                self.now += timedelta(seconds=self.chance.randint(1, 3600))
                self.step()
                self.expected.turn(self.now)
            self.compare()

    def begin(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now, self.expected, self.mlflow = BEGIN, Expected(), FakeMlflow()
        self.workspace = Workspace.objects.create(project=self.fraud)
        for name in MODELS:
            self.mlflow.register(name, VERSIONS)

    def step(self) -> None:
        verb = self.chance.choice(VERBS)
        place = self.chance.choice(MODELS), self.chance.choice(PLACES)
        getattr(self, verb)(place, self.chance.randint(1, VERSIONS))

    def compare(self) -> None:
        """At turns, a moment before them, and at random moments in between."""
        turns = self.chance.sample([turn for turn, _ in self.expected.pages], 12)
        whole = (self.now - BEGIN).total_seconds()
        moments = [BEGIN + timedelta(seconds=self.chance.uniform(0, whole)) for _ in range(8)]
        for moment in [*turns, *(turn - timedelta(microseconds=1) for turn in turns), *moments]:
            rows = {self.told(row) for row in served_at(self.carol, moment)}
            self.assertEqual(rows, self.expected.at(moment), moment)
        only = {self.told(row) for row in served_at(self.carol, self.now, "prod")}
        every = self.expected.at(self.now)
        self.assertEqual(only, {row for row in every if row[1] == "prod"})
        self.assertEqual(served_at(self.bob, self.now), [])

    def told(self, row: Any) -> tuple[Any, ...]:
        number = row.release_number
        place = (row.model, row.environment, row.version)
        return (*place, number, row.alias, row.approved_by, row.since)

    # What may happen

    def promote(self, place: Place, number: int) -> None:
        version = ModelVersion.objects.get(model__name=place[0], number=number)
        try:
            promotion = services.request_promotion(
                version=version, environment=self.environment(place), by=self.cora
            )
        except PortalError:
            self.assertTrue(version.deleted_at or self.is_held(place, number))
            return
        self.settle(promotion)
        promotion.refresh_from_db()
        if promotion.state == "done":
            approver = "max" if place[1] == "prod" else None
            self.expected.approvals[place, number] = approver
            self.expected.hold(place, number, self.now, approver)
            self.expected.rightful.pop(place, None)

    def settle(self, promotion: Promotion) -> None:
        """What the job and the second person do."""
        row = services.settle_gates(promotion=promotion)
        if row.state == "waiting":
            row = services.approve(promotion=row, by=self.max)
        try:
            services.finish(promotion=row)
        except PortalError:  # it was deleted around the portal, which has not heard of it yet
            services.fail_promotion(promotion_id=promotion.pk)

    def around(self, place: Place, number: int) -> None:
        try:
            self.mlflow.set_alias(*place, number)
        except Absent:
            self.assertNotIn(number, self.mlflow.models[place[0]]["versions"])

    def drop(self, place: Place, number: int) -> None:
        self.mlflow.drop_alias(*place)

    def delete_version(self, place: Place, number: int) -> None:
        if number in self.mlflow.models[place[0]]["versions"]:
            self.mlflow.delete_version(place[0], number)

    def delete_model(self, place: Place, number: int) -> None:
        """It goes, is missed, and comes back under its name."""
        self.mlflow.delete_model(place[0])
        self.heal()
        self.mlflow.register(place[0], VERSIONS)
        self.heal()

    def heal(self, *_: Any) -> None:
        heal.heal(self.workspace)
        for model in MODELS:
            there = self.mlflow.models.get(model, {"aliases": {}})["aliases"]
            for name in PLACES:
                self.expected.found((model, name), there.get(name), self.now)

    def adopt(self, place: Place, number: int) -> None:
        self.heal()
        for case in self.cases(place):
            services.adopt(case=case, by=self.ada, reason="as it is")
            case.refresh_from_db()
            if case.promotion is not None:
                self.settle(case.promotion)
                held = self.expected.held[place]
                self.expected.held[place] = replace(held, approver="ada")
                self.expected.approvals[place, held.version] = "ada"
            self.expected.rightful.pop(place, None)

    def revert(self, place: Place, number: int) -> None:
        self.heal()
        for case in self.cases(place):
            back = self.expected.rightful[place]
            try:
                services.request_revert(case=case, by=self.max, reason="not ours")
            except PortalError:
                assert back is not None
                gone = back.version not in self.mlflow.models[place[0]]["versions"]
                self.assertTrue(gone)
                continue
            services.finish_revert(case=case)
            known = back.approver if back else None
            self.expected.hold(place, back.version if back else None, self.now, known)
            self.expected.rightful.pop(place)

    def release(self, place: Place, number: int) -> None:
        row = self.deployment(place)
        version = ModelVersion.objects.get(model=row.model, number=number)
        try:
            made = deployments.request_release(deployment=row, version=version, by=self.ada)
        except PortalError:
            self.assertEqual(place[1], "prod")
            self.assertNotIn((place, number), self.expected.approvals)
            return
        self.start(made)
        self.expected.go_live(place, number, self.now, undoes=False)

    def roll_back(self, place: Place, number: int) -> None:
        good = self.expected.good(place)
        try:
            made = deployments.roll_back(deployment=self.deployment(place), by=self.ada)
        except PortalError:
            self.assertIsNone(good)
            return
        assert good is not None
        self.start(made)
        self.expected.go_live(place, good.version, self.now, undoes=True)

    def start(self, release: Any) -> None:
        replica = deployments.start_replicas(release)
        deployments.note_replica(replica.pk, state=Replica.State.READY, port=1, pid=1)
        deployments.go_live(release.pk)

    # What is there

    def environment(self, place: Place) -> Any:
        return self.prod if place[1] == "prod" else self.staging

    def deployment(self, place: Place) -> Deployment:
        slug = "-".join(place)
        found = Deployment.objects.filter(slug=slug).select_related("environment", "model").first()
        return found or deployments.create_deployment(
            environment=self.environment(place),
            model=RegisteredModel.objects.get(name=place[0]),
            slug=slug,
            by=self.ada,
        )

    def is_held(self, place: Place, number: int) -> bool:
        found = Alias.objects.filter(model__name=place[0], name=place[1], version__number=number)
        return found.exists()

    def cases(self, place: Place) -> list[OutOfBandMove]:
        found = OutOfBandMove.objects.filter(model__name=place[0], environment__name=place[1])
        return list(found.filter(state="open"))
