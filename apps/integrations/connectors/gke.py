"""Runs model servers in a cluster of Google Kubernetes Engine, signed in by a service account's key."""

from __future__ import annotations

import json
import time
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from functools import cached_property
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import Field, SecretStr

from apps.core.errors import Invalid
from apps.core.http import BadAnswer, Http, Tls
from apps.integrations.base import LONG
from apps.integrations.clusters.runtime import Cluster, ClusterConfig
from apps.integrations.clusters.shapes import part, record, text

SERVICE = "Google Cloud"
# Never as the key says: whoever enters one would send its proof wherever they like.
TOKENS, ENGINE = "https://oauth2.googleapis.com", "https://container.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PLACE = r"^[a-z0-9][a-z0-9-]{0,62}$"


class GkeConfig(ClusterConfig):
    project: str = Field(pattern=r"^[a-z][a-z0-9:.-]{4,62}$", title="Google Cloud project")
    location: str = Field(pattern=PLACE, description="Region or zone, for example europe-west3.")
    cluster: str = Field(pattern=PLACE)
    key: SecretStr = Field(
        title="Service account's key",
        description="The JSON text. It may read the cluster and holds the rights of the page in it.",
        json_schema_extra=LONG,
    )


class Gke(Cluster[GkeConfig]):
    """The cluster's address and authority come from Google; then it is Kubernetes."""

    config_class = GkeConfig

    @cached_property
    def http(self) -> Http:
        token = self._token()
        place = f"projects/{self.config.project}/locations/{self.config.location}"
        with Http(SERVICE, f"{ENGINE}/v1", auth=token) as google:
            found = record(SERVICE, google.get(f"{place}/clusters/{self.config.cluster}"))
        endpoint, ca = (
            text(found, "endpoint"),
            text(part(found, "masterAuth"), "clusterCaCertificate"),
        )
        try:
            authority = b64decode(ca, validate=True).decode("ascii")
        except (NotBase64, UnicodeDecodeError) as error:
            raise BadAnswer(service=SERVICE, reason="its authority is not Base64") from error
        if not (endpoint and authority):
            raise BadAnswer(service=SERVICE, reason="it names no endpoint and authority")
        return Http("Kubernetes", f"https://{endpoint}", auth=token, tls=Tls(ca=authority))

    def _token(self) -> str:
        """A token for an hour, for a proof that the key signs."""
        with Http(SERVICE, TOKENS) as google:
            kind = "urn:ietf:params:oauth:grant-type:jwt-bearer"
            asked = {"grant_type": kind, "assertion": self._proof()}
            told = record(SERVICE, google.post("token", form=asked))
        if not (token := text(told, "access_token")):
            raise BadAnswer(service=SERVICE, reason="it signs in without a token")
        return token

    def _proof(self) -> str:
        """Who asks for what, signed (RFC 7523)."""
        try:
            given: Any = json.loads(self.config.key.get_secret_value())
            issuer, pem = str(given["client_email"]), str(given["private_key"]).encode()
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, KeyError, TypeError, UnsupportedAlgorithm) as error:
            raise _wrong_key() from error
        if not isinstance(key, RSAPrivateKey):
            raise _wrong_key()
        now = int(time.time())
        claims = {"iss": issuer, "scope": SCOPE, "aud": f"{TOKENS}/token"}
        parts = ({"alg": "RS256", "typ": "JWT"}, {**claims, "iat": now, "exp": now + 3600})
        signed = b".".join(_packed(json.dumps(part).encode()) for part in parts)
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return b".".join([signed, _packed(signature)]).decode()


def _packed(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def _wrong_key() -> Invalid:
    return Invalid(field="key", reason="it is not the JSON text of a service account's key.")
