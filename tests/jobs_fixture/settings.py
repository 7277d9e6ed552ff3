"""The portal's settings with kinds of work for tests, and a quick beat.

What protects living work is longer than any process here may stand still: a test that wants a lease to run out, or
a message to count as lost, moves the time in the database.
"""

from datetime import timedelta

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs_fixture"]
JOB_LEASE_SECONDS = 600.0
JOB_HEARTBEAT_SECONDS = 0.3
JOB_CANCEL_GRACE_SECONDS = 0.5
JOB_RESEND_SECONDS = 20.0
CELERY_BEAT_SCHEDULE = {
    "sweep jobs": {
        "task": "core.sweep_jobs",
        "schedule": timedelta(seconds=0.7),
        "options": {"expires": 5, "queue": "system"},
    }
}
