"""A kubeconfig as text: its current context, without running or opening anything that it names."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from typing import Any

import yaml

from apps.core.errors import Invalid
from apps.integrations.clusters.shapes import Json, items, part, text

_RUNS = ("exec", "auth-provider")
FILES = "it names files. Make it whole with kubectl config view --flatten --minify."
_OPENS = ("tokenFile", "client-certificate", "client-key")


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster answers and how one signs in there."""

    server: str
    ca: str = ""
    token: str = field(default="", repr=False)
    client: str = field(default="", repr=False)


def read(content: str) -> Access:
    """The access of the current context; programs and files of this machine are refused."""
    cluster, user = _current(content)
    _refuse_user(user)
    certificate = _decoded(user, "client-certificate-data")
    key = _decoded(user, "client-key-data")
    server, ca = _place(cluster)
    found = Access(
        server=server,
        ca=ca,
        token=text(user, "token"),
        client=f"{certificate}\n{key}" if certificate and key else "",
    )
    if not (found.token or found.client):
        raise _wrong("its user has neither a token nor certificate data.")
    return found


def place(content: str) -> tuple[str, str]:
    """Server and authority of the current context, whoever its user is."""
    cluster, _ = _current(content)
    return _place(cluster)


def _current(content: str) -> tuple[Json, Json]:
    try:
        config: Any = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise _wrong("it is not YAML.") from error
    context = part(_named(config, "contexts", text(config, "current-context")), "context")
    cluster = part(_named(config, "clusters", text(context, "cluster")), "cluster")
    return cluster, part(_named(config, "users", text(context, "user")), "user")


def _place(cluster: Json) -> tuple[str, str]:
    if cluster.get("certificate-authority"):
        raise _wrong(FILES)
    if cluster.get("insecure-skip-tls-verify"):
        raise _wrong("it trusts whoever answers. Put the authority's certificate in.")
    if not (server := text(cluster, "server")):
        raise _wrong("its current context names no cluster with a server.")
    return server, _decoded(cluster, "certificate-authority-data")


def _refuse_user(user: Json) -> None:
    if named := next((name for name in _RUNS if user.get(name)), None):
        raise _wrong(f"{named} would run a program here. Enter a service account's token instead.")
    if any(user.get(name) for name in _OPENS):
        raise _wrong(FILES)


def _named(config: Any, kind: str, name: str) -> Json:
    return next((each for each in items(config, kind) if each.get("name") == name and name), {})


def _decoded(value: Json, name: str) -> str:
    try:
        return b64decode(text(value, name), validate=True).decode("ascii")
    except (NotBase64, UnicodeDecodeError) as error:
        raise _wrong(f"{name} is not Base64 of PEM text.") from error


def _wrong(reason: str) -> Invalid:
    return Invalid(field="kubeconfig", reason=reason)
