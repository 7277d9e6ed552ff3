"""How long until a person sees a page: a real Chromium, nothing cached."""

from __future__ import annotations

import statistics
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TRIES = 5
# The rows come with the page itself: they stand once it is parsed and something is painted.
CONTENT = """() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0]
  const page = performance.getEntriesByType('navigation')[0]
  return document.querySelectorAll('tbody tr').length ? Math.max(paint.startTime, page.domInteractive) : null
}"""


def content(address: str, path: str, session: str) -> float | None:
    """The median of a few first visits in milliseconds; `None` where there is no Chromium."""
    if not CHROMIUM.exists():
        return None
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        taken = []
        for _ in range(TRIES):
            context = chromium.new_context(viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": "signalbox_session", "value": session, "url": address}])
            page = context.new_page()
            page.goto(address + path)
            page.wait_for_selector("tbody tr")
            taken.append(page.evaluate(CONTENT))
            context.close()
        chromium.close()
    print(f"page in Chromium    {', '.join(f'{each:.0f}' for each in taken)} ms")
    return float(statistics.median(taken))
