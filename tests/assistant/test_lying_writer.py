"""A writer that lies gets nothing past the checker; an honest one loses next to nothing."""

from __future__ import annotations

import random

from apps.assistant.checking import check
from tests.assistant.lies import evidence, holds, lies, said, truths, world

SEEDS = range(20)
MOST_LOST = 0.02
# Chance makes a sentence now and then; a writer with so few of them is not heard.
MOST_BABBLE = 0.05
LITTLE = ("the", "to", "by", "was", "is", "and", "not", "of", "in", "%", "since")


def test_no_lie_gets_through() -> None:
    through, tried = [], 0
    for seed in SEEDS:
        made = world(seed)
        pieces = evidence(made)
        for trick, text in lies(made):
            tried += 1
            if holds(text, pieces):
                through.append(f"{seed} {trick}: {text}")
    assert tried >= 200
    assert through == [], "\n".join(through)


def test_an_honest_writer_keeps_its_sentences() -> None:
    lost, tried = [], 0
    for seed in SEEDS:
        made = world(seed)
        pieces = evidence(made)
        for text in truths(made):
            tried += 1
            if not holds(text, pieces):
                lost.append(f"{seed}: {text}")
    assert tried >= 300
    assert len(lost) <= MOST_LOST * tried, f"{len(lost)} of {tried}\n" + "\n".join(lost[:60])


def test_babble_of_the_records_own_words_is_no_sentence() -> None:
    through, tried = 0, 0
    for seed in SEEDS:
        pieces, dice = evidence(world(seed)), random.Random(seed)
        for piece in pieces[:6]:
            words = [*piece.excerpt.replace(".", "").split() * 2, *LITTLE]
            for _ in range(20):
                text = " ".join(dice.choice(words) for _ in range(dice.randint(1, 12)))
                tried += 1
                through += holds(f"{text} [{piece.n}].", pieces)
    assert through <= MOST_BABBLE * tried, f"{through} of {tried}"


def test_what_is_said_twice_is_kept_once() -> None:
    made = world(0)
    text = next(truths(made))
    assert len(check([said(text)] * 50, evidence(made))) == 1
