"""The status page of a project: what stakeholders may know, and nothing else."""

from apps.incidents.status.arranging import (
    add_component,
    arrange,
    close_address,
    remove_component,
    rotate_address,
)
from apps.incidents.status.telling import Told, publish, update

__all__ = [
    "Told",
    "add_component",
    "arrange",
    "close_address",
    "publish",
    "remove_component",
    "rotate_address",
    "update",
]
