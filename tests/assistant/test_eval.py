"""The shipped set without a model: every answerable fact right and cited, nothing leaked, nothing obeyed."""

from __future__ import annotations

from django.test import override_settings

from apps.accounts.models import User
from apps.assistant.eval import running
from apps.assistant.models import EvalRun
from apps.docs.models import Document
from apps.projects.models import Project
from tests.base import PortalTestCase


@override_settings(OLLAMA_HOST="")
class ShippedSetTests(PortalTestCase):
    def test_every_question_is_answered_rightly_without_a_model(self) -> None:
        before = (User.objects.count(), Project.objects.count(), Document.objects.count())
        run = running.shipped(running.SEEDS, [])
        wrong = [
            f"{s.category}: {s.question} → {s.fault}\n    {s.answer[:300]}"
            for s in run.scores.filter(right=False).exclude(category="fresh")
        ]
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.assertGreaterEqual(run.questions, 200)
        self.assertEqual((run.leaks, run.injected), (0, 0))
        after = (User.objects.count(), Project.objects.count(), Document.objects.count())
        self.assertEqual(after, before)
        self.assertEqual(EvalRun.objects.count(), 1)
