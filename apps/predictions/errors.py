from __future__ import annotations

from apps.core.errors import PortalError


class NothingNamed(PortalError):
    code, status = "nothing_named", 400
    sentence = "values: name at least one value, or one prediction id."


class BadColumn(PortalError):
    code, status = "bad_column", 400
    sentence = "column: id, or a column of the log such as inputs.customer_id."


class NotSetAside(PortalError):
    code, status = "not_set_aside", 404
    sentence = "ids: none of these records is set aside in this deployment."


class BadQuestion(PortalError):
    code, status = "bad_question", 400
    sentence = "query: {reason}."


class TooMuchAsked(PortalError):
    code, status = "too_much_asked", 400
    sentence = "query: {count} predictions lie in this window; choose one of at most {most}."
