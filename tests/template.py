"""A migrated database that each test process copies."""

from __future__ import annotations

from tests import forks


def make() -> None:
    """Bring the empty database of this run to where all migrations lead."""
    forks.manage("migrate", "--verbosity=0")
