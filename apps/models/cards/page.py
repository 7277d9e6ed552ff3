"""A card as one file of HTML that needs nothing else and runs nothing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.utils.html import escape

from apps.models.cards.marks import stamp
from apps.models.cards.whole import WholeCard

STYLE = Path(__file__).with_name("page.css")
# Whoever opens the file lets it load and run nothing, whatever stands in it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}</main>
<footer>{footer}</footer>
</body>
</html>
"""


def html(card: WholeCard, *, made_at: datetime) -> str:
    """The card as a page of its own."""
    return PAGE.format(
        policy=POLICY,
        title=escape(card.title),
        style=STYLE.read_text(),
        body=card.html,
        footer=escape(f"Generated from the portal's records on {stamp(made_at)}."),
    )
