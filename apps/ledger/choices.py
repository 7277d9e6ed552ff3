from __future__ import annotations

from django.db import models


class Fault(models.TextChoices):
    """In what way a place of the chain does not hold."""

    CHANGED = "row_changed", "the row was changed after it was sealed"
    MISSING = "row_missing", "the row was deleted"
    SEAL_MISSING = "seal_missing", "its seal is missing"
    SEAL_CHANGED = "seal_changed", "its seal was changed; the row itself fits the chain"
    ORDER = "order", "another row stands in this place"
    REWRITTEN = "rewritten", "the chain was written anew since it was verified here"
    CUT = "cut", "the rows from here on are gone; the chain has been longer"
