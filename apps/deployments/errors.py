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
