"""Which terms are compared letter by letter with a mistyped one: none that is near is missed."""

from __future__ import annotations

import random
import string

from apps.docs.search.spelling import by_letter
from apps.docs.search.typos import edits


def test_no_term_within_the_edits_is_missed_and_few_others_are_offered() -> None:
    dice = random.Random(3)
    letters = string.ascii_lowercase[:12] + "3é\u0436"
    terms = sorted({"".join(dice.choices(letters, k=dice.randint(3, 12))) for _ in range(4000)})
    spelled = by_letter(terms)
    offered = 0
    for term in dice.sample(terms, 40):
        typo = term[0] + "".join(dice.sample(term[1:], len(term) - 1))
        for asked in (term[:-1], term + "q", typo):
            for most in (1, 2):
                among = spelled[asked[0]]
                near = set(among.near(asked, most))
                offered += len(near)
                wanted = {each for each in among.terms if edits(asked, each, most) <= most}
                assert wanted <= near
    assert offered < 240 * len(terms) / 100


def test_a_letter_that_no_term_begins_with_has_none() -> None:
    assert set(by_letter(["disk", "drive", "node"])) == {"d", "n"}
