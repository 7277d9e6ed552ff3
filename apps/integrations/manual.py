"""What the pages show of settings, bodies and documentation, as plain values for the templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic.fields import FieldInfo

from apps.core.http import redact
from apps.integrations import base
from apps.integrations.catalog import CATALOG, Entry
from apps.integrations.models import Connection, InboundDelivery

ROOT = Path(__file__).parents[2]
SHOWN_BODY = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a connection; of a secret only whether it is set."""

    label: str
    value: str
    secret: bool


def settings(connection: Connection) -> list[Setting]:
    """Every setting, for those who keep the connection."""
    config = connection.entry.load().config_class
    return [
        Setting(info.title or path.replace("_", " ").replace(".", ": ").capitalize(), value, secret)
        for path, info in base.fields(config)
        for secret in [base.is_secret(info)]
        if (value := _shown_secret(connection, path) if secret else _shown(connection, path, info))
    ]


def page(line: Entry) -> SafeString:
    """The connector's page of the manual. Its Markdown is our own, and raw HTML in it is not run."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = (ROOT / line.docs).read_text()
    _, _, body = text.partition("\n")  # the page itself carries the title
    tokens = markdown.parse(body)
    for token in tokens:
        token.children = list(_led(token.children or [], line))
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return mark_safe(html.replace("<table>", '<table class="table">'))  # noqa: S308  our own files


def _led(tokens: list[Token], line: Entry) -> Iterator[Token]:
    """Lead to other connectors' pages here; of a page that is only a file, tell where it lies."""
    file = ""
    for token in tokens:
        target = str(token.attrGet("href") or "")
        if token.type == "link_open" and "://" not in target:
            path = (ROOT / line.docs).parent / target.partition("#")[0]
            file = str(path.resolve().relative_to(ROOT))
            if found := _connectors_by_page().get(file):
                token.attrSet("href", reverse("integrations:documentation", args=[found]))
                file = ""
        if not file:
            yield token
        elif token.type == "link_close":
            yield Token("text", "", 0, content=f" ({file})")
            file = ""
        elif token.type != "link_open":
            yield token


def _connectors_by_page() -> dict[str, str]:
    return {entry.docs: slug for slug, entry in CATALOG.items()}


def shown_body(delivery: InboundDelivery) -> str:
    """The start of a body, indented where it is JSON, with what looks like a secret masked."""
    raw = bytes(delivery.body)
    try:
        text = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = raw.decode(errors="replace")
    return redact(text[:SHOWN_BODY])


def _shown_secret(connection: Connection, path: str) -> str:
    return "set" if path in connection.secrets_set else ""


def _shown(connection: Connection, path: str, info: FieldInfo) -> str:
    found: Any = connection.values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    marks = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    if isinstance(labels := marks.get("choices"), dict):
        found = labels.get(found, found)
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, list):
        return ", ".join(str(each) for each in found)
    return "" if found is None else str(found)
