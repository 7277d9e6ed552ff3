"""Take the README's picture: a deployment in a portal that runs with its demo.

.venv/bin/python docs/tour/picture.py http://localhost:8000 ./data
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent / "deployment.png"
CHROMIUM = "/usr/bin/chromium"
WHO = "olga"  # an owner of the demo's projects
PAGE = "/deployments/tumour-screening/"
SIZE = {"width": 1280, "height": 800}


def main(portal: str, data: str) -> None:
    """Sign in as an owner and take what the window shows of a deployment."""
    lines = (Path(data) / "secrets" / "demo_passwords").read_text().splitlines()
    passwords = dict(line.split() for line in lines)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(f"{portal}/accounts/login/")
        page.fill("input[name=login]", WHO)
        page.fill("input[name=password]", passwords[WHO])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{portal}/")
        page.goto(f"{portal}{PAGE}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=HERE)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
