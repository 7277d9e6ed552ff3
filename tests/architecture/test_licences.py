"""The project is Apache-2.0: nothing it needs may forbid that."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

LOCK = Path("requirements/base.txt")
ALLOWED = re.compile(
    r"apache|bsd|mit|mpl|mozilla|python software|psf|isc|zlib|lgpl|unlicense|0bsd|cnri|mit-0", re.I
)
FORBIDDEN = re.compile(
    r"agpl|affero|(?<!l)gpl-|gnu general public|sspl|busl|proprietary only", re.I
)
# The metadata of these names no licence; their licence file was read.
READ_BY_HAND = {"huey": "MIT", "skops": "MIT"}

PACKAGES = sorted(set(re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK.read_text(), re.M)))


def licence_of(package: str) -> str | None:
    """What the installed metadata says; None for a package of another platform."""
    try:
        facts = metadata(package)
    except PackageNotFoundError:
        return None
    classifiers = facts.get_all("Classifier") or []
    named = [line.rpartition("::")[2] for line in classifiers if line.startswith("License ::")]
    texts = [facts.get("License-Expression"), *named, (facts.get("License") or "")[:60]]
    return "; ".join(text.strip() for text in texts if text)


@pytest.mark.parametrize("package", PACKAGES)
def test_its_licence_allows_ours(package: str) -> None:
    licence = READ_BY_HAND.get(package) or licence_of(package)
    if licence is None:
        pytest.skip("belongs to another platform")
    assert ALLOWED.search(licence), f"{package}: {licence or 'no licence named'}"
    assert not FORBIDDEN.search(licence), f"{package}: {licence}"
