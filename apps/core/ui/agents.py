"""A browser's long description of itself in a few words."""

from __future__ import annotations

import re

# The order matters: most browsers also name the ones they descend from.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+).*Safari"),
    ("curl", r"curl/(\d+)"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux"),
)


def browser(text: str) -> str:
    """Say "Firefox 140 on Linux"; what is not recognised stays as it came."""
    named = next(
        (f"{name} {found[1]}" for name, sign in _BROWSERS if (found := re.search(sign, text))), ""
    )
    system = next((name for name, sign in _SYSTEMS if sign in text), "")
    return f"{named} on {system}" if named and system else named or text
