"""What an import would bring, said before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from apps.core.errors import PortalError
from apps.integrations.ports import HubModel
from apps.models.choices import ImportSource
from apps.models.hub import choose, place
from apps.models.hub.choose import Chosen, Options
from apps.models.hub.folder import Folder
from apps.models.hub.origin import origin
from apps.models.models import ModelImport, ModelVersion
from apps.projects.models import Project


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a model; `trouble` says why it could not be imported as asked."""

    model: HubModel | None
    chosen: Chosen | None
    trouble: str = ""
    present: ModelVersion | None = None

    @property
    def ready(self) -> bool:
        return self.chosen is not None and not self.trouble


def look(project: Project, source: str, repo: str, revision: str, options: Options) -> Preview:
    """Ask the origin; whatever it refuses is part of the answer."""
    try:
        model = _described(project, source, repo, revision)
    except PortalError as error:
        return Preview(None, None, str(error))
    try:
        found = choose.chosen(model.files, options)
        place.check_room(found.size)
    except PortalError as error:
        return Preview(model, None, str(error))
    return Preview(model, found, present=_present(project, source, model))


def _described(project: Project, source: str, repo: str, revision: str) -> HubModel:
    if source == ImportSource.FOLDER:
        return Folder(repo).describe(digests=False)  # reading it whole is the job's work
    return origin(project, source, repo, revision).describe()


def _present(project: Project, source: str, model: HubModel) -> ModelVersion | None:
    """The version that an earlier import of the same commit became."""
    if not model.commit:
        return None
    done = ModelImport.objects.filter(
        project=project, source=source, repo=model.repo, commit=model.commit, state="done"
    )
    row = done.exclude(version=None).select_related("version__model").first()
    return row.version if row and row.version and row.version.deleted_at is None else None
