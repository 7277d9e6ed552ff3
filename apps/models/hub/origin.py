"""Where a model comes from, whatever that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from apps.integrations import selectors as integrations
from apps.integrations.ports import HubFile, HubModel, ModelHub
from apps.models.choices import ImportSource
from apps.models.hub.folder import Folder
from apps.projects.models import Project


class Origin(Protocol):
    """Says which files a model has, and hands them out."""

    def describe(self) -> HubModel: ...

    def fetch(
        self, model: HubModel, file: HubFile, to: Path, heard: Callable[[int], None]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class FromHub:
    """A repository at a revision, through the project's connection."""

    hub: ModelHub
    repo: str
    revision: str

    def describe(self) -> HubModel:
        return self.hub.describe(self.repo, self.revision)

    def fetch(self, model: HubModel, file: HubFile, to: Path, heard: Callable[[int], None]) -> None:
        self.hub.fetch(model, file, to, heard)


def origin(project: Project, source: str, repo: str, revision: str) -> Origin:
    """The place behind what somebody asked for."""
    if source == ImportSource.FOLDER:
        return Folder(repo)
    return FromHub(integrations.connector_for(project, ModelHub), repo, revision)
