"""Background work with progress.

A service enqueues a job by name; the app's `tasks.py` declares the work under the same name. The row is the
truth and the broker's message only a hint: a worker claims a job by an UPDATE that counts, keeps a lease
while it works, and a sweep takes up what lost its worker.
"""

from apps.core.jobs.asks import request_cancel, try_again
from apps.core.jobs.progress import Cancelled, ClaimLost, NotYet, Progress
from apps.core.jobs.runner import run_job
from apps.core.jobs.sending import enqueue
from apps.core.jobs.sweep import forget_ended, release_node, sweep
from apps.core.jobs.work import WORK, Work, job_task

__all__ = [
    "WORK",
    "Cancelled",
    "ClaimLost",
    "NotYet",
    "Progress",
    "Work",
    "enqueue",
    "forget_ended",
    "job_task",
    "release_node",
    "request_cancel",
    "run_job",
    "sweep",
    "try_again",
]
