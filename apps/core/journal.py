"""Where the rooms left of the ledger write their changes; `portal.subscriptions` installs the ledger."""

from __future__ import annotations

from typing import Any, Protocol

from django.contrib.auth.models import AbstractUser


class Subject(Protocol):
    """Any stored row."""

    pk: Any


class Recorder(Protocol):
    """The ledger's `record`."""

    def __call__(
        self,
        *,
        actor: AbstractUser | None,
        verb: str,
        subject: Subject,
        project_id: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> object: ...


_installed: list[Recorder] = []


def install(recorder: Recorder) -> None:
    """Make `recorder` the one that writes."""
    _installed[:] = [recorder]


def record(
    *,
    actor: AbstractUser | None,
    verb: str,
    subject: Subject,
    project_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Write one change, inside the transaction of the change itself."""
    _installed[0](actor=actor, verb=verb, subject=subject, project_id=project_id, data=data)
