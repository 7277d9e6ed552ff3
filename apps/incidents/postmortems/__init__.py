"""What follows an incident: its post-mortem, and the actions that somebody promised."""

from apps.incidents.postmortems.acting import add_action, finish, move
from apps.incidents.postmortems.lessons import propose
from apps.incidents.postmortems.reminding import due, remind
from apps.incidents.postmortems.writing import begin, of

__all__ = ["add_action", "begin", "due", "finish", "move", "of", "propose", "remind"]
