"""The portal's settings whose beat runs the escalation engine alone."""

from portal.timetable import TIMETABLE
from tests.jobs_fixture.settings import *  # noqa: F403

CELERY_BEAT_SCHEDULE = {"page who is due": TIMETABLE["page who is due"]}
