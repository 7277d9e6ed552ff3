"""Links that stay in the portal: what they lead to, and whether it is there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from django.urls import Resolver404, resolve

from apps.docs import markdown
from apps.docs.models import Document

Exists = Callable[[int, dict[str, Any]], bool]
_known: dict[str, Exists] = {}


def register(url_name: str, exists: Exists) -> None:
    """Say how to see whether a page's record is there: by project and the address's values."""
    if _known.setdefault(url_name, exists) is not exists:
        raise ValueError(f"{url_name} is registered twice")


def leads_out(url: str) -> bool:
    """Whether an address names another host."""
    return re.match(r"(?i)(?:[a-z][a-z0-9+.-]*:|//)", url) is not None


def targets(document: Document, urls: Iterable[str]) -> dict[str, str]:
    """The pages behind links to other files of the same source, such as `drift.md#first-steps`."""
    if document.source_id is None:
        return {}
    paths = {url: _path(document, url) for url in urls if not leads_out(url)}
    found = Document.objects.filter(source_id=document.source_id, path__in=set(paths.values()))
    pages = {row.path: row.get_absolute_url() for row in found}
    return {url: pages[path] + _fragment(url) for url, path in paths.items() if path in pages}


def problem(document: Document, url: str) -> str:
    """Why a link of the document leads nowhere; empty where it does not."""
    address = targets(document, [url]).get(url, url)
    parts = urlsplit(address)
    path = posixpath.normpath(posixpath.join(document.get_absolute_url(), unquote(parts.path)))
    if path.endswith(".md"):
        return "no document of this source has that path"
    if (reason := _attachment_problem(document, path)) is not None:
        return reason
    try:
        match = resolve(f"{path.rstrip('/')}/")
    except Resolver404:
        return "the portal has no such page"
    exists = _known.get(match.view_name)
    if exists is not None and not exists(document.project_id, match.kwargs):
        return "the record it leads to is not there, or in another project"
    return _anchor_problem(document, match.view_name, match.kwargs, parts.fragment)


def _attachment_problem(document: Document, path: str) -> str | None:
    begin = f"{document.get_absolute_url()}files/"
    if not path.startswith(begin):
        return None
    name = path.removeprefix(begin)
    there = document.attachments.filter(name=name).exists()
    return "" if there else f"no file {name} is attached"


def _anchor_problem(document: Document, view: str, values: dict[str, Any], anchor: str) -> str:
    if view != "docs:document" or not anchor:
        return ""
    other = Document.objects.filter(pk=values["pk"]).first() or document
    anchors = {section.anchor for section in markdown.sections(markdown.read(other.body))}
    return "" if unquote(anchor) in anchors else f"that page has no heading {anchor}"


def _path(document: Document, url: str) -> str:
    base = posixpath.dirname(document.path or "")
    return posixpath.normpath(posixpath.join(base, unquote(urlsplit(url).path)))


def _fragment(url: str) -> str:
    fragment = urlsplit(url).fragment
    return f"#{fragment}" if fragment else ""


def _document_exists(project_id: int, values: dict[str, Any]) -> bool:
    found = Document.objects.filter(pk=values["pk"], project_id=project_id, removed_at=None)
    return found.exists()


register("docs:document", _document_exists)
