"""What the mirror learns from a write that MLflow took. Logging is added from the request; the rest is asked anew."""

from __future__ import annotations

from typing import Any

from apps.models import selectors, services
from apps.models.mirror import refresh, registry, runs
from apps.models.mirror.shapes import whole
from apps.models.models import RegisteredModel
from apps.models.proxy.ask import snake
from apps.models.proxy.change import Change

Json = dict[str, Any]


def experiment_created(change: Change, answer: Json) -> None:
    refresh.experiment(change.project, str(answer.get("experiment_id")))


def experiment_changed(change: Change, answer: Json) -> None:
    refresh.experiment(change.project, change.text("experiment_id"))


def run_created(change: Change, answer: Json) -> None:
    refresh.store_run(change.project, answer["run"], by=change.user)


def run_updated(change: Change, answer: Json) -> None:
    if not runs.note_info(change.project, answer.get("run_info", {})):
        run_changed(change, answer)


def run_changed(change: Change, answer: Json) -> None:
    refresh.run(change.project, _run_id(change))


def batch_logged(change: Change, answer: Json) -> None:
    _logged(change, change.body)


def metric_logged(change: Change, answer: Json) -> None:
    _logged(change, {"metrics": [change.body]})


def param_logged(change: Change, answer: Json) -> None:
    _logged(change, {"params": [change.body]})


def tag_set(change: Change, answer: Json) -> None:
    _logged(change, {"tags": [change.body]})


def model_changed(change: Change, answer: Json) -> None:
    refresh.model(change.project, change.text("name"), by=change.user)


def alias_moved(change: Change, answer: Json) -> None:
    """Of the model's aliases, the client moved this one."""
    own = change.text("alias")
    refresh.model(change.project, change.text("name"), by=change.user, own=own)


def model_renamed(change: Change, answer: Json) -> None:
    """The row follows, so that its history stays with it, unless the new name has a row already."""
    new = str(snake(answer).get("registered_model", {}).get("name", change.text("new_name")))
    named = RegisteredModel.objects.filter(project=change.project)
    row = named.filter(name=change.text("name")).first()
    if row is not None and not named.filter(name=new).exists():
        registry.rename_model(row, new, by=change.user)
    refresh.model(change.project, change.text("name"), by=change.user)
    refresh.model(change.project, new, by=change.user, own=None)


def version_created(change: Change, answer: Json) -> None:
    told = answer.get("model_version", {})
    number = whole(told["version"])
    refresh.version(change.project, told["name"], number, by=change.user)
    if made := selectors.numbered_version(change.project, told["name"], number):
        services.ask_for_facts(version=made, by=change.user)


def version_changed(change: Change, answer: Json) -> None:
    number = whole(change.text("version"))
    refresh.version(change.project, change.text("name"), number, by=change.user)


def stage_moved(change: Change, answer: Json) -> None:
    """The client moved this version, and may have had the others of that stage archived."""
    name, number = change.text("name"), whole(change.text("version"))
    others = selectors.versions_in(change.project, name, change.text("stage"))
    for each in {number, *others}:
        refresh.version(change.project, name, each, by=change.user, staged=True)


def _logged(change: Change, logged: Json) -> None:
    if not runs.log(change.project, _run_id(change), logged):
        refresh.run(change.project, _run_id(change))


def _run_id(change: Change) -> str:
    return change.text("run_id") or change.text("run_uuid")
