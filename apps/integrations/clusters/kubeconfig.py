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
    try:
        config: Any = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise _wrong("it is not YAML.") from error
    context = part(_named(config, "contexts", text(config, "current-context")), "context")
    cluster = part(_named(config, "clusters", text(context, "cluster")), "cluster")
    user = part(_named(config, "users", text(context, "user")), "user")
    _refuse(cluster, user)
    certificate = _decoded(user, "client-certificate-data")
    key = _decoded(user, "client-key-data")
    found = Access(
        server=text(cluster, "server"),
        ca=_decoded(cluster, "certificate-authority-data"),
        token=text(user, "token"),
        client=f"{certificate}\n{key}" if certificate and key else "",
    )
    if not found.server:
        raise _wrong("its current context names no cluster with a server.")
    if not (found.token or found.client):
        raise _wrong("its user has neither a token nor certificate data.")
    return found


def _refuse(cluster: Json, user: Json) -> None:
    if named := next((name for name in _RUNS if user.get(name)), None):
        raise _wrong(
            f"{named} would run a program here. Enter a token of a service account instead."
        )
    files = next((name for name in _OPENS if user.get(name)), None)
    if files or cluster.get("certificate-authority"):
        raise _wrong("it names files. Make it whole with kubectl config view --flatten --minify.")
    if cluster.get("insecure-skip-tls-verify"):
        raise _wrong("it trusts whoever answers. Put the authority's certificate in.")


def _named(config: Any, kind: str, name: str) -> Json:
    return next((each for each in items(config, kind) if each.get("name") == name and name), {})


def _decoded(value: Json, name: str) -> str:
    try:
        return b64decode(text(value, name), validate=True).decode("ascii")
    except (NotBase64, UnicodeDecodeError) as error:
        raise _wrong(f"{name} is not Base64 of PEM text.") from error


def _wrong(reason: str) -> Invalid:
    return Invalid(field="kubeconfig", reason=reason)
