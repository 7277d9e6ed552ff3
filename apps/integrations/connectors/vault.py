"""Reads secrets from a KV engine, version 2, of HashiCorp Vault or OpenBao."""

from __future__ import annotations

from functools import cached_property
from typing import Self
from urllib.parse import quote

from pydantic import Field, HttpUrl, SecretStr, model_validator

from apps.core.errors import NotFound
from apps.core.http import Absent, BadAnswer, Http, Tls
from apps.integrations.base import DESTINATION, LONG, Config, Connector

PATH = r"^[\w./-]+$"


class AppRole(Config):
    role_id: str = Field(default="", max_length=200, title="Role id")
    secret_id: SecretStr | None = Field(default=None, title="Secret id")


class VaultConfig(Config):
    address: HttpUrl = Field(
        description="For example https://vault.example.org:8200", json_schema_extra=DESTINATION
    )
    mount: str = Field(
        default="secret",
        pattern=PATH,
        max_length=100,
        description="The path of the KV engine, version 2.",
    )
    namespace: str = Field(
        default="", max_length=200, description="Vault Enterprise and OpenBao only."
    )
    token: SecretStr | None = Field(
        default=None, description="A token with a policy that reads what connections name."
    )
    app_role: AppRole = Field(
        default=AppRole(), title="AppRole", description="Instead of a token: role id and secret id."
    )
    certificate: str = Field(
        default="",
        max_length=20_000,
        title="Authority's certificate",
        description="PEM text, if Vault's certificate comes from an authority of your own.",
        json_schema_extra=LONG,
    )

    @model_validator(mode="after")
    def signs_in(self) -> Self:
        role = self.app_role
        if self.token is None and not (role.role_id and role.secret_id):
            raise ValueError("token: enter a token, or the role id and secret id of an AppRole")
        return self


class Vault(Connector[VaultConfig]):
    """A store of secrets with its own rights; the portal reads and never writes."""

    config_class = VaultConfig

    @cached_property
    def http(self) -> Http:
        token = self.config.token.get_secret_value() if self.config.token else self._log_in()
        return self._client({"X-Vault-Token": token})

    def check(self) -> str:
        found = self.http.get("auth/token/lookup-self")
        policies = ", ".join(found["data"].get("policies", [])) or "none"
        return f"Signed in; policies: {policies}."

    def read_secret(self, path: str, field: str) -> str:
        try:
            found = self.http.get(f"{quote(self.config.mount)}/data/{quote(path)}")
        except Absent as error:
            raise NotFound(what=f"secret {path} in Vault") from error
        value = (found or {}).get("data", {}).get("data", {}).get(field)
        if not isinstance(value, str):
            raise NotFound(what=f"field {field} in the secret {path} in Vault")
        return value

    def _log_in(self) -> str:
        role = self.config.app_role
        secret = role.secret_id.get_secret_value() if role.secret_id else ""
        with self._client({}) as http:
            found = http.post(
                "auth/approle/login", json={"role_id": role.role_id, "secret_id": secret}
            )
        token = ((found or {}).get("auth") or {}).get("client_token")
        if not isinstance(token, str):
            raise BadAnswer(service="Vault", reason="it signs in without a token")
        return token

    def _client(self, headers: dict[str, str]) -> Http:
        if self.config.namespace:
            headers["X-Vault-Namespace"] = self.config.namespace
        tls = Tls(ca=self.config.certificate or None)
        root = str(self.config.address).rstrip("/")
        return Http("Vault", f"{root}/v1", headers=headers, tls=tls)
