"""When the tests that live through a whole story run."""

from __future__ import annotations

import os

import pytest

ASKED_FOR = [
    pytest.mark.slow,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(
        not os.environ.get("DEMO_STORY"),
        reason="set DEMO_STORY=1: it trains the demo's models, which takes minutes",
    ),
]
