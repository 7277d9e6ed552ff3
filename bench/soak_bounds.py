"""What grows in a soak and has an end that half an hour does not reach: kept for days, or made by people."""

from __future__ import annotations

from fnmatch import fnmatchcase

LEDGER = "for ever: the ledger is never shortened but by archiving"
STORY = "one or a few a story: the record of what people did"
WRITES = "the tables above, and what PostgreSQL keeps of them"

BOUNDS = {
    "disk postgres/base": WRITES,
    "disk postgres/pg_wal": "PostgreSQL's max_wal_size",
    "disk logs": "15 MB a process",
    "disk redis": "rewritten at twice its size",
    "disk lake": "the project's retention: two days in the demo",
    "disk artifacts": STORY,
    # Kept for days; the nightly jobs forget them.
    "signalbox.core_job": "90 days",
    "signalbox.core_jobline": "90 days",
    "signalbox.monitoring_verdict": "one a look for 7 days, one an hour for 60, one a day for 400",
    "signalbox.monitoring_measurement": "as the looks",
    "signalbox.monitoring_slobucket": "the window of the objective: 28 days",
    "signalbox.deployments_tally": "35 days",
    "signalbox.predictions_takenkey": "as the predictions: two days in the demo",
    "signalbox.predictions_shipment": "30 days",
    "signalbox.predictions_batch": "compacted into the lake, kept as the predictions",
    "signalbox.predictions_lakefile": "as the predictions: two days in the demo",
    "signalbox.assistant_*": "90 days",
    "signalbox.integrations_*delivery": "30 days",
    "signalbox.django_session": "until it ends, two weeks",
    "signalbox.usersessions_usersession": "as its session",
    # Of record.
    "signalbox.ledger_*": LEDGER,
    "signalbox.accounts_apitoken": STORY,
    "signalbox.deployments_*": STORY,
    "signalbox.demo_*": "200 stories, 300 tickets of each desk, 500 owed truths",
    "signalbox.incidents_*": STORY,
    "signalbox.models_*": STORY,
    "signalbox.monitoring_alert": STORY,
    "signalbox.monitoring_baseline": STORY,
    "signalbox.monitoring_notification": STORY,
    "mlflow.*": STORY,
}


def bound_of(name: str) -> str:
    """Why a figure may grow as long as the soak lasts; empty where it may not."""
    subject = name.removeprefix("rows ").removeprefix("bytes ")
    return next((why for shape, why in BOUNDS.items() if fnmatchcase(subject, shape)), "")
