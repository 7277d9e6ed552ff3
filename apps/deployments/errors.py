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


class ReplicaFailed(PortalError):
    code, status = "replica_failed", 502
    sentence = "The model server did not start: {note}"


class OnlyObserved(PortalError):
    code, status = "only_observed", 409
    sentence = "{name} is only observed: change it by its owner's own means."


class MismatchOver(PortalError):
    code, status = "mismatch_over", 409
    sentence = "This mismatch is over: {end}."


class NotAdoptable(PortalError):
    code, status = "not_adoptable", 409
    sentence = "This cannot be adopted: {reason} Revert it, or release anew."
