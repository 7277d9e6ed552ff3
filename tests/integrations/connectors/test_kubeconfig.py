"""The ways to sign in to a cluster: a token, or a kubeconfig that runs and opens nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from apps.core.errors import PortalError
from apps.integrations.connectors.kubernetes import Kubernetes
from tests.integrations.connectors.test_kubernetes import IMAGE, SECRET


def test_it_needs_one_way_to_sign_in() -> None:
    common = {"image": IMAGE, "portal_token": SECRET}
    both = {"server": "https://k.example.org", "token": "t", "kubeconfig": "{}"}
    for values in ({}, {"server": "https://k.example.org"}, both):
        with pytest.raises(ValidationError, match="server"):
            Kubernetes(common | values)


def config(user: dict[str, Any], **more: Any) -> str:
    cluster = {"server": "https://k.example.org", **more}
    return yaml.safe_dump(
        {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
        }
    )


def from_config(text: str) -> Kubernetes:
    return Kubernetes({"image": IMAGE, "portal_token": SECRET, "kubeconfig": text})


def test_a_kubeconfig_is_read() -> None:
    made = from_config(config({"token": "t0ken"}))
    assert str(made.http.base) == "https://k.example.org"
    assert "t0ken" not in repr(made.config)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (config({"exec": {"command": "sh"}}), "exec would run a program"),
        (config({"auth-provider": {"name": "gcp"}}), "auth-provider would run"),
        (config({"tokenFile": "/etc/passwd"}), "it names files"),
        (config({"token": "t"}, **{"certificate-authority": "/ca"}), "it names files"),
        (config({"token": "t"}, **{"insecure-skip-tls-verify": True}), "whoever answers"),
        (config({}), "neither a token"),
        (config({"client-certificate-data": "*"}), "not Base64"),
        ("{", "not YAML"),
        ("[]", "names no cluster"),
    ],
)
def test_a_kubeconfig_runs_and_opens_nothing(text: str, reason: str) -> None:
    with pytest.raises(PortalError, match=reason):
        from_config(text).check()
