"""The only door through which the portal speaks HTTP to other systems."""

from apps.core.errors import Retryable
from apps.core.http.client import Http, Timeout
from apps.core.http.errors import (
    Absent,
    AddressRefused,
    BadAddress,
    BadAnswer,
    Busy,
    Denied,
    Redirected,
    Refused,
    TimedOut,
    TooLarge,
    Unreachable,
    Untrusted,
)
from apps.core.http.guard import Allow
from apps.core.http.lend import lending
from apps.core.http.lookup import permitted
from apps.core.http.redact import redact, redact_headers
from apps.core.http.response import Download, Response
from apps.core.http.retry import NEVER, Retry
from apps.core.http.tls import Tls

__all__ = [
    "NEVER",
    "Absent",
    "AddressRefused",
    "Allow",
    "BadAddress",
    "BadAnswer",
    "Busy",
    "Denied",
    "Download",
    "Http",
    "Redirected",
    "Refused",
    "Response",
    "Retry",
    "Retryable",
    "TimedOut",
    "Timeout",
    "Tls",
    "TooLarge",
    "Unreachable",
    "Untrusted",
    "lending",
    "permitted",
    "redact",
    "redact_headers",
]
