from __future__ import annotations

from apps.core.errors import PortalError, Retryable


class NotConnected(PortalError):
    code, status = "not_connected", 409
    sentence = "{project} has no connection that offers {need}. Add one under Connections."


class UnknownConnector(PortalError):
    code, status = "unknown_connector", 400
    sentence = "connector: there is no connector {slug}. GET /api/v1/connectors/ lists them."


class ConfigInvalid(PortalError):
    """`fields` holds a sentence for each setting that cannot be used."""

    code, status = "config_invalid", 400
    sentence = "{summary}"


class SecretsNeeded(PortalError):
    """A stored secret must not be sent to a place whoever entered it never saw."""

    code, status = "secrets_needed", 409
    sentence = (
        "{field}: the address changed. Enter the secrets again, so that they go there knowingly."
    )


class NameTaken(PortalError):
    code, status = "connection_name_taken", 409
    sentence = "name: a connection {name} exists here already. Choose another name."


class BadReference(PortalError):
    code, status = "bad_secret_reference", 400
    sentence = "{reference}: {reason}"


class ReferenceRefused(PortalError):
    code, status = "secret_reference_refused", 403
    sentence = "{reference}: only a site admin may name secrets outside the project."


class NothingToRotate(PortalError):
    code, status = "nothing_to_rotate", 409
    sentence = "{name} has no secret that the portal could rotate. Edit it instead."


class NothingToCheck(PortalError):
    code, status = "nothing_to_check", 409
    sentence = "{name} only listens. Let the other side send something."


class Disabled(PortalError):
    code, status = "connection_disabled", 409
    sentence = "{name} is disabled. Enable it first."


class NotGenuine(PortalError):
    """The reason tells the sender's administrator what to mend, and an attacker nothing new."""

    code, status = "not_genuine", 401
    sentence = "{reason}"


class LengthNeeded(PortalError):
    code, status = "length_needed", 411
    sentence = "Send the length of the body in Content-Length; chunks are not taken here."


class BodyTooLarge(PortalError):
    code, status = "body_too_large", 413
    sentence = "A delivery may hold {limit} bytes at most."


class RightMissing(PortalError):
    """The account is known there and may not do this."""

    code, status = "right_missing_at_service", 502
    sentence = "{service}: the account may not do this ({said}). The connector's page lists the rights it needs."


class WrongAtService(PortalError):
    """The other side understood and refused; its words say what to change."""

    code, status = "wrong_at_service", 502
    sentence = "{service} refused it: {said}"


class NotOurs(PortalError):
    """Something of that name runs there already and belongs to somebody else."""

    code, status = "not_ours", 409
    sentence = "{service}: {name} exists there and is not the portal's. Remove or rename it there."


class ExtraMissing(PortalError):
    code, status = "extra_missing", 409
    sentence = "{service} needs a library that is not installed: pip install signalbox[{extra}]."


class Overtaken(Retryable):
    """Somebody changed the record since it was read; reading it again shows what they did."""

    code = "overtaken"
    sentence = "{service}: {key} changed meanwhile. It is read again."
