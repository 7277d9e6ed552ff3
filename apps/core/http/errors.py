"""What can go wrong with another system. `Retryable` means that the same call may succeed later."""

from __future__ import annotations

from apps.core.errors import PortalError, Retryable


class BadAddress(PortalError):
    """The URL itself cannot be used; nothing was sent."""

    code, status = "bad_address", 400
    sentence = "{service}: {reason}"


class AddressRefused(PortalError):
    """The guard did not let the connection out; nothing was sent."""

    code, status = "address_refused", 400
    sentence = (
        "{service}: {host} is {kind}, which the portal does not connect to. "
        "If that is intended, an administrator adds {entry} to HTTP_ALLOW."
    )


class Unreachable(Retryable):
    """No connection, or one that broke."""

    code = "unreachable"
    sentence = "{service} cannot be reached: {reason}. Check its address, or try again later."


class TimedOut(Retryable):
    code = "timed_out"
    sentence = "{service} did not answer completely in time. Try again later."


class Busy(Retryable):
    """`retry_after` holds the seconds the other side asked for, or `None`."""

    code = "busy"
    sentence = "{service} cannot answer now (HTTP {answered}{said}). Try again later."


class Refused(PortalError):
    """The other side understood and said no: the same call will not succeed."""

    code, status = "refused_by_service", 502
    sentence = "{service} refused the request (HTTP {answered}{said}). Trying again will not help."


class Denied(Refused):
    code = "credentials_refused"
    sentence = "{service} does not accept the credentials (HTTP {answered}{said}). Enter new ones."


class Absent(Refused):
    code = "absent_at_service"
    sentence = "{service} has nothing at this address (HTTP {answered}{said}). Check the address."


class Redirected(Refused):
    code = "redirected"
    sentence = "{service} answers with a redirect {where}. Enter the final address instead."


class TooLarge(Refused):
    code = "answer_too_large"
    sentence = "{service} sent more than the {limit} bytes that are allowed here; stopped reading."


class BadAnswer(Refused):
    code = "bad_answer"
    sentence = "{service} sent an answer that cannot be read: {reason}. Check its address."


class Untrusted(Refused):
    code = "certificate_refused"
    sentence = (
        "{service} shows a certificate that is not trusted: {reason}. "
        "Add the certificate of its authority to the connection."
    )
