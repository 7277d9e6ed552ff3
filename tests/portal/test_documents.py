"""What the pages for operators promise."""

from __future__ import annotations

import re

from portal.operations.doctor.examine import CHECKS
from tests.portal.polling import ROOT

PAGES = ROOT / "docs" / "operations"


def test_every_setting_has_its_line() -> None:
    read = set(re.findall(r'source\.\w+\("([A-Z_]+)"', (ROOT / "portal" / "env.py").read_text()))
    page = (PAGES / "settings.md").read_text()
    internal = {"DEBUG", "PROMETHEUS_MULTIPROC_DIR"}
    missing = {name for name in read - internal if f"`{name}`" not in page}
    assert not missing


def test_every_check_of_the_doctor_has_its_line() -> None:
    page = (PAGES / "doctor.md").read_text()
    words = {check.__name__.rstrip("s").replace("_", " ") for check in CHECKS}
    renamed = {"queue": "redis", "data dir": "data folder"}
    assert not {word for word in words if renamed.get(word, word) not in page}


def test_the_pages_link_to_pages_that_are_there() -> None:
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (PAGES / target).exists(), f"{page.name}: {target}"
