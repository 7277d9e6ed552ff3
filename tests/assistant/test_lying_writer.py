"""A writer that lies gets nothing past the checker; an honest one loses next to nothing."""

from __future__ import annotations

from apps.assistant.checking import check
from tests.assistant.lies import evidence, holds, lies, said, truths, world

SEEDS = range(20)
MOST_LOST = 0.02


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


def test_what_is_said_twice_is_kept_once() -> None:
    made = world(0)
    text = next(truths(made))
    assert len(check([said(text)] * 50, evidence(made))) == 1
