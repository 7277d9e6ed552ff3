"""Markdown: front matter, sections, and safe HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.tasklists import tasklists_plugin

from apps.core.errors import Invalid
from apps.docs import admonitions, front
from apps.docs.front import Front

FRONT = re.compile(r"\A---[ \t]*\n(.*?\n)??---[ \t]*(?:\n|\Z)", re.DOTALL)
LONGEST = 300_000  # characters
LONGEST_LINE = 20_000  # characters
LONGEST_PARAGRAPH = 5_000  # characters; a longer one is shown as it is, for marks cost their square
BOX = '<input class="task-list-item-checkbox"'  # as the plug-in writes it
TAGS = nh3.ALLOWED_TAGS | {"input"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    **{f"h{level}": {"id"} for level in range(1, 7)},
    "input": {"type", "checked", "disabled", "aria-label"},
    "div": {"data-tone"},
}
CLASSES = {"div": {"notice", "notice-text"}}


@dataclass(frozen=True, slots=True)
class Page:
    """A text taken apart: its front matter and the Markdown after it."""

    front: dict[str, Any]
    body: str

    @property
    def title(self) -> str:
        """What the page calls itself."""
        heading = re.search(r"^#[ \t]+(.+)$", self.body, re.MULTILINE)
        given = self.front.get("title") or (heading[1] if heading else "")
        return front.clean(str(given))

    @property
    def meaning(self) -> Front:
        """Its front matter, checked; `Invalid` names the line that cannot be used."""
        return front.read(self.front)


@dataclass(slots=True)
class Section:
    """The text under one heading. `anchor` is unique in its page."""

    heading: str
    anchor: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a page: HTML, or a fenced block at its top level with its language."""

    html: SafeString = SafeString("")
    text: str = ""
    language: str = ""
    position: int = 0

    @property
    def is_query(self) -> bool:
        return self.language == "query"

    @property
    def is_code(self) -> bool:
        return not self.html and not self.is_query


def read(text: str) -> Page:
    """Take front matter and body apart; `Invalid` names what cannot be read."""
    text = normal(text)
    if len(text) > LONGEST or "\x00" in text:
        raise Invalid(field="body", reason=f"at most {LONGEST} characters, without NUL")
    if any(len(line) > LONGEST_LINE for line in text.split("\n")):
        raise Invalid(field="body", reason=f"no line may be over {LONGEST_LINE} characters")
    found = FRONT.match(text)
    if found is None:
        return Page({}, text)
    return Page(front.load(found[1] or ""), text[found.end() :])


def normal(text: str) -> str:
    """The text without a byte order mark, its lines ended as ours are."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


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
    return _render(_tokens(page.body))


def parts(page: Page, targets: Mapping[str, str] | None = None) -> list[Part]:
    """The page in stretches: its text as safe HTML, its code and its queries by themselves.

    A link whose address is among the targets leads to the page named there.
    """
    found: list[Part] = []
    waiting: list[Token] = []
    for token in _led(_tokens(page.body), targets or {}):
        if token.type != "fence" or token.level:
            waiting.append(token)
            continue
        found += [Part(_render(waiting))] if waiting else []
        waiting = []
        language = (token.info.split() or [""])[0][:30].lower()
        found.append(Part(text=token.content, language=language, position=len(found)))
    return [*found, Part(_render(waiting))] if waiting else found


def query(page: Page, position: int) -> str:
    """The text of the query block at that position; empty where there is none."""
    return next((p.text for p in parts(page) if p.is_query and p.position == position), "")


def links(page: Page) -> list[str]:
    """Where the page leads, each address once, in its order."""
    found = (
        str(child.attrs.get("href") or child.attrs.get("src") or "")
        for token in _parser().parse(page.body)
        for child in token.children or ()
        if child.type in {"link_open", "image"}
    )
    return list(dict.fromkeys(url for url in found if url))


def _render(tokens: list[Token]) -> SafeString:
    parser = _parser()
    raw = parser.renderer.render(tokens, parser.options, {})
    raw = raw.replace(BOX, f'{BOX} aria-label="Task"')
    cleaned = nh3.clean(
        raw,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
    )
    return mark_safe(cleaned)  # noqa: S308  nh3 has cleaned it


def _tokens(body: str) -> list[Token]:
    tokens = _parser().parse(body)
    list(_named(tokens))
    for token in tokens:
        token.children = _without_outside_images(token.children)
    return admonitions.drawn(tokens)


def _led(tokens: list[Token], targets: Mapping[str, str]) -> list[Token]:
    for child in (child for token in tokens for child in token.children or ()):
        if child.type == "link_open" and child.attrs.get("href") in targets:
            child.attrs["href"] = targets[str(child.attrs["href"])]
    return tokens


def _without_outside_images(children: list[Token] | None) -> list[Token] | None:
    """A picture on another host would tell that host who reads: it becomes a link."""
    if not children:
        return children
    found: list[Token] = []
    for child in children:
        source = str(child.attrs.get("src") or "")
        if child.type != "image" or not re.match(r"(?:[a-z]+:)?//", source, re.IGNORECASE):
            found.append(child)
            continue
        found += [
            Token("link_open", "a", 1, attrs={"href": source}),
            Token("text", "", 0, content=child.content or source),
            Token("link_close", "a", -1),
        ]
    return found


def _parser() -> MarkdownIt:
    parser = (
        MarkdownIt("commonmark", {"html": False})
        .enable(["table", "strikethrough"])
        .use(tasklists_plugin)
        .use(admon_plugin)
    )
    parser.core.ruler.before("inline", "leave_long", _leave_long)
    return parser


def _leave_long(state: StateCore) -> None:
    """Take the marks of an overlong paragraph for plain characters."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > LONGEST_PARAGRAPH:
            text = Token("text", "", 0, content=token.content)
            token.content, token.children = "", [text]


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
