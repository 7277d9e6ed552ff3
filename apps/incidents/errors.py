from apps.core.errors import PortalError


class AlreadyResolved(PortalError):
    code, status = "already_resolved", 409
    sentence = "Incident {number} is {state} already."
