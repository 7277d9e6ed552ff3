from apps.core.errors import PortalError


class AlreadyResolved(PortalError):
    code, status = "already_resolved", 409
    sentence = "Incident {number} is {state} already."


class NotOver(PortalError):
    code, status = "not_over", 409
    sentence = "Incident {number} is {state} and cannot be {wanted}."


class NotJoinable(PortalError):
    code, status = "not_joinable", 409
    sentence = "Incident {number} cannot be joined: {reason}."


class AnotherOpen(PortalError):
    code, status = "another_open", 409
    sentence = "Its alert belongs to incident {number} already, which is open."


class NotAMember(PortalError):
    code, status = "not_a_member", 400
    sentence = "user: {user} may not act in {project}; choose somebody with the responder role."


class NotYours(PortalError):
    code, status = "not_yours", 403
    sentence = "Only the person who wrote a note may edit it."


class RunbookWithoutSteps(PortalError):
    code, status = "runbook_without_steps", 409
    sentence = "{title} has no list items, so it has no steps. Write them as a list."


class StepOver(PortalError):
    code, status = "step_over", 409
    sentence = "This step is {state} already, by {who}."


class StepWaits(PortalError):
    code, status = "step_waits", 409
    sentence = "{who} asked for this step already; it waits for approval."


class StepNotAsked(PortalError):
    code, status = "step_not_asked", 409
    sentence = "Nobody waits for an approval of this step."


class OwnStep(PortalError):
    code, status = "own_step", 409
    sentence = "You asked for this step yourself; somebody else has to approve it."


class PlanChanged(PortalError):
    code, status = "plan_changed", 409
    sentence = "What this step would do has changed meanwhile. Look at its plan again."


class StepTimedOut(PortalError):
    code, status = "step_timed_out", 503
    sentence = "It took longer than {seconds} seconds. Nothing was changed; try again."


class NotThatKind(PortalError):
    code, status = "not_that_kind", 409
    sentence = "{reason}"


class AlreadyPublished(PortalError):
    code, status = "already_published", 409
    sentence = "Incident {number} is on the status page already. Write an update there."


class ActionOver(PortalError):
    code, status = "action_over", 409
    sentence = "This action is done already, by {who}."
