"""The configurations of a deployment over time, and what a change of them means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import QuerySet
from pydantic.fields import FieldInfo

from apps.core.errors import NotFound
from apps.deployments.configs import AT_ONCE, Config
from apps.deployments.models import Configuration, Deployment
from apps.integrations import base

DEFAULTS = 0  # the number of what holds before anybody changed anything


@dataclass(frozen=True, slots=True)
class Stand:
    """A configuration with the number by which it is known."""

    number: int
    config: Config
    row: Configuration | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"Configuration {self.number}" if self.number else "The defaults"


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs between two configurations."""

    path: str
    label: str
    before: str
    after: str

    @property
    def at_once(self) -> bool:
        """Whether it holds without a new release."""
        return self.path in AT_ONCE


def current(deployment: Deployment) -> Stand:
    """The configuration in force."""
    newest = deployment.configurations.select_related("by").first()
    return _stand(newest)


def numbered(deployment: Deployment, number: int) -> Stand:
    """An earlier configuration; 0 are the defaults."""
    if number == DEFAULTS:
        return _stand(None)
    row = deployment.configurations.select_related("by").filter(number=number).first()
    if row is None:
        raise NotFound(what=f"configuration of {deployment.slug}")
    return _stand(row)


def history(deployment: Deployment) -> QuerySet[Configuration]:
    """Every configuration that somebody made."""
    return deployment.configurations.select_related("by")


def with_changes(rows: Sequence[Configuration]) -> list[tuple[Configuration, list[str]]]:
    """Configurations, newest first, each with the names of what it changed in the one before."""
    configs = [*(Config.model_validate(row.body) for row in rows), Config()]
    return [
        (row, [change.label for change in changes(before, after)])
        for row, (after, before) in zip(rows, pairwise(configs), strict=True)
    ]


def changes(before: Config, after: Config) -> list[Change]:
    """What differs, setting by setting."""
    was, now = flat(before), flat(after)
    return [
        Change(path, label(path, info), shown(was[path]), shown(now[path]))
        for path, info in base.fields(Config)
        if was[path] != now[path]
    ]


def facts(config: Config) -> list[tuple[str, str, bool]]:
    """Every setting by its name, for reading; and whether a change of it holds at once."""
    values = flat(config)
    return [
        (label(path, info), shown(values[path]), path in AT_ONCE)
        for path, info in base.fields(Config)
    ]


def flat(config: Config) -> dict[str, Any]:
    """Every setting by its dotted path."""
    found: dict[str, Any] = {}
    for path, _ in base.fields(Config):
        value: Any = config
        for name in path.split("."):
            value = getattr(value, name)
        found[path] = value
    return found


def label(path: str, info: FieldInfo) -> str:
    """What people call a setting."""
    name = path.rpartition(".")[2]
    return info.title or name.replace("_", " ").capitalize()


def shown(value: Any) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value) or "none"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).replace("_", " ") if value != "" else "not set"


def _stand(row: Configuration | None) -> Stand:
    if row is None:
        return Stand(DEFAULTS, Config())
    return Stand(row.number, Config.model_validate(row.body), row)
