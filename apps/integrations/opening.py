"""From a stored connection to a connector that works; the one place that opens secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError

from apps.integrations import references
from apps.integrations.base import Config, Connector, merged
from apps.integrations.errors import BadReference, ConfigInvalid
from apps.integrations.models import Connection
from apps.integrations.ports import SecretStore
from apps.integrations.references import InVault
from apps.integrations.sentences import by_field, summary


def connector(connection: Connection) -> Connector[Any]:
    """The connector with its settings and secrets."""
    secrets = {path: reveal(text) for path, text in connection.stored_secrets().items()}
    with_secrets = merged(connection.values, secrets)
    try:
        return connection.entry.load()(with_secrets)
    except ValidationError as error:
        raise invalid(error, connection.entry.load().config_class) from error


def reveal(text: str) -> str:
    """The secret that a stored text is, or that it names."""
    match references.parse(text):
        case None:
            return text
        case InVault() as place:
            return _store(place).read_secret(place.path, place.field)
        case place:
            return place.read()


def store_of(place: InVault) -> Connection | None:
    """The connection a reference goes through, where it is one to a store of secrets."""
    found = Connection.objects.enabled().filter(pk=place.connection_id).first()
    return found if found and SecretStore in found.entry.provides else None


def invalid(error: ValidationError, config: type[Config]) -> ConfigInvalid:
    """What pydantic found, as sentences by field."""
    fields = by_field(error, config)
    return ConfigInvalid(summary=summary(fields), fields=fields)


def validated(
    config: type[Config], values: Mapping[str, Any], secrets: Mapping[str, str]
) -> Config:
    """The settings checked as a whole; a reference stands for its secret."""
    try:
        return config.model_validate(merged(values, secrets))
    except ValidationError as error:
        raise invalid(error, config) from error


def _store(place: InVault) -> SecretStore:
    connection = store_of(place)
    if connection is None:
        raise BadReference(reference=place.text, reason="the connection it goes through is gone.")
    return cast(SecretStore, connector(connection))
