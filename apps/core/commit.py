"""What waits for the commit and must not disturb it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVarTuple

from django.db import transaction

Ts = TypeVarTuple("Ts")


def after_commit(act: Callable[[*Ts], object], *args: *Ts) -> None:
    """Call `act` once the current transaction is stored; where it fails, that is logged and no more."""
    # Not a partial: Django asks a robust callback that failed for its name.
    transaction.on_commit(lambda: act(*args), robust=True)
