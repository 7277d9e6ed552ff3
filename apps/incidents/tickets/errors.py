from __future__ import annotations

from apps.core.errors import PortalError, Retryable


class Settling(Retryable):
    """An opening was tried, and what it may have opened cannot be found yet."""

    code = "ticket_settling"
    sentence = "Opening the ticket was cut short; the portal looks whether it is there before it tries again."


class NobodyToWake(PortalError):
    """The incident was over before its alarm was raised: whoever it woke would find nothing to do."""

    code, status = "alarm_not_needed", 409
    sentence = "The incident was over before its alarm was raised; nobody was woken."


class Restless(PortalError):
    """Two machines change the same thing back and forth."""

    code, status = "ticket_restless", 409
    sentence = (
        "The portal wrote {writes} times into this ticket within an hour and stopped: something there changes "
        "it back. Mend the automation or the mapping, then redeliver."
    )


class NotDead(PortalError):
    code, status = "ticket_not_given_up", 409
    sentence = "{ticket} was not given up; the portal looks at it by itself."


class AlreadySettled(PortalError):
    code, status = "conflict_already_settled", 409
    sentence = "The conflict about {field} of {ticket} is settled already."
