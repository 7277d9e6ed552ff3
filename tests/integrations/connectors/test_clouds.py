"""GKE and AKS: the sign-in and the place of the cluster; what follows is Kubernetes."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.core.errors import Invalid
from apps.core.http import BadAnswer, Denied, Refused
from apps.integrations.connectors import aks, gke
from tests.core.loopback import Asked, Loopback, loopback
from tests.integrations.connectors.cluster import said
from tests.integrations.connectors.test_kubernetes import IMAGE, SECRET

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
ACCOUNT = {"client_email": "portal@p.example", "private_key": PEM, "token_uri": "https://evil"}
# Any authority will do here: nobody is asked by TLS.
ID = "00000000-0000-0000-0000-000000000001"
COMMON = {"image": IMAGE, "portal_token": SECRET, "cluster": "models"}


class Cloud:
    """Both clouds' sign-in and the description of one cluster."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.cluster: dict[str, Any] = {
            "endpoint": "203.0.113.7",
            "masterAuth": {"clusterCaCertificate": base64.b64encode(b"PEM").decode()},
        }
        self.user: dict[str, Any] = {"exec": {"command": "kubelogin"}}

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        path = asked.target.partition("?")[0]
        if path.endswith("/token"):
            form = {name: given[0] for name, given in parse_qs(asked.body.decode()).items()}
            self.forms.append(form)
            if form.get("client_secret") == "wrong":
                return said(401, {"error": "invalid_client"})
            return said(200, {"access_token": f"token-{len(self.forms)}"})
        if not asked.headers["authorization"].startswith("Bearer token-"):
            return said(401, {})
        if path.endswith("/listClusterUserCredential"):
            return said(200, {"kubeconfigs": [{"name": "c", "value": self.kubeconfig()}]})
        if path == "/v1/projects/p-one-1/locations/europe-west3/clusters/models":
            return said(200, self.cluster)
        return said(404, {"error": {"message": "Not found"}})

    def kubeconfig(self) -> str:
        whole = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://models.azmk8s.io:443"}}],
            "users": [{"name": "u", "user": self.user}],
        }
        return base64.b64encode(yaml.safe_dump(whole).encode()).decode()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def server(cloud: Cloud, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(cloud) as running:
        for module, names in ((gke, ("TOKENS", "ENGINE")), (aks, ("ENTRA", "MANAGEMENT"))):
            for name in names:
                monkeypatch.setattr(module, name, running.url)
        yield running


def google(**values: Any) -> gke.Gke:
    place = {"project": "p-one-1", "location": "europe-west3", "key": json.dumps(ACCOUNT)}
    return gke.Gke({**COMMON, **place, **values})


def azure(**values: Any) -> aks.Aks:
    place = {"tenant": ID, "subscription": ID, "application": ID, "resource_group": "rg"}
    return aks.Aks({**COMMON, **place, "client_secret": "s3cret", **values})


def test_a_proof_that_the_key_signs_buys_a_token(
    server: Loopback, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Any] = {}
    real = gke.Http

    def http(service: str, url: str, **options: Any) -> Any:
        if service != "Kubernetes":
            return real(service, url, **options)
        made.update(url=url, **options)
        return None

    monkeypatch.setattr(gke, "Http", http)
    assert google().http is None
    assert (made["url"], made["auth"], made["tls"].ca) == ("https://203.0.113.7", "token-1", "PEM")
    proof = cloud.forms[0]["assertion"]
    told = jwt.decode(proof, KEY.public_key(), algorithms=["RS256"], audience=f"{server.url}/token")
    assert (told["iss"], told["exp"] - told["iat"]) == ("portal@p.example", 3600)


@pytest.mark.parametrize("key", ["", "{}", "[1]", '{"client_email": "a", "private_key": "b"}'])
def test_what_is_no_key_is_said(server: Loopback, key: str) -> None:
    with pytest.raises(Invalid, match="key: it is not the JSON text"):
        google(key=key).check()
    assert server.asked == []


def test_a_cluster_that_is_not_there_is_said(server: Loopback) -> None:
    with pytest.raises(Refused, match="Not found"):
        google(cluster="other").check()


@pytest.mark.parametrize("ca", ["*", ""])
def test_a_cluster_without_an_authority_is_not_asked(
    server: Loopback, cloud: Cloud, ca: str
) -> None:
    cloud.cluster["masterAuth"]["clusterCaCertificate"] = ca
    with pytest.raises(BadAnswer):
        google().check()


def test_azure_says_where_and_nothing_it_names_is_run(server: Loopback, cloud: Cloud) -> None:
    http = azure().http
    assert http.base.host == "models.azmk8s.io"
    assert [form["scope"] for form in cloud.forms] == [
        f"{server.url}/.default",
        "6dae42f8-4368-4678-94ff-3960e28e3630/.default",
    ]


def test_a_refused_secret_says_so(server: Loopback) -> None:
    with pytest.raises(Denied, match="Enter new ones"):
        azure(client_secret="wrong").check()
