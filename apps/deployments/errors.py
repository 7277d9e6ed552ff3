from __future__ import annotations

from collections.abc import Mapping

from apps.core.errors import PortalError


class ReleaseInProgress(PortalError):
    code, status = "release_in_progress", 409
    sentence = "{deployment} is already releasing another version. Wait until it ends."


class WrongModel(PortalError):
    code, status = "wrong_model", 400
    sentence = "version: {deployment} serves {model}; choose one of its versions."


class NotPromoted(PortalError):
    code, status = "not_promoted", 409
    sentence = "{environment} is protected: promote the version to it first."


class Frozen(PortalError):
    code, status = "frozen", 409
    sentence = "{environment} is frozen until {until}: {reason}"


class NothingToRollBackTo(PortalError):
    code, status = "nothing_to_roll_back_to", 409
    sentence = "{deployment} has no earlier good release."


class SlugTaken(PortalError):
    code, status = "slug_taken", 409
    sentence = "slug: {slug} is taken. Choose another one."


class ConfigInvalid(PortalError):
    """`fields` says for each path of the configuration what would do."""

    code, status = "config_invalid", 400
    sentence = "{reason}"

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> ConfigInvalid:
        """The refusal of these fields."""
        told = "; ".join(f"{path}: {reason}" for path, reason in fields.items())
        return cls(reason=told, fields=dict(fields))


class ConfigurationChanged(PortalError):
    code, status = "configuration_changed", 409
    sentence = (
        "{deployment} has configuration {number} meanwhile, and yours is based on {based_on}. "
        "Look at what changed, then save again."
    )


class NotRetired(PortalError):
    code, status = "not_retired", 409
    sentence = "{deployment} is not retired."


class NothingRuns(PortalError):
    code, status = "nothing_runs", 409
    sentence = "{deployment} has no model server. Release a version first."


class RestartUnderWay(PortalError):
    code, status = "restart_under_way", 409
    sentence = "{deployment} is already restarting. Wait until every model server is ready."


class ReleaseEndedBadly(PortalError):
    """What the job of a release says when the release did not come to be live."""

    code, status = "release_ended_badly", 409
    sentence = "{note}"


class ReleaseOver(PortalError):
    """Somebody or something was first: the release has come to its end."""

    code, status = "release_over", 409
    sentence = "{release} is over: it is {state}. Nothing was changed."


class AlreadyAsked(PortalError):
    """Another wish waits for its answer; a second one would contradict it."""

    code, status = "already_asked", 409
    sentence = "{who} has just asked to {wish} {release}. Wait a few seconds and look again."


class NotNow(PortalError):
    """The wish does not fit the state of the release."""

    code, status = "not_now", 409
    sentence = "{release} is {state} and cannot be {asked}: {remedy}"


class NothingToShadow(PortalError):
    code, status = "nothing_to_shadow", 409
    sentence = (
        "strategy.kind: {deployment} answers nothing yet, so there is nothing to copy. "
        "Release a version all at once first."
    )


class DeploymentRetired(PortalError):
    code, status = "deployment_retired", 409
    sentence = "{deployment} is retired. Reinstate it first."


class OnlyObserved(PortalError):
    code, status = "only_observed", 409
    sentence = "{name} is only observed: change it by its owner's own means."


class MismatchOver(PortalError):
    code, status = "mismatch_over", 409
    sentence = "This mismatch is over: {end}."


class NotAdoptable(PortalError):
    code, status = "not_adoptable", 409
    sentence = "This cannot be adopted: {reason} Revert it, or release anew."
