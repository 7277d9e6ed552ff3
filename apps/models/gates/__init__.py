"""The kinds of gates, one module per family. Rooms to the right register their own: drift, budget."""

from apps.models.gates import champion, data, documents, files, metrics, places
from apps.models.gates.kinds import (
    KINDS,
    Candidate,
    Finding,
    Kind,
    Settings,
    checked,
    find,
    register,
    said,
)

__all__ = [
    "KINDS",
    "Candidate",
    "Finding",
    "Kind",
    "Settings",
    "champion",
    "checked",
    "data",
    "documents",
    "files",
    "find",
    "metrics",
    "places",
    "register",
    "said",
]
