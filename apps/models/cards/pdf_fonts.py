"""Fonts for the PDF: DejaVu, which matplotlib brings, and the readers' own for Chinese, Japanese, Korean."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

FACES = {
    "Sans": "DejaVuSans",
    "Sans-Bold": "DejaVuSans-Bold",
    "Sans-Italic": "DejaVuSans-Oblique",
    "Sans-BoldItalic": "DejaVuSans-BoldOblique",
    "Mono": "DejaVuSansMono",
}
HAN, KANA, HANGUL = "STSong-Light", "HeiseiKakuGo-W5", "HYGothic-Medium"
# By writing system; the Han font stands first in no text that has kana or hangul of its own.
EASTERN = (
    (KANA, re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9d]")),
    (HANGUL, re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")),
    (HAN, re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60]")),
)
UNKNOWN = "\ufffd"


@lru_cache(maxsize=1)
def register() -> None:
    """Make the fonts known to reportlab, once for a process."""
    found = find_spec("matplotlib")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0]) / "mpl-data/fonts/ttf"
    for name, file in FACES.items():
        pdfmetrics.registerFont(TTFont(name, folder / f"{file}.ttf"))
    pdfmetrics.registerFontFamily(
        "Sans", normal="Sans", bold="Sans-Bold", italic="Sans-Italic", boldItalic="Sans-BoldItalic"
    )
    pdfmetrics.registerFontFamily("Mono", normal="Mono", bold="Mono", italic="Mono")
    for name in (HAN, KANA, HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


def markup(plain: str) -> str:
    """Text as reportlab's markup, each stretch in a font that has its letters."""
    return "".join(_stretch(font, part) for font, part in _stretches(plain))


def _stretches(plain: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for letter in plain:
        font = _font(letter)
        shown = letter if font is not None else UNKNOWN
        name = font or ""
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + shown)
        else:
            found.append((name, shown))
    return found


def _stretch(font: str, part: str) -> str:
    return f'<font name="{font}">{escape(part)}</font>' if font else escape(part)


def _font(letter: str) -> str | None:
    """ "" for the text's own font, the name of another, `None` where no font has the letter."""
    if letter in " \n\t" or ord(letter) in _known():
        return ""
    return next((name for name, letters in EASTERN if letters.match(letter)), None)


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    face = pdfmetrics.getFont("Sans").face
    return frozenset(face.charToGlyph)
