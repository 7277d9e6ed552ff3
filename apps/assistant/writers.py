"""The writer that words an answer where nobody chooses one: the first model in order."""

from __future__ import annotations

from apps.assistant.providers import order
from apps.assistant.providers.writer import ModelWriter


def connected(project_id: int | None = None) -> ModelWriter | None:
    """The writer that is set up, if any."""
    sites = order.chosen(project_id)
    return ModelWriter(sites[0]) if sites else None
