from __future__ import annotations

import base64
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction

from apps.core import access, live
from apps.core.access import Role
from apps.core.fields import Secret
from apps.integrations import catalog, opening, references
from apps.integrations.base import (
    DESTINATION,
    GENERATED,
    PREVIOUS,
    Config,
    marked,
    secret_paths,
)
from apps.integrations.errors import (
    BadReference,
    ConfigInvalid,
    NameTaken,
    NothingToRotate,
    ReferenceRefused,
    SecretsNeeded,
)
from apps.integrations.models import Connection
from apps.integrations.ports import SecretStore
from apps.integrations.references import InVault
from apps.ledger.services import record
from apps.projects.errors import ProjectArchived
from apps.projects.models import Project

Given = Mapping[str, str | None]
NO_SECRETS: Given = {}


@dataclass(frozen=True, slots=True)
class Made:
    """A connection, and the secret the portal made for it, to be shown this once."""

    connection: Connection
    secret: str | None


@transaction.atomic
def create_connection(
    *,
    project: Project | None,
    slug: str,
    name: str,
    values: Mapping[str, Any],
    by: AbstractUser,
    secrets: Given = NO_SECRETS,
) -> Made:
    """Connect a project, or with `None` the whole site, to a system of the catalog."""
    config = catalog.entry(slug).load().config_class
    _check_open(project)
    connection = Connection(project=project, slug=slug, name=name)
    given = {path: text for path, text in secrets.items() if text}
    made = {path: _random_secret() for path in marked(config, GENERATED) if path not in given}
    _fill(connection, config, values, {**given, **made}, by=by)
    _save_named(connection)
    data = {"connector": slug, "secrets": sorted(connection.secrets_set)}
    _record("integrations.connection_created", connection, by=by, data=data)
    return Made(connection, next(iter(made.values()), None))


@transaction.atomic
def update_connection(
    *,
    connection: Connection,
    by: AbstractUser,
    name: str | None = None,
    values: Mapping[str, Any] | None = None,
    secrets: Given | None = None,
) -> Connection:
    """Change what is given. A secret that is not mentioned stays, `None` takes it out."""
    row = _locked(connection)
    config = row.entry.load().config_class
    stored, before, old_name = row.stored_secrets(), dict(row.values), row.name
    changed = _changed_secrets(stored, secrets or {})
    wanted = {path: text for path, text in {**stored, **changed}.items() if text}
    row.name = name or row.name
    _fill(row, config, before if values is None else values, wanted, by=by, fresh=changed)
    if config_moved := [path for path in marked(config, DESTINATION) if _moved(path, before, row)]:
        _require_fresh(config_moved[0], stored, secrets or {})
    _save_named(row)
    fields = _difference(old_name, row, before) + [f"secrets.{path}" for path in changed]
    if fields:
        _record("integrations.connection_edited", row, by=by, data={"fields": fields})
    live.changed(row.topic)
    return row


@transaction.atomic
def set_enabled(*, connection: Connection, enabled: bool, by: AbstractUser) -> Connection:
    """Let a connection work, or rest. Safe to repeat."""
    row = _locked(connection)
    if row.enabled != enabled:
        row.enabled = enabled
        row.save(update_fields=["enabled", "updated_at"])
        verb = "integrations.connection_enabled" if enabled else "integrations.connection_disabled"
        _record(verb, row, by=by)
        live.changed(row.topic)
    return row


@transaction.atomic
def delete_connection(*, connection: Connection, by: AbstractUser) -> None:
    """Remove a connection with its secrets and deliveries."""
    row = _locked(connection)
    _record("integrations.connection_deleted", row, by=by, data={"connector": row.slug})
    row.delete()


@transaction.atomic
def rotate_secret(*, connection: Connection, by: AbstractUser, secret: str | None = None) -> str:
    """Put a new secret in use; the one before it stays valid until it is retired."""
    row = _locked(connection)
    path, previous = _rotating(row)
    stored = row.stored_secrets()
    new = secret or _random_secret()
    wanted = {**stored, path: new, previous: stored[path]}
    _fill(row, row.entry.load().config_class, row.values, wanted, by=by, fresh={path: new})
    row.save(update_fields=["secrets", "secrets_set", "updated_at"])
    _record("integrations.secret_rotated", row, by=by)
    live.changed(row.topic)
    return new


