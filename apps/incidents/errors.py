from apps.core.errors import PortalError


class AlreadyResolved(PortalError):
    code, status = "already_resolved", 409
    sentence = "Incident {number} is {state} already."


class NotOver(PortalError):
    code, status = "not_over", 409
    sentence = "Incident {number} is {state} and cannot be {wanted}."


class NotJoinable(PortalError):
    code, status = "not_joinable", 409
    sentence = "Incident {number} cannot be joined: {reason}."


class NotAMember(PortalError):
    code, status = "not_a_member", 400
    sentence = "user: {user} may not act in {project}; choose somebody with the responder role."


class NotYours(PortalError):
    code, status = "not_yours", 403
    sentence = "Only the person who wrote a note may edit it."
