"""Kubernetes' quantities, in MB and thousandths of a core."""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}
_FORM = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([a-zA-Z]{0,2})")
CPU = r"^(\d{1,4}(\.\d{1,3})?|\d{1,6}m)?$"


def amount(quantity: str) -> Decimal:
    """The plain number behind a quantity; 0 where it is none."""
    found = _FORM.fullmatch(quantity)
    return Decimal(found[1]) * _UNITS[found[2]] if found and found[2] in _UNITS else Decimal(0)


def megabytes(quantity: str) -> int:
    """Memory in MB of 2^20 bytes."""
    return int(amount(quantity) / 2**20)


def cores(quantity: str) -> str:
    """Cores in thousandths, as 500m; empty where nothing is asked for."""
    thousandths = int(amount(quantity) * 1000)
    return f"{thousandths}m" if thousandths else ""
