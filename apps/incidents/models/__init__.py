"""The tables of incidents and their copies elsewhere, by topic."""

from apps.incidents.models.incident import Evidence as Evidence
from apps.incidents.models.incident import Incident as Incident
from apps.incidents.models.incident import IncidentQuerySet as IncidentQuerySet
from apps.incidents.models.incident import Note as Note
from apps.incidents.models.postmortem import Action as Action
from apps.incidents.models.postmortem import PostMortem as PostMortem
from apps.incidents.models.runbook import Step as Step
from apps.incidents.models.status import Component as Component
from apps.incidents.models.status import Publication as Publication
from apps.incidents.models.status import StatusPage as StatusPage
from apps.incidents.models.status import Update as Update
from apps.incidents.models.tickets import Ticket as Ticket
from apps.incidents.models.tickets import TicketComment as TicketComment
from apps.incidents.models.tickets import TicketConflict as TicketConflict
from apps.incidents.models.tickets import TicketMapping as TicketMapping
from apps.incidents.models.tickets import TicketPost as TicketPost
