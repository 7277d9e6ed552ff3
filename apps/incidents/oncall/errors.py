from __future__ import annotations

from apps.core.errors import PortalError


class NobodyLeft(PortalError):
    code, status = "nobody_left", 409
    sentence = "Incident {number} has nobody left to page: every step has been sent."


class NotPaging(PortalError):
    code, status = "not_paging", 409
    sentence = "Incident {number} is {state}; nobody is paged for it."


class SubscriptionGone(PortalError):
    code, status = "subscription_gone", 410
    sentence = "This browser takes no messages any more."


class StillNeeded(PortalError):
    code, status = "still_needed", 409
    sentence = "{what} is a target of the policy {policy}. Take it out there first."
