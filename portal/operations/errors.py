"""Why a backup or a restore is refused: one line with the remedy."""

from __future__ import annotations


class Refused(Exception):
    """The message is one line for the person at the terminal."""
