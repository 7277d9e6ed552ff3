from __future__ import annotations

from apps.core.errors import Conflict, PortalError


class WriterAway(PortalError):
    """The model gave no answer; another one, or the portal itself, words the evidence."""

    code, status = "writer_away", 503
    sentence = "The language model does not answer: {reason}"


class ModelMissing(WriterAway):
    code = "model_missing"
    sentence = "{service} does not have the model {model}. Pull it there, or choose another."


class OutOfMemory(WriterAway):
    code = "out_of_memory"
    sentence = "{service} has not enough memory for {model}. Choose a smaller model."


class WindowTooSmall(WriterAway):
    code = "window_too_small"
    sentence = "The evidence does not fit into the window of {model}."


class TooSlow(WriterAway):
    code = "model_too_slow"
    sentence = "{model} said nothing for {seconds:g} seconds."


class NotDone(TooSlow):
    sentence = "{model} was not done after {seconds:g} seconds."


class CutShort(WriterAway):
    code = "cut_short"
    sentence = "{service} broke off in the middle of the answer."


class RepeatsItself(WriterAway):
    code = "repeats_itself"
    sentence = "{model} repeated itself without end and was stopped."


class OverBudget(PortalError):
    """`data.retry_after` says when to ask again, in seconds."""

    code, status = "over_budget", 429
    sentence = "{who} may use {most} {what}; that is used up. Ask again in {minutes} minutes."


class ProposalClosed(Conflict):
    code = "proposal_closed"
    sentence = "This proposal is {state} already."


class ProposalStale(Conflict):
    code = "proposal_stale"
    sentence = "{reason} Nothing was done; ask again to see what would happen now."


class NotShareable(Conflict):
    code = "not_shareable"
    sentence = "Ask within one project to share an answer: then it is clear who may read it."
