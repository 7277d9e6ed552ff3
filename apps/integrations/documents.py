"""Atlassian's document format: plain text into it, and any of it back into plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BLOCKS = {
    "paragraph", "heading", "blockquote", "codeBlock", "listItem", "rule", "panel", "tableRow",
}  # fmt: skip
DEEPEST = 50


def document(text: str) -> dict[str, Any]:
    """Plain text as a document: one paragraph per block."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return {"type": "doc", "version": 1, "content": [_paragraph(block) for block in blocks]}


def plain(value: Any) -> str:
    """The words of a document; text that is plain already stays."""
    if isinstance(value, str):
        return value
    return "".join(_words(value, 0)).strip()


def _paragraph(block: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for line in block.splitlines():
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def _words(node: Any, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    attributes = node.get("attrs")
    named = attributes if isinstance(attributes, dict) else {}
    if node.get("type") == "hardBreak":
        yield "\n"
    yield str(node.get("text") or named.get("text") or named.get("url") or "")
    content = node.get("content")
    for child in content if isinstance(content, list) else []:
        yield from _words(child, depth + 1)
    if node.get("type") in BLOCKS:
        yield "\n\n"
