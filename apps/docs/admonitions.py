"""Notes and warnings of a page, `> [!NOTE]` and `!!! note`, drawn as the notices of our pages."""

from __future__ import annotations

import re

from markdown_it.token import Token

TONES = {
    "note": "accent", "info": "accent", "tip": "good", "hint": "good", "success": "good",
    "important": "accent", "warning": "warn", "caution": "warn", "attention": "warn",
    "danger": "bad", "error": "bad",
}  # fmt: skip
_MARK = re.compile(r"\A\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*\Z", re.IGNORECASE)
_CLOSE = "</div></div>\n"


def drawn(tokens: list[Token]) -> list[Token]:
    """The tokens with each admonition as a notice."""
    found: list[Token] = []
    closing: list[bool] = []  # for each open quotation, whether it is a notice
    for at, token in enumerate(tokens):
        if token.type == "blockquote_open":
            name = _taken_name(tokens, at)
            closing.append(bool(name))
            token = _opened(name, title=True) if name else token
        elif token.type == "blockquote_close" and closing.pop():
            token = _raw(_CLOSE)
        elif token.type.startswith("admonition"):
            token = _own(token)
        found.append(token)
    return found


def _own(token: Token) -> Token:
    """A token of `!!! note`."""
    name = token.type.removeprefix("admonition_")
    if name == "open":
        return _opened(str(token.meta.get("tag", "note")), title=False)
    return _raw({"title_open": "<strong>", "title_close": "</strong>"}.get(name, _CLOSE))


def _taken_name(tokens: list[Token], at: int) -> str:
    """What a quotation calls itself in its first line, which is taken out; empty for a plain one."""
    inline = tokens[at + 2] if len(tokens) > at + 2 else None
    if inline is None or inline.type != "inline":
        return ""
    first, _, rest = inline.content.partition("\n")
    mark = _MARK.match(first)
    if mark is None or not inline.children:
        return ""
    breaks = [n for n, child in enumerate(inline.children) if child.type == "softbreak"]
    inline.children = inline.children[breaks[0] + 1 :] if breaks else []
    inline.content = rest
    return mark[1].lower()


def _opened(name: str, *, title: bool) -> Token:
    tone = TONES.get(name.lower(), "accent")
    said = f"<strong>{name.capitalize()}</strong>" if title else ""
    return _raw(f'<div class="notice" data-tone="{tone}"><div class="notice-text">{said}')


def _raw(text: str) -> Token:
    return Token("html_block", "", 0, content=text)
