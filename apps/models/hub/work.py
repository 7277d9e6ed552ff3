"""The whole way of an import, each step safe to run twice."""

from __future__ import annotations

from pathlib import Path

from apps.core.jobs import Progress
from apps.integrations.ports import HubModel
from apps.models.choices import ImportState
from apps.models.hub import carry, choose, place, store
from apps.models.hub.carry import Meter
from apps.models.hub.choose import Chosen, Options
from apps.models.hub.origin import Origin, origin
from apps.models.models import ModelImport
from apps.models.services import imports as services


def bring_in(row: ModelImport, progress: Progress) -> ModelImport:
    """Look up, fetch, store, register; a model that is here already at this commit stays the one."""
    if row.state == ImportState.DONE:
        return row  # the worker died after its last step
    progress(1, f"Looking up {row.repo}")
    source = origin(row.project, row.source, row.repo, row.revision)
    model = source.describe()
    found = choose.chosen(model.files, Options.of(row.options))
    row = services.pin(row=row, commit=model.commit, licence=model.licence, size=found.size)
    if row.same_as_id is not None:
        progress(95, f"It is here already, as {row.version}")
        return row
    return _carry(row, source, model, found, progress)


def _carry(
    row: ModelImport, source: Origin, model: HubModel, found: Chosen, progress: Progress
) -> ModelImport:
    progress.log(f"{row.repo} at {row.commit}, licence {row.licence or 'not said'}")
    for path, why in found.left_out:
        progress.log(f"Left out {path}: {why}")
    place.check_room(found.size)
    folder = place.folder(row)
    files = _fetched(row, source, model, found, Meter(progress, "Fetched", found.size, (5, 60)))
    with progress.holding():  # one worker alone makes the run, another finds it
        run = store.run_of(row, model.endpoint)
    store.put_files(row, run, files, Meter(progress, "Stored", found.size, (60, 92)))
    progress(93, f"Registering {row.name}")
    with progress.holding():
        version = store.version_of(row, run, model.endpoint)
        row = services.finish_import(row=row, version=version)
    place.clear(folder)
    return row


def _fetched(
    row: ModelImport, source: Origin, model: HubModel, found: Chosen, heard: Meter
) -> dict[str, Path]:
    """The chosen files by name, each looked into."""
    folder, options = place.folder(row), Options.of(row.options)
    files: dict[str, Path] = {}
    for file in found.files:
        files[file.path] = carry.fetch(source, model, file, folder, heard)
        carry.check(files[file.path], file, options)
    return files
