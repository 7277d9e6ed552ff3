"""Figures side by side: what the portal takes, and what the tool beside it takes, in the same run.

Each module is one bench with a `main()`; `python -m bench NAME` runs one, without a name all of them.
"""


class Skipped(Exception):
    """A bench cannot run here; says what it takes."""
