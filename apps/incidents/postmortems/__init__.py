"""What follows an incident: its post-mortem, and the actions that somebody promised."""

from apps.incidents.postmortems.acting import add_action, change, finish
from apps.incidents.postmortems.lessons import propose
from apps.incidents.postmortems.reminding import due, remind
from apps.incidents.postmortems.writing import begin, of

__all__ = ["add_action", "begin", "change", "due", "finish", "of", "propose", "remind"]
