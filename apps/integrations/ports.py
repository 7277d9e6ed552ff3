"""What the portal needs from the outside world, one protocol per need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from apps.integrations.ports_tickets import (
    Alarm,
    AlarmState,
    Change,
    ChangeControl,
    File,
    OnCall,
    Pager,
    Phase,
    RemoteComment,
    TicketChange,
    TicketDraft,
    TicketRef,
    TicketState,
    TicketTracker,
)

__all__ = [
    "Alarm",
    "AlarmState",
    "Change",
    "ChangeControl",
    "ClusterRuntime",
    "File",
    "Genuine",
    "HubFile",
    "HubModel",
    "InboundSource",
    "Incoming",
    "LogPart",
    "Message",
    "ModelHub",
    "Notice",
    "Notifier",
    "Observed",
    "OnCall",
    "OutgoingHook",
    "Pager",
    "Phase",
    "Receipt",
    "RemoteComment",
    "Scorer",
    "SecretStore",
    "Server",
    "ServingObserver",
    "TicketChange",
    "TicketDraft",
    "TicketRef",
    "TicketState",
    "TicketTracker",
    "TrackingAddress",
    "TrackingServer",
    "Workload",
]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something people should hear of; `url` leads to it in the portal."""

    title: str
    text: str
    url: str
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class AlertNotice(Notice):
    """A notice of an alert: the same `key` is the same trouble, until it is `resolved`."""

    key: str = ""
    resolved: bool = False
    severity: str = "warning"
    facts: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    route: str = ""


@runtime_checkable
class Notifier(Protocol):
    """Tells people: chat, mail."""

    def notify(self, notice: Notice) -> None: ...


@runtime_checkable
class SecretStore(Protocol):
    """Holds secrets that connections name instead of keeping them."""

    def read_secret(self, path: str, field: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request that knocked: raw bytes, before anybody has looked into them."""

    headers: Mapping[str, str]  # names in lower case
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Genuine:
    """What a verified request is.

    The same `delivery_id` is the same delivery. `fingerprint` is set where bodies never repeat and
    the id is not signed: the same fingerprint is then the same delivery under a false id.
    """

    delivery_id: str
    kind: str
    fingerprint: str | None = None


@runtime_checkable
class InboundSource(Protocol):
    """Sends to the portal; `verify` raises `NotGenuine` for what is forged or stale."""

    def verify(self, incoming: Incoming) -> Genuine: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way out; receivers know it again by its id."""

    id: str
    kind: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    status: int
    excerpt: str


@runtime_checkable
class OutgoingHook(Protocol):
    """Receives the portal's events; `wants` filters them by their verb."""

    def wants(self, verb: str) -> bool: ...

    def send(self, message: Message) -> Receipt: ...


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a model: with its SHA-256, or with the id that git gives its content."""

    path: str
    size: int
    sha256: str = ""
    blob: str = ""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model at one commit; `gated` says that its owners decide who may have it."""

    repo: str
    commit: str
    licence: str
    files: tuple[HubFile, ...]
    gated: bool = False
    endpoint: str = ""


@runtime_checkable
class ModelHub(Protocol):
    """Keeps models in repositories with revisions."""

    def describe(self, repo: str, revision: str) -> HubModel: ...

    def fetch(
        self, model: HubModel, file: HubFile, to: Path, heard: Callable[[int], None]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class TrackingAddress:
    """Where a tracking server answers, and how one signs in: name and password, or a token."""

    url: str
    auth: tuple[str, str] | str | None = field(default=None, repr=False)


@runtime_checkable
class TrackingServer(Protocol):
    """Keeps runs and models, and speaks MLflow's REST."""

    @property
    def address(self) -> TrackingAddress: ...

    def has_workspaces(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Workload:
    """What should run for one release: equal model servers of one version.

    `name` is a DNS label and the same for the same release. `environ` and `command` are shown to
    whoever may read the target, so they hold no secret: a target adds the portal's token itself.
    """

    name: str
    model: str
    version: str
    image: str = ""
    command: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    port: int = 8080
    replicas: int = 1
    most_replicas: int = 0  # the target may scale up to here; 0: it stays as it is
    memory_mb: int = 0
    cpu: str = ""
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Server:
    """One model server as its target has it; without a `host` the portal sends it no traffic."""

    handle: str
    ready: bool
    host: str = ""
    port: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a target runs of a workload, in the workload's own words; `None`: it cannot say."""

    servers: tuple[Server, ...] = ()
    replicas: int | None = None
    most_replicas: int | None = None
    version: str | None = None
    image: str | None = None
    command: tuple[str, ...] | None = None
    environ: Mapping[str, str] | None = None
    memory_mb: int | None = None
    cpu: str | None = None


@dataclass(frozen=True, slots=True)
class LogPart:
    """Lines of a model server; `until` is where to ask on from."""

    lines: tuple[str, ...]
    until: str


@runtime_checkable
class ServingObserver(Protocol):
    """Serves models by its owner's own means; the portal looks and changes nothing."""

    def observe(self, workload: Workload) -> Observed | None: ...


@runtime_checkable
class ClusterRuntime(Protocol):
    """Runs model servers as it is told; every verb is safe to repeat.

    `apply` refuses a field that somebody else has changed there, unless it is `force`d to take it back.
    """

    def apply(self, workload: Workload, *, force: bool = False) -> None: ...

    def observe(self, workload: Workload) -> Observed | None: ...

    def restart(self, workload: Workload) -> None: ...

    def remove(self, workload: Workload) -> None: ...

    def logs(self, workload: Workload, handle: str, *, since: str = "") -> LogPart: ...


@runtime_checkable
class Scorer(Protocol):
    """Scores rows with a model that it serves."""

    def score(self, model: str, rows: list[Any], *, version: str = "") -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of a series; `value` is in the source's own unit."""

    at: datetime
    value: float


@runtime_checkable
class MetricSource(Protocol):
    """Answers a query in its own language with one series, oldest sample first.

    A query that finds nothing is an empty list; one that finds several series, or that the source
    cannot read, is a `PortalError` that says so.
    """

    def series(
        self, query: str, *, since: datetime, until: datetime, step: timedelta
    ) -> list[Sample]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A value of a named metric with its labels, on its way out."""

    name: str
    labels: Mapping[str, str]
    sample: Sample


@runtime_checkable
class MetricSink(Protocol):
    """Takes metrics. A sink may refuse all lines where one is older than what it has of its series."""

    @property
    def wants_metrics(self) -> bool: ...

    def push(self, lines: Sequence[Line]) -> None: ...
