"""Tickets and alarms in step with incidents: one look levels both sides."""

from apps.incidents.tickets.conflicts import settle
from apps.incidents.tickets.failing import note_failure, redeliver
from apps.incidents.tickets.hints import hint
from apps.incidents.tickets.leveling import level
from apps.incidents.tickets.linking import link_alarm, link_ticket, request
from apps.incidents.tickets.mapping import Mapping, mapping_of, set_mapping
from apps.incidents.tickets.pagers import tracker_of

__all__ = [
    "Mapping",
    "hint",
    "level",
    "link_alarm",
    "link_ticket",
    "mapping_of",
    "note_failure",
    "redeliver",
    "request",
    "set_mapping",
    "settle",
    "tracker_of",
]
