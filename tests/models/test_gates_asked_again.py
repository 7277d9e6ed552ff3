"""After the approval: what the gates say then counts, whatever they said when the approver looked."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.models import services
from apps.models.choices import PromotionState
from apps.models.models import Alias, Promotion
from apps.projects.models import FreezeWindow
from tests.base import PortalTestCase
from tests.models import registered
from tests.models.fake_versions import FakeMlflow, fake_mlflow


class AskedAgainTests(PortalTestCase):
    fake: FakeMlflow

    def setUp(self) -> None:
        self.fake = self.enterContext(fake_mlflow())
        self.version = registered.version(self.fraud, "credit", 1)
        self.gate = services.declare_gate(
            model=self.version.model,
            environment=self.prod,
            kind="freeze_window",
            settings={},
            by=self.max,
        )
        asked = services.request_promotion(
            version=self.version, environment=self.prod, by=self.cora
        )
        self.work()
        self.promotion = Promotion.objects.get(pk=asked.pk)
        self.assertEqual(self.promotion.state, PromotionState.WAITING)

    def work(self) -> None:
        for job in Job.objects.filter(kind=services.PROMOTE, state="queued").order_by("pk"):
            run_job(job.pk)

    def freeze(self) -> None:
        now = timezone.now()
        FreezeWindow.objects.create(
            environment=self.prod,
            starts_at=now - timedelta(minutes=1),
            ends_at=now + timedelta(hours=1),
            reason="Year end.",
        )

    def approve(self) -> Promotion:
        services.approve(promotion=self.promotion, by=self.max)
        self.work()
        return Promotion.objects.get(pk=self.promotion.pk)

    def test_a_freeze_that_began_in_between_ends_it(self) -> None:
        self.freeze()
        ended = self.approve()

        self.assertEqual(ended.state, PromotionState.REFUSED)
        self.assertFalse(Alias.objects.filter(model=self.version.model, name="prod").exists())
        answers = [(each.again, each.passed) for each in ended.results.all()]
        self.assertEqual(answers, [(False, True), (True, False)])
        self.assertEqual(Entry.objects.filter(verb="models.promotion_refused").count(), 1)

    def test_where_nothing_changed_it_goes_on(self) -> None:
        ended = self.approve()

        self.assertEqual(ended.state, PromotionState.DONE)
        self.assertEqual([each.again for each in ended.results.all()], [False, True])

    def test_asked_twice_it_answers_once(self) -> None:
        services.approve(promotion=self.promotion, by=self.max)
        for _ in range(2):
            row = Promotion.objects.get(pk=self.promotion.pk)
            services.ask_again(promotion=row)
        self.assertEqual(self.promotion.results.filter(again=True).count(), 1)

    def test_a_gate_that_was_removed_meanwhile_is_not_asked(self) -> None:
        services.remove_gate(gate=self.gate, by=self.max)
        self.freeze()
        self.assertEqual(self.approve().state, PromotionState.DONE)
