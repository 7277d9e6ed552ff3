from __future__ import annotations

from apps.core.errors import PortalError, Retryable


class MlflowAway(Retryable):
    code = "mlflow_away"
    sentence = "The MLflow server is not answering. Try again shortly."


class MlflowUnusable(MlflowAway):
    """The connected server of a project: as good as away until somebody mends what `reason` says."""

    code = "mlflow_unusable"
    sentence = "The project's MLflow server cannot be used. {reason}"


class MlflowRefused(PortalError):
    """MLflow understood and said no; `answered` is its own error code."""

    code, status = "mlflow_refused", 409
    sentence = "MLflow refused it ({answered}): {reason}"


class NoWorkspaces(PortalError):
    code, status = "mlflow_without_workspaces", 503
    sentence = (
        "The MLflow server (MLFLOW_TRACKING_URI, or the project's own) keeps no workspaces. "
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


class WaiverByAsker(PortalError):
    """Nobody waives a gate for what they want to promote themselves."""

    code, status = "waiver_by_asker", 403
    sentence = (
        "You asked for this version's promotion yourself. Another maintainer waives its gate."
    )


class WaiverByService(PortalError):
    code, status = "person_needed", 403
    sentence = "A person waives a gate, not a service account."


class WaiverTaken(PortalError):
    code, status = "waiver_taken", 409
    sentence = (
        "The gate is waived for version {number} already, until {until}. Withdraw that first."
    )


class WaiverOver(PortalError):
    code, status = "waiver_over", 409
    sentence = "This waiver does not hold any more; there is nothing to withdraw."


class OtherModel(PortalError):
    code, status = "invalid", 400
    sentence = "version: it belongs to another model than the gate."


class VersionRetired(PortalError):
    code, status = "version_retired", 409
    sentence = "Version {number} is retired and cannot be promoted."


class AlreadyRetired(PortalError):
    code, status = "already_retired", 409
    sentence = "{name} is retired already."


class StillHeld(PortalError):
    code, status = "still_held", 409
    sentence = "{name} is still in use: {holders}. Put another version there first."


class NotRetired(PortalError):
    code, status = "not_retired", 409
    sentence = "{name} is not retired. Retire it before its files are removed."


class GateTaken(PortalError):
    code, status = "gate_taken", 409
    sentence = "The model already has this gate for {environment}. Remove that one first."


class PickleRefused(PortalError):
    """Loading a pickle runs whatever it says, so nobody imports one unawares."""

    code, status = "pickle_refused", 409
    sentence = (
        "{path} is a pickle, which runs code when it is loaded, and there are no safetensors. "
        "Set pickles to take it all the same, if you trust whoever made it."
    )


class ModelTooLarge(PortalError):
    code, status = "model_too_large", 409
    sentence = (
        "The files take {size} bytes, and {limit} may be imported. Narrow them with allow and deny, "
        "or have an administrator raise IMPORT_LIMIT_GB."
    )


class NoRoom(PortalError):
    code, status = "no_room", 409
    sentence = (
        "The import needs {needed} bytes of free disk, and {free} are there. "
        "Make room in DATA_DIR, then ask again."
    )


class WrongDigest(PortalError):
    """What arrived is not what was announced."""

    code, status = "wrong_digest", 409
    sentence = "{path} did not arrive as announced: its digest differs. Nothing was registered."


class FolderRefused(PortalError):
    code, status = "folder_refused", 400
    sentence = "folder: {reason}"


class AlreadyImporting(PortalError):
    code, status = "already_importing", 409
    sentence = "{repo} at {commit} is being imported already, by job {job}. Wait for that one."


class BadFilter(PortalError):
    """A filter string or an order that cannot be read; `at` counts characters from 1."""

    code, status = "invalid", 400
    sentence = "{field}: at character {at} stands {found}; expected is {expected}."


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


class HomeRefused(PortalError):
    """The server that was chosen does not answer as one on which a project can live."""

    code, status = "home_refused", 409
    sentence = "connection: {reason}"


class HomeTaken(PortalError):
    code, status = "home_taken", 409
    sentence = (
        "connection: another project lives on this server already, and without workspaces it keeps "
        "no two apart. Start the server with --enable-workspaces, or choose another."
    )


class MirrorFilled(PortalError):
    """Changing the server is a decision about what the portal shows of the present one."""

    code, status = "mirror_filled", 409
    sentence = (
        "mirror: the portal shows {runs} runs and {models} models of the present server. Choose "
        "rebuild to put them away, or keep where the new server holds the same ones."
    )


class StillUnderway(PortalError):
    code, status = "still_underway", 409
    sentence = "{what} of the project must end first: the present server has a part in it."


class MirrorBusy(PortalError):
    code, status = "mirror_busy", 409
    sentence = "The portal is just reading from MLflow. Try again in a minute."
