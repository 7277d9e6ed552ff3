"""The steps that a runbook's list items are: plain words, `check: …` and `action: …`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from apps.docs import markdown
from apps.incidents.models import Step

MOST, LONGEST = 200, 2000  # steps of one runbook, characters of one step
BOX = re.compile(r"\A\[[ xX]\]\s+")
TYPED = re.compile(r"\A(check|action):\s*(\S.*)\Z", re.IGNORECASE | re.DOTALL)
APPROVAL = re.compile(r"\s*\(needs approval\)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """A step as the runbook has it. `text` of a typed one is what stands after its type."""

    section: str
    kind: str
    text: str
    needs_approval: bool = False


def steps(body: str) -> list[Written]:
    """Every list item of a runbook, in order; code blocks hold none."""
    tokens = MarkdownIt("commonmark").parse(markdown.read(body).body)
    section, found = "", list[Written]()
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            section = tokens[number + 1].content.strip()[:300]
        elif token.type == "list_item_open" and (text := _words(tokens, number)):
            found.append(_step(section, text))
    return found[:MOST]


def _words(tokens: list[Token], number: int) -> str:
    """What the item itself says, without the lists inside it."""
    following = tokens[number + 1 : number + 3]
    inline = next((token for token in following if token.type == "inline"), None)
    return BOX.sub("", inline.content).strip()[:LONGEST] if inline else ""


def _step(section: str, text: str) -> Written:
    bare = text.strip("`").strip()
    typed = TYPED.match(bare)
    if typed is None:
        return Written(section, Step.Kind.PLAIN, text)
    kind, what = Step.Kind(typed[1].lower()), " ".join(typed[2].replace("`", "").split())
    if kind == Step.Kind.CHECK:
        return Written(section, kind, what)
    return Written(section, kind, APPROVAL.sub("", what), bool(APPROVAL.search(what)))
