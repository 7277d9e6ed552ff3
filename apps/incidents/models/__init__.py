"""The tables of incidents and their copies elsewhere, by topic."""

from apps.incidents.models.incident import Evidence as Evidence
from apps.incidents.models.incident import Incident as Incident
from apps.incidents.models.incident import IncidentQuerySet as IncidentQuerySet
from apps.incidents.models.incident import Note as Note
from apps.incidents.models.oncall import CalendarLink as CalendarLink
from apps.incidents.models.oncall import CalendarSource as CalendarSource
from apps.incidents.models.oncall import Layer as Layer
from apps.incidents.models.oncall import Override as Override
from apps.incidents.models.oncall import Schedule as Schedule
from apps.incidents.models.oncall import Turn as Turn
from apps.incidents.models.paging import Call as Call
from apps.incidents.models.paging import ContactRule as ContactRule
from apps.incidents.models.paging import Escalation as Escalation
from apps.incidents.models.paging import HandOff as HandOff
from apps.incidents.models.paging import Page as Page
from apps.incidents.models.paging import Policy as Policy
from apps.incidents.models.paging import PushKeys as PushKeys
from apps.incidents.models.paging import PushSubscription as PushSubscription
from apps.incidents.models.paging import QuietHours as QuietHours
from apps.incidents.models.paging import Rung as Rung
from apps.incidents.models.paging import RungTarget as RungTarget
from apps.incidents.models.tickets import Ticket as Ticket
from apps.incidents.models.tickets import TicketComment as TicketComment
from apps.incidents.models.tickets import TicketConflict as TicketConflict
from apps.incidents.models.tickets import TicketMapping as TicketMapping
from apps.incidents.models.tickets import TicketPost as TicketPost
