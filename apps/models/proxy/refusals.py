"""Refusals in MLflow's own shape, so that its clients show them as they show MLflow's."""

from __future__ import annotations

from apps.core.errors import NotFound, PortalError, RoleNeeded
from apps.core.http import AddressRefused


class Refusal(Exception):
    """An answer with one of MLflow's error codes."""

    def __init__(self, status: int, code: str, message: str, wait: int | None = None) -> None:
        self.status, self.code, self.message, self.wait = status, code, message, wait
        super().__init__(message)


class Elsewhere(Exception):
    """The visitor is led to another address."""

    def __init__(self, location: str) -> None:
        self.location = location
        super().__init__(location)


def no_token() -> Refusal:
    return Refusal(
        401,
        "UNAUTHENTICATED",
        "Set MLFLOW_TRACKING_TOKEN to a token of the portal (Settings, API tokens).",
    )


def unknown(path: str) -> Refusal:
    return Refusal(404, "ENDPOINT_NOT_FOUND", f"The portal does not pass {path} on to MLflow.")


def closed(path: str) -> Refusal:
    return Refusal(403, "PERMISSION_DENIED", f"The portal keeps {path} of MLflow closed.")


def absent(what: str) -> Refusal:
    return Refusal(404, "RESOURCE_DOES_NOT_EXIST", f"{what} does not exist.")


def unusable(message: str) -> Refusal:
    return Refusal(400, "INVALID_PARAMETER_VALUE", message)


def too_large(most: int) -> Refusal:
    message = f"The body is larger than {most} bytes. Log it in smaller batches."
    return Refusal(413, "INVALID_PARAMETER_VALUE", message)


def denied(message: str) -> Refusal:
    return Refusal(403, "PERMISSION_DENIED", message)


def away(message: str) -> Refusal:
    return Refusal(503, "TEMPORARILY_UNAVAILABLE", message, wait=5)


def unshaped(status: int) -> Refusal:
    """MLflow answered with a page of its web server's; its clients read JSON."""
    if status >= 500:
        return Refusal(status, "INTERNAL_ERROR", "MLflow failed on this request. Its log says why.")
    return Refusal(status, "ENDPOINT_NOT_FOUND", "MLflow does not know this path or method.")


def of(error: PortalError) -> Refusal:
    """What MLflow would say where the portal raised this."""
    if isinstance(error, NotFound):
        return Refusal(404, "RESOURCE_DOES_NOT_EXIST", str(error))
    if isinstance(error, AddressRefused):
        return away(str(error))
    if isinstance(error, RoleNeeded) or error.status in {401, 403, 409}:
        return denied(str(error))
    return away(str(error)) if error.status >= 500 else unusable(str(error))
