"""Runs model servers in a cluster of Azure Kubernetes Service, signed in by an application of Entra ID."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from functools import cached_property

from pydantic import Field, SecretStr

from apps.core.http import BadAnswer, Http, Tls
from apps.integrations.clusters import kubeconfig
from apps.integrations.clusters.runtime import Cluster, ClusterConfig
from apps.integrations.clusters.shapes import items, record, text

SERVICE = "Azure"
ENTRA, MANAGEMENT = "https://login.microsoftonline.com", "https://management.azure.com"
# The application that every AKS cluster with Entra ID knows as itself.
AKS = "6dae42f8-4368-4678-94ff-3960e28e3630"
VERSION = "2024-02-01"
ID = r"^[0-9a-fA-F-]{36}$"
NAME = r"^[\w().-]{1,90}$"


class AksConfig(ClusterConfig):
    tenant: str = Field(pattern=ID, description="Directory (tenant) id.")
    subscription: str = Field(pattern=ID, description="Subscription id.")
    resource_group: str = Field(pattern=NAME)
    cluster: str = Field(pattern=NAME)
    application: str = Field(pattern=ID, description="Application (client) id.")
    client_secret: SecretStr = Field(description="Of the application: Certificates & secrets.")


class Aks(Cluster[AksConfig]):
    """The cluster's address and authority come from Azure; then it is Kubernetes with Entra ID."""

    config_class = AksConfig

    @cached_property
    def http(self) -> Http:
        server, authority = self._place()
        token = self._token(f"{AKS}/.default")
        return Http("Kubernetes", server, auth=token, tls=Tls(ca=authority or None))

    def _place(self) -> tuple[str, str]:
        config = self.config
        group = f"subscriptions/{config.subscription}/resourceGroups/{config.resource_group}"
        inside = f"providers/Microsoft.ContainerService/managedClusters/{config.cluster}"
        token = self._token(f"{MANAGEMENT}/.default")
        with Http(SERVICE, MANAGEMENT, auth=token) as azure:
            path = f"{group}/{inside}/listClusterUserCredential"
            told = record(SERVICE, azure.post(path, params={"api-version": VERSION}))
        given = items(told, "kubeconfigs")
        try:
            content = b64decode(text(given[0], "value"), validate=True).decode() if given else ""
        except (NotBase64, UnicodeDecodeError) as error:
            raise BadAnswer(service=SERVICE, reason="its kubeconfig is not Base64") from error
        return kubeconfig.place(content)

    def _token(self, scope: str) -> str:
        config = self.config
        asked = {
            "grant_type": "client_credentials",
            "client_id": config.application,
            "client_secret": config.client_secret.get_secret_value(),
            "scope": scope,
        }
        with Http(SERVICE, ENTRA) as entra:
            told = record(SERVICE, entra.post(f"{config.tenant}/oauth2/v2.0/token", form=asked))
        if not (token := text(told, "access_token")):
            raise BadAnswer(service=SERVICE, reason="it signs in without a token")
        return token
