"""The tables of incidents and their copies elsewhere, by topic."""

from apps.incidents.models.incident import Incident as Incident
from apps.incidents.models.incident import IncidentQuerySet as IncidentQuerySet
from apps.incidents.models.incident import Note as Note
from apps.incidents.models.packs import Evidence as Evidence
from apps.incidents.models.packs import Pack as Pack
from apps.incidents.models.packs import PackQuerySet as PackQuerySet
from apps.incidents.models.tickets import Ticket as Ticket
from apps.incidents.models.tickets import TicketComment as TicketComment
from apps.incidents.models.tickets import TicketConflict as TicketConflict
from apps.incidents.models.tickets import TicketMapping as TicketMapping
from apps.incidents.models.tickets import TicketPost as TicketPost
