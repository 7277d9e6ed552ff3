"""What the beat asks for, and how often."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab, schedule

TIMETABLE: dict[str, dict[str, Any]] = {
    "seal the ledger": {
        "task": "ledger.seal",
        "schedule": schedule(1.0),
        "options": {"expires": 5, "queue": "system"},
    },
    "read the meaning of new passages": {
        "task": "docs.embed_new",
        "schedule": schedule(15.0),
        "options": {"expires": 30, "queue": "system"},
    },
    "verify the ledger": {
        "task": "ledger.verify_daily",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 6 * 3600, "queue": "system"},
    },
    "sweep jobs": {
        "task": "core.sweep_jobs",
        "schedule": schedule(10.0),
        "options": {"expires": 20, "queue": "system"},
    },
    "forget old jobs": {
        "task": "core.forget_jobs",
        "schedule": schedule(86_400.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "forget ended sessions": {
        "task": "accounts.forget_sessions",
        "schedule": schedule(3600.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "look at what monitors watch": {
        "task": "monitoring.look",
        "schedule": schedule(1.0),
        "options": {"expires": 5, "queue": "system"},
    },
    "thin out old looks": {
        "task": "monitoring.thin_out",
        "schedule": crontab(hour=4, minute=41),
        "options": {"expires": 3600, "queue": "default"},
    },
    "count what objectives promise": {
        "task": "monitoring.count_objectives",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "write metrics to where they are wanted": {
        "task": "monitoring.push_all_metrics",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "forget old minutes of objectives": {
        "task": "monitoring.forget_buckets",
        "schedule": schedule(86_400.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "bring predictions into the lake": {
        "task": "predictions.compact_due",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "drop predictions that nobody keeps": {
        "task": "predictions.retain_due",
        "schedule": schedule(3600.0),
        "options": {"expires": 3000, "queue": "system"},
    },
    "settle alerts": {
        "task": "monitoring.settle_alerts",
        "schedule": schedule(1.0),
        "options": {"expires": 5, "queue": "system"},
    },
    "tell of alerts": {
        "task": "monitoring.tell_alerts",
        "schedule": schedule(5.0),
        "options": {"expires": 5, "queue": "system"},
    },
    "pull documents and look at their links": {
        "task": "docs.look",
        "schedule": schedule(60.0),
        "options": {"expires": 60, "queue": "system"},
    },
    "send what waits for its receiver": {
        "task": "integrations.sweep",
        "schedule": schedule(10.0),
        "options": {"expires": 10, "queue": "system"},
    },
    "check connections": {
        "task": "integrations.check_due",
        "schedule": schedule(900.0),
        "options": {"expires": 600, "queue": "system"},
    },
    "forget old deliveries": {
        "task": "integrations.forget_deliveries",
        "schedule": schedule(86_400.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "let incidents catch up with alerts": {
        "task": "incidents.catch_up",
        "schedule": schedule(10.0),
        "options": {"expires": 10, "queue": "system"},
    },
    "look at tickets": {
        "task": "incidents.look_at_tickets",
        "schedule": schedule(30.0),
        "options": {"expires": 30, "queue": "system"},
    },
    "bring targets and their rows together": {
        "task": "deployments.follow_targets",
        "schedule": schedule(5.0),
        "options": {"expires": 5, "queue": "system"},
    },
    "compare deployments with their targets": {
        "task": "deployments.reconcile",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "heal the mirror of MLflow": {
        "task": "models.heal_mirror",
        "schedule": schedule(30.0),
        "options": {"expires": 30, "queue": "system"},
    },
    "read the slices of new versions": {
        "task": "models.read_slices",
        "schedule": schedule(60.0),
        "options": {"expires": 60, "queue": "system"},
    },
    "forget old evidence packs": {
        "task": "models.forget_evidence",
        "schedule": schedule(86_400.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "forget unfinished imports": {
        "task": "models.forget_imports",
        "schedule": schedule(86_400.0),
        "options": {"expires": 3600, "queue": "default"},
    },
    "forget old idempotency keys": {
        "task": "core.forget_idempotency_keys",
        "schedule": schedule(3600.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "page who is due": {
        "task": "incidents.page_due",
        "schedule": schedule(1.0),
        "options": {"expires": 5, "queue": "system"},
    },
    "tell around shifts": {
        "task": "incidents.tell_around_shifts",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "read calendars of shifts": {
        "task": "incidents.read_calendars",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "end lost answers and old proposals": {
        "task": "assistant.sweep",
        "schedule": schedule(60.0),
        "options": {"expires": 50, "queue": "system"},
    },
    "forget old questions": {
        "task": "assistant.forget_old",
        "schedule": crontab(hour=4, minute=23),
        "options": {"expires": 3600, "queue": "system"},
    },
    "look at the evidence of open incidents": {
        "task": "incidents.look_at_evidence",
        "schedule": schedule(30.0),
        "options": {"expires": 30, "queue": "system"},
    },
    "let the demo go on": {
        "task": "demo.tick",
        "schedule": schedule(1.0),
        # Where the machine cannot keep up, the demo gives way before what the portal itself has to do.
        "options": {"expires": 3, "queue": "system"},
    },
    "remind owners of what they promised": {
        "task": "incidents.remind_owners",
        "schedule": schedule(3600.0),
        "options": {"expires": 3600, "queue": "system"},
    },
    "look whether incidents came back": {
        "task": "incidents.look_whether_again",
        "schedule": schedule(3600.0),
        "options": {"expires": 3000, "queue": "system"},
    },
}
