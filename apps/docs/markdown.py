"""Markdown: front matter, sections, and safe HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import nh3
import yaml
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.tasklists import tasklists_plugin

from apps.core.errors import Invalid

FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)
LONGEST = 1_000_000  # characters
TAGS = nh3.ALLOWED_TAGS | {"input"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    **{f"h{level}": {"id"} for level in range(1, 7)},
    "input": {"type", "checked", "disabled"},
    "code": {"class"},
}


@dataclass(frozen=True, slots=True)
class Page:
    """A text taken apart: its front matter and the Markdown after it."""

    front: dict[str, Any]
    body: str

    @property
    def title(self) -> str:
        """What the page calls itself."""
        heading = re.search(r"^#\s+(.+)$", self.body, re.MULTILINE)
        given = self.front.get("title") or (heading[1] if heading else "")
        return str(given).strip()[:200]


@dataclass(slots=True)
class Section:
    """The text under one heading. `anchor` is unique in its page."""

    heading: str
    anchor: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


def read(text: str) -> Page:
    """Take front matter and body apart; `Invalid` names what cannot be read."""
    if len(text) > LONGEST or "\x00" in text:
        raise Invalid(field="body", reason=f"at most {LONGEST} characters, without NUL")
    found = FRONT.match(text)
    if found is None:
        return Page({}, text)
    try:
        front = yaml.safe_load(found[1]) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise Invalid(field="body", reason=f"the front matter is not YAML: {error}") from error
    if not isinstance(front, dict):
        raise Invalid(field="body", reason="the front matter must be `name: value` lines")
    return Page(front, text[found.end() :])


def sections(page: Page) -> list[Section]:
    """The page cut at its headings; what stands before the first one comes under the title."""
    found = [Section(page.title, "top")]
    lines = page.body.splitlines()
    starts = {token.map[0]: token for token in _headings(page.body) if token.map}
    for number, line in enumerate(lines):
        if number in starts:
            words = line.lstrip("# ").rstrip("# ").strip()
            found.append(Section(words[:300], starts[number].attrs["id"]))  # type: ignore[arg-type]
        else:
            found[-1].lines.append(line)
    return [section for section in found if section.text]


def html(page: Page) -> SafeString:
    """The page as HTML that cannot do harm."""
    parser = _parser()
    tokens = parser.parse(page.body)
    list(_named(tokens))
    raw = parser.renderer.render(tokens, parser.options, {})
    return mark_safe(  # noqa: S308  nh3 has cleaned it
        nh3.clean(raw, tags=TAGS, attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"})
    )


def _parser() -> MarkdownIt:
    return (
        MarkdownIt("commonmark", {"html": False})
        .enable(["table", "strikethrough"])
        .use(tasklists_plugin)
    )


def _headings(body: str) -> Iterator[Token]:
    return _named(_parser().parse(body))


def _named(tokens: list[Token]) -> Iterator[Token]:
    """The heading tokens, each given an id that is unique in the page."""
    seen: dict[str, int] = {}
    for token, inline in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_open":
            base = slugify(inline.content)[:100] or "section"
            seen[base] = seen.get(base, 0) + 1
            token.attrSet("id", base if seen[base] == 1 else f"{base}-{seen[base]}")
            yield token