@transaction.atomic
def retire_previous_secret(*, connection: Connection, by: AbstractUser) -> None:
    """Let the secret from before the last rotation count no longer. Safe to repeat."""
    row = _locked(connection)
    _, previous = _rotating(row)
    stored = row.stored_secrets()
    if stored.pop(previous, None) is None:
        return
    row.secrets, row.secrets_set = Secret.of(stored), sorted(stored)
    row.save(update_fields=["secrets", "secrets_set", "updated_at"])
    _record("integrations.secret_retired", row, by=by)
    live.changed(row.topic)


def _locked(connection: Connection) -> Connection:
    """The connection as it is now, locked: two people cannot write over each other's secrets."""
    rows = Connection.objects.select_for_update(of=["self"]).select_related("project")
    row = rows.get(pk=connection.pk)
    _check_open(row.project)
    return row


def _check_open(project: Project | None) -> None:
    if project is not None and project.is_archived:
        raise ProjectArchived(project=project.name)


def _fill(
    row: Connection,
    config: type[Config],
    values: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    by: AbstractUser,
    fresh: Mapping[str, Any] | None = None,
) -> None:
    """Put checked settings into the row; `fresh` are the secrets `by` has just entered."""
    known = secret_paths(config)
    for path in secrets:
        if path not in known:
            fields = {path: "there is no such secret"}
            raise ConfigInvalid(summary=f"{path}: there is no such secret.", fields=fields)
    for path in secrets if fresh is None else fresh:
        _check_reference(row, secrets.get(path) or "", by=by)
    checked = opening.validated(config, values, secrets)
    row.values = _without(checked.model_dump(mode="json"), known)
    row.secrets, row.secrets_set = Secret.of(dict(secrets)), sorted(secrets)


def _check_reference(row: Connection, text: str, *, by: AbstractUser) -> None:
    """A project's people may name secrets of their own project's stores, and no others."""
    place = references.parse(text)
    if place is None:
        return
    if not isinstance(place, InVault):
        if not access.is_site_admin(by):
            raise ReferenceRefused(reference=place.text)
        return
    if SecretStore in row.entry.provides:
        raise BadReference(reference=text, reason="a store's own secret cannot lie in a store.")
    store = opening.store_of(place)
    if store is None or not _sees(by, store):
        raise BadReference(reference=text, reason="there is no such connection to a store.")
    if store.project_id != row.project_id and not access.is_site_admin(by):
        raise ReferenceRefused(reference=text)


def _sees(by: AbstractUser, store: Connection) -> bool:
    if store.project_id is None:
        return True
    return access.allows(by, store.project_id, Role.MAINTAINER)


def _without(dumped: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    for path in paths:
        *groups, name = path.split(".")
        place: Any = dumped
        for group in groups:
            place = (place or {}).get(group)
        if place:
            place.pop(name, None)
    return dumped


def _changed_secrets(stored: Mapping[str, str], given: Given) -> dict[str, str | None]:
    return {path: text for path, text in given.items() if stored.get(path) != text}


def _moved(path: str, before: Mapping[str, Any], row: Connection) -> bool:
    return bool(before.get(path) != row.values.get(path))


def _require_fresh(field: str, stored: Mapping[str, str], given: Given) -> None:
    if set(stored) - set(given):
        raise SecretsNeeded(field=field)


def _difference(name: str, row: Connection, before: Mapping[str, Any]) -> list[str]:
    """The names of what changed; the values may be addresses, which the ledger does not hold."""
    paths = {*before, *row.values}
    changed = [
        f"values.{path}" for path in sorted(paths) if before.get(path) != row.values.get(path)
    ]
    return changed if name == row.name else ["name", *changed]


def _rotating(row: Connection) -> tuple[str, str]:
    config = row.entry.load().config_class
    current, previous = marked(config, GENERATED), marked(config, PREVIOUS)
    if not current or not previous:
        raise NothingToRotate(name=row.name)
    return current[0], previous[0]


def _save_named(connection: Connection) -> None:
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError as error:
        raise NameTaken(name=connection.name) from error


def _random_secret() -> str:
    return "whsec_" + base64.b64encode(randomness.token_bytes(32)).decode()


def _record(
    verb: str, row: Connection, *, by: AbstractUser, data: dict[str, Any] | None = None
) -> None:
    record(actor=by, verb=verb, subject=row, project_id=row.project_id, data=data)
