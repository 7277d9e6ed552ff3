"""The verbs of an incident."""

from apps.incidents.services.gathering import gather as gather
from apps.incidents.services.gathering import keep_evidence as keep_evidence
from apps.incidents.services.joining import merge as merge
from apps.incidents.services.joining import relate as relate
from apps.incidents.services.joining import split as split
from apps.incidents.services.moving import acknowledge as acknowledge
from apps.incidents.services.moving import acknowledge_all as acknowledge_all
from apps.incidents.services.moving import assign as assign
from apps.incidents.services.moving import close as close
from apps.incidents.services.moving import mitigate as mitigate
from apps.incidents.services.moving import reopen as reopen
from apps.incidents.services.moving import resolve as resolve
from apps.incidents.services.moving import resolve_with_alert as resolve_with_alert
from apps.incidents.services.moving import set_severity as set_severity
from apps.incidents.services.notes import add_note as add_note
from apps.incidents.services.notes import edit_note as edit_note
from apps.incidents.services.opening import catch_up as catch_up
from apps.incidents.services.opening import go_on_with_alert as go_on_with_alert
from apps.incidents.services.opening import involve as involve
from apps.incidents.services.opening import open_by_hand as open_by_hand
from apps.incidents.services.opening import open_from_alert as open_from_alert
from apps.incidents.services.pictures import LARGEST_PICTURE as LARGEST_PICTURE
from apps.incidents.services.pictures import File as File
from apps.incidents.services.recurring import look_due as look_due
from apps.incidents.services.recurring import set_rate as set_rate
