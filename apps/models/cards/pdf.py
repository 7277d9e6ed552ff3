"""Markdown as a PDF with text, tables and page numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode as Node
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import HRFlowable, LongTable, Paragraph, SimpleDocTemplate, TableStyle
from reportlab.platypus.flowables import Flowable

from apps.models.cards import pdf_fonts
from apps.models.cards.pdf_fonts import markup

SIZES = {"h1": 18, "h2": 14, "h3": 12, "h4": 11, "h5": 10, "h6": 10}
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
INDENT, DEEPEST = 12, 8
GREY = colors.Color(0.75, 0.75, 0.75)
GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, GREY),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("BACKGROUND", (0, 0), (-1, 0), colors.Color(0.94, 0.94, 0.94)),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)
BODY = ParagraphStyle("body", fontName="Sans", fontSize=9, leading=12.5, spaceAfter=5)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=8, leading=10.5, spaceAfter=0)
CODE = ParagraphStyle("code", parent=BODY, fontName="Mono", fontSize=7.5, leading=10)


def pdf(text: str, *, title: str, foot: str) -> bytes:
    """The text as a PDF; `foot` stands on every page beside its number."""
    pdf_fonts.register()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author="Signalbox",
        lang="en",
        invariant=1,
    )
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    story = list(_blocks(Node(parser.parse(text)), 0))
    document.build(story, canvasmaker=partial(_Numbered, foot=foot))
    return out.getvalue()


class _Numbered(Canvas):  # type: ignore[misc]  # reportlab is not annotated
    """Draws the feet at the end, when the number of pages is known."""

    def __init__(self, *args: Any, foot: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._foot = foot
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self._draw_foot(f"Page {number} of {len(self._pages)}")
            super().showPage()
        super().save()

    def _draw_foot(self, number: str) -> None:
        self.setFont("Sans", 7)
        self.setFillGray(0.35)
        self.drawString(MARGIN, 10 * mm, self._foot)
        self.drawRightString(A4[0] - MARGIN, 10 * mm, number)


def _blocks(parent: Node, depth: int) -> Iterator[Flowable]:
    """What stands inside a block, one piece under the other."""
    for node in parent.children:
        match node.type:
            case "heading":
                yield Paragraph(_inline(node), _heading(node.tag))
            case "paragraph":
                yield Paragraph(_inline(node), _indented(BODY, depth))
            case "bullet_list" | "ordered_list":
                yield from _items(node, depth)
            case "fence" | "code_block":
                yield Paragraph(_code(node.content), _indented(CODE, depth))
            case "table":
                yield from _table(node)
            case "hr":
                yield HRFlowable(width="100%", color=GREY, spaceBefore=4, spaceAfter=8)
            case _:
                yield from _blocks(node, depth + 1)


def _items(node: Node, depth: int) -> Iterator[Flowable]:
    first = int(node.attrs.get("start", 1) or 1)
    for number, item in enumerate(node.children, first):
        mark = f"{number}." if node.type == "ordered_list" else "\u2022"
        for position, piece in enumerate(_blocks(item, depth + 1)):
            if position == 0 and isinstance(piece, Paragraph):
                yield Paragraph(piece.text, piece.style, bulletText=mark)
            else:
                yield piece


def _heading(tag: str) -> ParagraphStyle:
    size = SIZES[tag]
    return ParagraphStyle(
        tag,
        parent=BODY,
        fontName="Sans-Bold",
        fontSize=size,
        leading=size * 1.3,
        spaceBefore=size * 0.7,
        spaceAfter=size * 0.35,
        keepWithNext=1,
    )


def _indented(style: ParagraphStyle, depth: int) -> ParagraphStyle:
    left = INDENT * min(depth, DEEPEST)
    bullet = max(left - INDENT, 0)
    return ParagraphStyle(
        f"{style.name}{depth}", parent=style, leftIndent=left, bulletIndent=bullet
    )


def _table(node: Node) -> Iterator[Flowable]:
    rows = [list(row.children) for part in node.children for row in part.children]
    cells = [[Paragraph(_inline(cell), CELL) for cell in row] for row in rows]
    widths = _widths([[len(_plain(cell)) for cell in row] for row in rows])
    yield LongTable(cells, colWidths=widths, style=GRID, repeatRows=1, splitInRow=1, spaceAfter=8)


def _widths(lengths: list[list[int]]) -> list[float]:
    """Columns by the length of their longest cell, none starved and none greedy."""
    longest = [min(max(max(column), 6), 48) for column in zip(*lengths, strict=True)]
    return [WIDTH * each / sum(longest) for each in longest]


def _plain(node: Node) -> str:
    return node.content if not node.children else "".join(_plain(each) for each in node.children)


def _code(content: str) -> str:
    lines = content.rstrip("\n").replace("\t", "    ").split("\n")
    return "<br/>".join(markup(line.replace(" ", "\u00a0")) for line in lines)


def _inline(node: Node) -> str:
    return "".join(_piece(each) for each in node.children)


def _piece(node: Node) -> str:
    match node.type:
        case "text" | "html_inline" | "text_special":
            return markup(node.content)
        case "softbreak":
            return " "
        case "hardbreak":
            return "<br/>"
        case "strong":
            return f"<b>{_inline(node)}</b>"
        case "em":
            return f"<i>{_inline(node)}</i>"
        case "s":
            return f"<strike>{_inline(node)}</strike>"
        case "code_inline":
            return f'<font name="Mono">{markup(node.content)}</font>'
        case "link":
            return _link(node)
        case "image":
            return markup(f"[picture: {node.content}]")
        case _:
            return _inline(node)


def _link(node: Node) -> str:
    """A link that leads to a page; anything else stays text."""
    target = str(node.attrs.get("href", ""))
    if urlsplit(target).scheme not in {"http", "https", "mailto"}:
        return _inline(node)
    return f'<a href={quoteattr(target)} color="#1f4fa3">{_inline(node)}</a>'
