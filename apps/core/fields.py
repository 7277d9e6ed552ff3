"""Model fields whose values are encrypted in the database and closed until asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from apps.core import crypto


class Secret:
    """A stored secret: printed as `***`, opened by `reveal()` alone."""

    def __init__(self, token: str) -> None:
        self.token = token

    @classmethod
    def of(cls, value: Any) -> Secret:
        """Close a JSON value."""
        return cls(crypto.encrypt(json.dumps(value)))

    def reveal(self) -> Any:
        """The JSON value; `KeyLost` where no present key opens it."""
        return json.loads(crypto.decrypt(self.token))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.token == self.token

    def __hash__(self) -> int:
        return hash(self.token)

    def __repr__(self) -> str:
        return "Secret(***)"


class EncryptedField(models.TextField):  # type: ignore[type-arg]
    """Holds a `Secret`; a plain value is closed when assigned to the database."""

    def from_db_value(self, value: str | None, *_: object) -> Secret | None:
        return None if value is None else Secret(value)

    def to_python(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Secret) else Secret.of(value)

    def get_prep_value(self, value: Any) -> str | None:
        closed = self.to_python(value)
        return None if closed is None else closed.token

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""


@dataclass(slots=True)
class Rotation:
    """What came of encrypting anew: how many secrets were, and where one cannot be read any more."""

    done: int = 0
    lost: list[str] = field(default_factory=list)

    def __iadd__(self, other: Rotation) -> Rotation:
        self.done += other.done
        self.lost += other.lost
        return self


def rotate_all() -> Rotation:
    """Encrypt every stored secret anew under the first key. Safe to run twice and while serving."""
    total = Rotation()
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, EncryptedField):
                total += _rotate(model, column.attname)
    return total


def _rotate(model: type[models.Model], name: str) -> Rotation:
    def anew(row: models.Model) -> dict[str, Any]:
        return {name: Secret(crypto.rotate(getattr(row, name).token))}

    return rotate_rows(model._default_manager.exclude(**{name: None}), anew)


def rotate_rows(rows: models.QuerySet[Any], anew: Callable[[Any], dict[str, Any]]) -> Rotation:
    """Update each row with what `anew(row)` answers; a row whose key is lost is left as it is."""
    total = Rotation()
    for pk in rows.order_by().values_list("pk", flat=True):
        # Row by row under a lock, so that a secret saved meanwhile is not put back.
        with transaction.atomic():
            row = rows.order_by().select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            try:
                rows.model._default_manager.filter(pk=pk).update(**anew(row))
                total.done += 1
            except crypto.KeyLost:
                total.lost.append(f"{rows.model._meta.label_lower} {pk}")
    return total
