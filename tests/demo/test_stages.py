"""What the stages of a story wait for."""

from __future__ import annotations

from django.utils import timezone

from apps.demo.choices import Fault, Mode
from apps.demo.models import Story
from apps.demo.services import stages
from apps.monitoring.models import Alert, Monitor
from tests.demo.base import DemoTestCase


class RecoveryTests(DemoTestCase):
    def setUp(self) -> None:
        self.story = Story.objects.create(
            project=self.fraud, feed=self.feed, mode=Mode.DRILL, fault=Fault.SHIFT
        )

    def fires(self, kind: Monitor.Kind) -> Alert:
        monitor = Monitor.objects.create(
            project=self.fraud, deployment=self.deployment, name=kind, kind=kind
        )
        return Alert.objects.create(
            project=self.fraud, monitor=monitor, deployment=self.deployment, fingerprint=kind,
            name=monitor.name, fired_at=timezone.now(),
        )  # fmt: skip

    def test_it_waits_for_what_watches_the_answers(self) -> None:
        alert = self.fires(Monitor.Kind.LATENCY)
        self.assertIsNone(stages.recovery(self.demo, self.story))
        Alert.objects.filter(pk=alert.pk).update(state="resolved", resolved_at=timezone.now())
        self.assertIsNotNone(stages.recovery(self.demo, self.story))

    def test_an_alias_that_a_rollback_left_behind_holds_no_story_up(self) -> None:
        self.fires(Monitor.Kind.DESIRED_STATE)
        self.assertIsNotNone(stages.recovery(self.demo, self.story))
