"""Runs model servers in a Kubernetes cluster."""

from __future__ import annotations

from functools import cached_property
from typing import Self

from pydantic import Field, HttpUrl, SecretStr, model_validator

from apps.core.http import Http, Tls
from apps.integrations.base import DESTINATION, LONG
from apps.integrations.clusters import kubeconfig
from apps.integrations.clusters.kubeconfig import Access
from apps.integrations.clusters.runtime import Cluster, ClusterConfig
from apps.integrations.clusters.settings import LONGEST_PEM


class KubernetesConfig(ClusterConfig):
    server: HttpUrl | None = Field(
        default=None,
        title="API server",
        description="For example https://10.0.0.1:6443. Empty: as the kubeconfig says.",
        json_schema_extra=DESTINATION,
    )
    token: SecretStr | None = Field(default=None, description="Of a service account there.")
    certificate: str = Field(
        default="",
        max_length=LONGEST_PEM,
        title="Authority's certificate",
        description="PEM text; clusters mostly have an authority of their own.",
        json_schema_extra=LONG,
    )
    kubeconfig: SecretStr | None = Field(
        default=None,
        description="Instead of server, token and certificate: the whole text, flattened.",
        json_schema_extra=LONG,
    )

    @model_validator(mode="after")
    def signs_in_one_way(self) -> Self:
        if self.kubeconfig is None:
            if self.server is None or self.token is None:
                raise ValueError("server: fill in server and token, or the kubeconfig")
        elif self.server is not None or self.token is not None:
            raise ValueError("kubeconfig: leave it empty, or leave server and token empty")
        return self


class Kubernetes(Cluster[KubernetesConfig]):
    """Any conformant cluster from 1.22 on, with a service account's token or a client certificate."""

    config_class = KubernetesConfig

    @cached_property
    def http(self) -> Http:
        access = self._access()
        tls = Tls(ca=access.ca or None, client=access.client or None)
        return Http("Kubernetes", access.server, auth=access.token or None, tls=tls)

    def _access(self) -> Access:
        config = self.config
        if config.kubeconfig is not None:
            return kubeconfig.read(config.kubeconfig.get_secret_value())
        token = config.token.get_secret_value() if config.token else ""
        return Access(str(config.server).rstrip("/"), ca=config.certificate, token=token)
