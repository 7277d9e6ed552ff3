"""Tells a TensorFlow Serving which versions of one model it serves, by its model config."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field, HttpUrl, SecretStr

from apps.core.errors import Invalid
from apps.core.http import Absent, Busy
from apps.integrations.base import DESTINATION, Config, Connector
from apps.integrations.ports import LogPart, Observed, Server, Workload
from apps.integrations.tensorflow.calls import SERVICE, Calls, Version, calls_to

AVAILABLE = "AVAILABLE"
STAYS = {"START", "LOADING", AVAILABLE}


class TensorflowServingConfigConfig(Config):
    address: HttpUrl = Field(
        title="gRPC",
        description="Its gRPC, for example http://tf.example.org:8500",
        json_schema_extra=DESTINATION,
    )
    token: SecretStr | None = Field(
        default=None, description="Bearer token, where a gateway in front of it asks for one."
    )
    base_path: str = Field(
        max_length=500,
        pattern=r"^(/|[a-z0-9]+://)[^\s\x00]*$",
        title="Model's folder",
        description="As the server sees it, for example /models/churn: folder 3 in it is version 3.",
    )
    model: str = Field(
        default="",
        max_length=256,
        pattern=r"^[\w.-]*$",
        title="Model there",
        description="The name it is served under. Empty: as it is called here.",
    )
    label: str = Field(
        default="",
        max_length=100,
        pattern=r"^[\w.-]*$",
        title="Version label",
        description="Points at the version that was released last, once it is loaded. Empty: none.",
    )


class TensorflowServingConfig(Connector[TensorflowServingConfigConfig]):
    """A server that belongs to one model of the portal: its model config is the portal's to write."""

    config_class = TensorflowServingConfigConfig

    @cached_property
    def calls(self) -> Calls:
        return calls_to(self.config.address, self.config.token)

    def check(self) -> str:
        if not self.config.model:
            self._versions("signalbox-looks")
            return "It answers. It serves what the first release tells it to."
        named = [
            f"{each.number} ({each.state.lower()})" for each in self._versions(self.config.model)
        ]
        return f"It serves {self.config.model}: version {', '.join(named) or 'none'}."

    def apply(self, workload: Workload, *, force: bool = False) -> None:
        """Serve the version beside those that are served. `Busy` until it is loaded, where a label waits for it."""
        wanted, name = _number(workload), self._name(workload)
        found = self._versions(name)
        self._configure(name, {wanted} | _staying(found), self._labels(found, wanted))
        state = {each.number: each.state for each in found}.get(wanted, "START")
        if self.config.label and state in STAYS - {AVAILABLE}:
            raise Busy(service=SERVICE, answered=503, said=f": version {wanted} is being loaded")

    def observe(self, workload: Workload) -> Observed | None:
        found = {each.number: each for each in self._versions(self._name(workload))}
        mine = found.get(_number(workload))
        if mine is None:
            return None
        note = f"{mine.state.lower()}: {mine.said}" if mine.said else mine.state.lower()
        server = Server(handle=str(mine.number), ready=mine.state == AVAILABLE, note=note)
        return Observed(servers=(server,), version=str(mine.number))

    def restart(self, workload: Workload) -> None:
        """Unload the version and load it again."""
        self.remove(workload)
        self.apply(workload)

    def remove(self, workload: Workload) -> None:
        name, going = self._name(workload), _number(workload)
        found = self._versions(name)
        staying = _staying(found) - {going}
        if staying != _staying(found):
            newest = max(staying, default=0)
            self._configure(name, staying, self._labels(found, newest) if newest else {})

    def logs(self, workload: Workload, handle: str, *, since: str = "") -> LogPart:
        """What it says of the version: TensorFlow Serving hands out no log."""
        seen = self.observe(workload)
        return LogPart(tuple(server.note for server in seen.servers) if seen else (), "")

    def _configure(self, name: str, versions: set[int], labels: dict[str, int]) -> None:
        self.calls.configure(name, self.config.base_path, versions=sorted(versions), labels=labels)

    def _labels(self, found: list[Version], wanted: int) -> dict[str, int]:
        """The server refuses a label for a version that is not loaded yet: it stays where it was."""
        if not self.config.label:
            return {}
        loaded = sorted(each.number for each in found if each.state == AVAILABLE)
        target = wanted if wanted in loaded else max(loaded, default=0)
        return {self.config.label: target} if target else {}

    def _versions(self, name: str) -> list[Version]:
        try:
            return self.calls.versions(name)
        except Absent:
            return []

    def _name(self, workload: Workload) -> str:
        return self.config.model or workload.model


def _staying(found: list[Version]) -> set[int]:
    return {each.number for each in found if each.state in STAYS}


def _number(workload: Workload) -> int:
    if not workload.version.isdecimal():
        raise Invalid(field="version", reason="TensorFlow Serving knows versions by numbers.")
    return int(workload.version)
