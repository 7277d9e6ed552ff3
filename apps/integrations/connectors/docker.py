"""Runs model servers on one Docker engine."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, HttpUrl, SecretStr, model_validator

from apps.core.errors import Conflict
from apps.core.http import Absent, Http, Response, Timeout, Tls, redact
from apps.integrations.base import DESTINATION, LONG, Connector
from apps.integrations.clusters import engine
from apps.integrations.clusters.engine import SERVICE
from apps.integrations.clusters.logs import newer
from apps.integrations.clusters.manifests import TOKEN
from apps.integrations.clusters.settings import LONGEST_PEM, HostConfig, image_of
from apps.integrations.clusters.shapes import Json, part, record, text
from apps.integrations.errors import NotOurs, WrongAtService
from apps.integrations.ports import LogPart, Observed, Workload

API = "v1.41"
PULL_SECONDS, STOP_SECONDS = 540.0, 15
PATIENT = Timeout(read=60.0, total=60.0)
LINES = 500
_EXPLAINED = (304, 400, 409, 500)


class DockerConfig(HostConfig):
    address: HttpUrl | None = Field(
        default=None,
        description="For example https://10.0.0.5:2376, with the certificates below.",
        json_schema_extra=DESTINATION,
    )
    client: SecretStr | None = Field(
        default=None,
        title="Client certificate and key",
        description="PEM text of both, one after the other.",
        json_schema_extra=LONG,
    )
    certificate: str = Field(
        default="",
        max_length=LONGEST_PEM,
        title="Authority's certificate",
        description="PEM text, from the engine's own authority.",
        json_schema_extra=LONG,
    )
    host: str = Field(
        default="",
        max_length=253,
        title="Reached at",
        description="Name or address at which the gateway reaches published ports. Empty: the engine's.",
    )
    network: str = Field(
        default="",
        max_length=100,
        pattern=r"^[\w.-]*$",
        description="A network of the engine in which the gateway stands too. Empty: published ports.",
    )

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if self.address is None:
            raise ValueError("address: fill this in; the engine's own socket is not offered")
        if self.network in {"host", "none", "container"}:
            raise ValueError("network: name one of the engine's own networks")
        if self.address.scheme == "https" and self.client is None:
            raise ValueError("client: an engine on https asks for a client certificate")
        return self


class Docker(Connector[DockerConfig]):
    """One container for each replica, known again by its labels."""

    config_class = DockerConfig

    @cached_property
    def http(self) -> Http:
        client = self.config.client.get_secret_value() if self.config.client else None
        tls = Tls(ca=self.config.certificate or None, client=client)
        root = str(self.config.address).rstrip("/")
        return Http(SERVICE, f"{root}/{API}", tls=tls, timeout=PATIENT)

    def check(self) -> str:
        found = record(SERVICE, self.http.get("version"))
        return f"Docker {text(found, 'Version') or 'of an unknown version'} answers."

    def apply(self, workload: Workload, *, force: bool = False) -> None:
        image = image_of(self.config, workload)
        there = {container.number: container for container in self._containers(workload)}
        if workload.replicas and not there:
            self._pull(image)
        for number, container in there.items():
            seen = self._inspect(container.id)
            if number > workload.replicas:
                self._delete(container.id)
            elif engine.differs(seen, workload, image):
                if not force:
                    raise Conflict(reason=f"{SERVICE}: {container.name} was changed by hand.")
                self._delete(container.id)
                self._start(workload, image, number)
            else:
                self._post(f"containers/{container.id}/start")
        for number in range(1, workload.replicas + 1):
            if number not in there:
                self._start(workload, image, number)

    def observe(self, workload: Workload) -> Observed | None:
        found = self._containers(workload)
        if not found:
            return None
        seen = [self._inspect(container.id) for container in found]
        return engine.observed(seen, workload, host=self._host, network=self.config.network)

    def restart(self, workload: Workload) -> None:
        for container in self._containers(workload):
            self._post(f"containers/{container.id}/restart", params={"t": STOP_SECONDS})

    def remove(self, workload: Workload) -> None:
        for container in self._containers(workload):
            self._delete(container.id)

    def logs(self, workload: Workload, handle: str, *, since: str = "") -> LogPart:
        names = {container.name for container in self._containers(workload)}
        if handle not in names:
            raise NotOurs(service=SERVICE, name=handle)
        asked = {"stdout": "true", "stderr": "true", "timestamps": "true", "tail": LINES}
        asked |= {"since": engine.seconds(since)} if since else {}
        answer = self.http.request("GET", f"containers/{quote(handle)}/logs", params=asked)
        return newer(engine.lines(answer.content), since)

    @property
    def _host(self) -> str:
        return self.config.host or urlsplit(str(self.config.address)).hostname or ""

    def _containers(self, workload: Workload) -> list[engine.Container]:
        """Ours of this workload, stopped ones too, by their number."""
        asked = {"all": "true", "filters": engine.filters(workload)}
        return engine.containers(self.http.get("containers/json", params=asked))

    def _inspect(self, container: str) -> Json:
        try:
            return record(SERVICE, self.http.get(f"containers/{container}/json"))
        except Absent:
            return {}  # it went away between two looks

    def _start(self, workload: Workload, image: str, number: int) -> None:
        name = engine.name(workload, number)
        body = engine.creation(workload, image, number)
        body["HostConfig"] |= engine.reached(workload, self.config.network)
        token = self.config.portal_token.get_secret_value()
        body["Env"] = [*body["Env"], f"{TOKEN}={token}"]
        self._post("containers/create", params={"name": name}, json=body)
        self._post(f"containers/{name}/start")

    def _delete(self, container: str) -> None:
        """Let it finish what it has, then take it away; what is gone already is gone."""
        try:
            self._post(f"containers/{container}/stop", params={"t": STOP_SECONDS})
            self.http.delete(f"containers/{container}", params={"force": "true"})
        except Absent:
            return

    def _pull(self, image: str) -> None:
        """Fetch an image that is not there; the engine reports errors inside a good answer."""
        try:
            self.http.get(f"images/{quote(image, safe='')}/json")
        except Absent:
            repository, tag = engine.repository(image)
            told = self._post("images/create", params={"fromImage": repository, "tag": tag})
            if trouble := engine.trouble(told.content):
                raise WrongAtService(service=SERVICE, said=redact(trouble)) from None

    def _post(self, path: str, **options: Any) -> Response:
        seconds = PULL_SECONDS if path == "images/create" else STOP_SECONDS * 2.0
        answer = self.http.request("POST", path, accept=_EXPLAINED, seconds=seconds, **options)
        if answer.status in {400, 409, 500}:
            said = redact(text(part({"told": answer.json()}, "told"), "message"))[:300]
            raise WrongAtService(service=SERVICE, said=said or f"HTTP {answer.status}")
        return answer
