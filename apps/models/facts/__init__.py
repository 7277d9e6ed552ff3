"""The facts of a version: what stands in its files, read once and kept on the version."""

from apps.models.facts.store import give_up, keep, of

__all__ = ["give_up", "keep", "of"]
