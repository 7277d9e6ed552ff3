"""Every failure a person may be shown. Faces translate these; nobody else catches them."""

from __future__ import annotations

from typing import Any, ClassVar


class PortalError(Exception):
    """A refusal with a stable code, a sentence for people and data for machines."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    sentence: ClassVar[str] = "The request could not be completed."

    def __init__(self, **data: Any) -> None:
        self.data = data
        super().__init__(self.sentence.format(**data))


class NotFound(PortalError):
    code, status, sentence = "not_found", 404, "No such {what}."


class RoleNeeded(PortalError):
    """The record is visible; the right to do this with it is missing."""

    code, status = "role_needed", 403
    sentence = (
        "This needs the {needed} role; yours is {yours}. An owner of the project can give it."
    )


class SiteAdminNeeded(PortalError):
    code, status = "site_admin_needed", 403
    sentence = "Only a site admin may do this."


class Invalid(PortalError):
    """Input that cannot be used: `field` names it, `reason` says what would do."""

    code, status, sentence = "invalid", 400, "{field}: {reason}"


class Conflict(PortalError):
    code, status, sentence = "conflict", 409, "{reason}"


class Retryable(PortalError):
    """The same call may succeed later; background work tries again."""

    code, status, sentence = "retryable", 503, "{service} is not answering."
