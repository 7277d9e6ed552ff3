"""Pages of a Confluence HTML export as Markdown. What has no counterpart keeps its words."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

CONTENTS = {"index.html", "index.htm"}
DEEPEST = 100
_NUMBER = re.compile(r"(?:^|[_-])(\d{3,20})$")
_SILENT = {"script", "style", "head", "svg", "noscript", "template", "object", "iframe"}
_VOID = {"br", "img", "hr", "input", "meta", "link", "col", "area", "base", "wbr"}
_BLOCKS = {"p", "div", "section", "table", "ul", "ol", "blockquote", "pre"}
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`"}
# Furniture of the export around the page itself.
_FURNITURE = {"breadcrumb-section", "footer", "page-metadata", "footer-body"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|])")


def identity(path: str) -> str:
    """The page's number where its file name ends with it, else its path."""
    found = _NUMBER.search(PurePosixPath(path).stem)
    return f"page/{found[1]}" if found else path


def to_markdown(text: str) -> str:
    """The page as Markdown, its title first."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    body = re.sub(r"\n{3,}", "\n\n", "".join(reader.out)).strip()
    title = " ".join(reader.title.split())
    # A title of an export is `Space : Page`.
    name = title.partition(" : ")[2] or title
    return f"# {_safe(name)}\n\n{body}\n" if name else f"{body}\n"


def _safe(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.title = ""
        self.open: list[str] = []
        self.hushed = 0  # how deep inside of what is not read
        self.lists: list[str] = []
        self.targets: list[str] = []
        self.cells = self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            return self._void(tag, given)
        if len(self.open) < DEEPEST:
            self.open.append(tag)
        quiet = tag in _SILENT or given.get("id") in _FURNITURE
        if self.hushed or quiet:
            self.hushed += 1
            return None
        return self._begin(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        if self.hushed:
            self.hushed -= tag not in _VOID
            return
        self._end(tag)

    def handle_data(self, data: str) -> None:
        if "title" in self.open[-2:]:
            self.title += data[:300]
        elif not self.hushed:
            self.out.append(data if "pre" in self.open else _safe(re.sub(r"\s+", " ", data)))

    def _void(self, tag: str, given: dict[str, str]) -> None:
        if self.hushed:
            return
        if tag == "br":
            self.out.append("\n" if "pre" in self.open else "  \n")
        elif tag == "hr":
            self.out.append("\n\n---\n\n")
        elif tag == "img" and given.get("alt"):
            self.out.append(f"({_safe(given['alt'][:200])})")

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if re.fullmatch(r"h[1-6]", tag):
            self.out.append(f"\n\n{'#' * min(int(tag[1]) + 1, 6)} ")
        elif tag == "pre":
            self.out.append("\n\n```\n")
        elif tag in {"ul", "ol"}:
            self.lists.append(tag)
            self.out.append("\n" if len(self.lists) > 1 else "\n\n")
        elif tag == "li":
            mark = "1." if self.lists[-1:] == ["ol"] else "-"
            self.out.append(f"\n{'   ' * min(max(len(self.lists) - 1, 0), 10)}{mark} ")
        elif tag == "a":
            self.targets.append(_target(given.get("href", "")))
            self.out.append("[" if self.targets[-1] else "")
        elif tag == "tr":
            self.cells = 0
            self.out.append("\n|")
        elif tag in {"td", "th"}:
            self.cells += 1
            self.out.append(" ")
        else:
            self._plain(tag)

    def _plain(self, tag: str) -> None:
        if tag == "table":
            self.rows = 0
        inside = {"td", "th", "li"} & set(self.open)
        if tag in _BLOCKS and not inside:
            self.out.append("\n\n")
        elif tag in _MARKS and "pre" not in self.open:
            self.out.append(_MARKS[tag])

    def _end(self, tag: str) -> None:
        if tag == "pre":
            self.out.append("\n```\n\n")
        elif tag in {"ul", "ol"}:
            self.lists = self.lists[:-1]
            self.out.append("\n")
        elif tag == "a" and self.targets:
            target = self.targets.pop()
            self.out.append(f"]({target})" if target else "")
        elif tag in {"td", "th"}:
            self.out.append(" |")
        elif tag == "tr":
            self.out.append(self._rule())
        elif tag == "table" or re.fullmatch(r"h[1-6]", tag):
            self.out.append("\n\n")
        else:
            self._plain(tag)

    def _rule(self) -> str:
        """The line under a table's first row, which Markdown takes for its head."""
        self.rows += 1
        return "\n|" + " --- |" * min(self.cells, 100) if self.rows == 1 else ""


def _target(address: str) -> str:
    """Where a link leads, if that is somewhere safe."""
    address = html.unescape(address).strip()
    if re.match(r"(?i)(?:https?|mailto):", address):
        return re.sub(r"[\s()<>\"]", "", address)[:1000]
    return ""
