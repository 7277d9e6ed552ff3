from apps.core.errors import PortalError


class NoTrainingData(PortalError):
    code, status = "no_training_data", 409
    sentence = (
        "baseline: the run of {version} logged no artifact {path}. "
        "Log the training inputs as CSV or Parquet, or post rows."
    )


class NothingLive(PortalError):
    code, status = "nothing_live", 409
    sentence = "{deployment} serves no version yet."


class NotOnDemand(PortalError):
    code, status = "not_on_demand", 409
    sentence = "{name} is looked at by the reconciler every minute, not on demand."


class NameTaken(PortalError):
    code, status = "name_taken", 409
    sentence = "name: {deployment} has a monitor {name} already."


class NoRowsThen(PortalError):
    code, status = "no_rows_then", 409
    sentence = (
        "baseline: {deployment} logged no predictions in that stretch of time. "
        "Choose another, or post rows."
    )
