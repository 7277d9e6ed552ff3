"""The portal's settings with kinds of work for tests, and seconds where it waits for minutes."""

from datetime import timedelta

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs_fixture"]
JOB_LEASE_SECONDS = 6.0  # a machine with much to do stalls a worker for some of them
JOB_HEARTBEAT_SECONDS = 0.3
JOB_CANCEL_GRACE_SECONDS = 0.5
JOB_RESEND_SECONDS = 1.0
CELERY_BEAT_SCHEDULE = {
    "sweep jobs": {
        "task": "core.sweep_jobs",
        "schedule": timedelta(seconds=0.7),
        "options": {"expires": 5, "queue": "system"},
    }
}
