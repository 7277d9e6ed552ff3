from __future__ import annotations

from apps.core.errors import PortalError, Retryable


class MlflowAway(Retryable):
    code = "mlflow_away"
    sentence = "The MLflow server is not answering. Try again shortly."


class MlflowRefused(PortalError):
    """MLflow understood and said no; `answered` is its own error code."""

    code, status = "mlflow_refused", 409
    sentence = "MLflow refused it ({answered}): {reason}"


class NoWorkspaces(PortalError):
    code, status = "mlflow_without_workspaces", 503
    sentence = (
        "The MLflow server at MLFLOW_TRACKING_URI keeps no workspaces. "
        "Start it with --enable-workspaces, so that projects stay apart."
    )


class AlreadyPromoting(PortalError):
    code, status = "already_promoting", 409
    sentence = "Version {number} is already on its way to {environment}. Decide on that one first."


class AlreadyThere(PortalError):
    code, status = "already_there", 409
    sentence = "Version {number} is the {environment} version already."


class OtherProject(PortalError):
    code, status = "invalid", 400
    sentence = "environment: {environment} belongs to another project than the model."


class VersionGone(PortalError):
    code, status = "version_gone", 409
    sentence = "Version {number} was deleted in MLflow and cannot be promoted."


class NotWaiting(PortalError):
    code, status = "not_waiting", 409
    sentence = "This promotion is {state}; only one that waits can be decided on."


class FourEyes(PortalError):
    """Nobody decides on what they asked for themselves."""

    code, status = "four_eyes", 403
    sentence = "You asked for this promotion yourself. Another maintainer decides on it."


class PersonNeeded(PortalError):
    code, status = "person_needed", 403
    sentence = "A person decides on a promotion, not a service account."


class GateTaken(PortalError):
    code, status = "gate_taken", 409
    sentence = "The model already has this gate for {environment}. Remove that one first."


class AlreadyDecided(PortalError):
    code, status = "already_decided", 409
    sentence = "This move is {state}; only one that is open can be adopted or reverted."


class OwnMove(PortalError):
    """Nobody adopts what they moved themselves."""

    code, status = "four_eyes", 403
    sentence = "You made this move yourself. Another maintainer adopts it, or anybody reverts it."


class NowhereToGo(PortalError):
    code, status = "nowhere_to_go", 409
    sentence = "{what} was deleted in MLflow, so nothing can go back there. Adopt the move instead."
