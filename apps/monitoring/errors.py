from apps.core.errors import PortalError


class NoTrainingData(PortalError):
    code, status = "no_training_data", 409
    sentence = (
        "baseline: the run of {version} logged no artifact {path}. "
        "Log the training inputs as CSV or Parquet, or post rows."
    )


class NoDataset(PortalError):
    code, status = "no_dataset", 409
    sentence = "dataset: the run of {version} names no input {dataset}."


class DatasetNotLogged(PortalError):
    code, status = "dataset_not_logged", 409
    sentence = (
        "dataset: the run of {version} names {dataset}, and logged no file of it. "
        "Log the file that it was read from, or upload it."
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


class NeedsBaseline(PortalError):
    code, status = "needs_baseline", 409
    sentence = "baseline: {kind} compares with one. Make a baseline of the deployment first."


class NeedsRunbook(PortalError):
    code, status = "needs_runbook", 409
    sentence = (
        "runbook: {name} is critical, so it needs a runbook. Choose one, or a lower severity."
    )


class OfAnotherDeployment(PortalError):
    code, status = "of_another_deployment", 409
    sentence = "{what}: it belongs to another deployment or project."


class OwnMonitor(PortalError):
    code, status = "own_monitor", 409
    sentence = "{name} is the portal's own monitor; it cannot be changed."


class ChangedMeanwhile(PortalError):
    code, status = "changed_meanwhile", 412
    sentence = "Somebody changed {name} meanwhile. Read it again and repeat your change."


class SloNameTaken(PortalError):
    code, status = "slo_name_taken", 409
    sentence = "name: {deployment} has an objective {name} already."


class NoRowsThen(PortalError):
    code, status = "no_rows_then", 409
    sentence = (
        "baseline: {deployment} logged no predictions in that stretch of time. "
        "Choose another, or post rows."
    )


class TooManyRowsThen(PortalError):
    code, status = "too_many_rows_then", 409
    sentence = (
        "baseline: {deployment} logged {rows} predictions in that stretch of time. "
        "Choose a shorter one, with at most {most}."
    )


class NoSample(PortalError):
    code, status = "no_sample", 409
    sentence = "baseline: {baseline} keeps no rows to compare with. Make it anew."
