"""The changes that may matter to an incident: what the ledger calls them, and how a person says them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """What kind of change it is, how much it weighs among many, and its sentence about a subject."""

    topic: str
    weight: int
    says: str


# What may have caused it; the portal's own notes about the incident may not.
VERBS: dict[str, Verb] = {
    "deployments.traffic_moved": Verb("release", 9, "traffic of {} moved to another release"),
    "deployments.released": Verb("release", 9, "a release of {} went live"),
    "deployments.rolled_back": Verb("release", 9, "{} was rolled back"),
    "deployments.release_rolled_back": Verb("release", 8, "the judge took a release of {} back"),
    "deployments.release_aborted": Verb("attempt", 3, "a release of {} was aborted"),
    "deployments.release_failed": Verb("attempt", 3, "a release of {} failed"),
    "deployments.configured": Verb("configuration", 9, "the configuration of {} changed"),
    "deployments.restart_requested": Verb("restart", 6, "a restart of {} was asked for"),
    "deployments.mismatch_found": Verb("mismatch", 7, "{} ran otherwise than is wanted"),
    "deployments.mismatch_adopted": Verb("mismatch", 6, "what {} ran otherwise was adopted"),
    "deployments.mismatch_reverted": Verb("mismatch", 6, "{} was brought back to what is wanted"),
    "deployments.retired": Verb("deployment", 5, "{} was taken out of use"),
    "deployments.reinstated": Verb("deployment", 5, "{} was taken into use again"),
    "models.promoted": Verb("promotion", 5, "{} was promoted"),
    "models.alias_moved": Verb("alias", 7, "an alias of {} moved"),
    "models.stage_moved": Verb("alias", 6, "a stage of {} moved"),
    "models.gate_declared": Verb("gate", 3, "a gate was declared: {}"),
    "models.gate_removed": Verb("gate", 3, "a gate was removed: {}"),
    "models.waiver_granted": Verb("gate", 4, "a gate was waived: {}"),
    "models.version_retired": Verb("model", 3, "{} was retired"),
    "models.retired": Verb("model", 3, "{} was retired"),
    "monitoring.monitor_created": Verb("watching", 3, "the monitor {} was created"),
    "monitoring.monitor_changed": Verb("monitor", 6, "the monitor {} was changed"),
    "monitoring.monitor_paused": Verb("watching", 4, "the monitor {} was paused"),
    "monitoring.monitor_resumed": Verb("watching", 4, "the monitor {} was resumed"),
    "monitoring.baseline_created": Verb("watching", 4, "a baseline was made: {}"),
    "integrations.connection_created": Verb("connection", 3, "the connection {} was created"),
    "integrations.connection_edited": Verb("connection", 5, "the connection {} was edited"),
    "integrations.connection_enabled": Verb("connection", 5, "the connection {} was enabled"),
    "integrations.connection_disabled": Verb("connection", 5, "the connection {} was disabled"),
    "integrations.connection_deleted": Verb("connection", 5, "the connection {} was deleted"),
    "integrations.secret_rotated": Verb("connection", 5, "a secret of {} was rotated"),
    "integrations.secret_retired": Verb("connection", 5, "the old secret of {} was retired"),
    "projects.environment_edited": Verb("environment", 4, "the environment {} was edited"),
    "predictions.retention_changed": Verb("environment", 2, "the retention of {} was changed"),
}
