"""A year's rate of false alarms, shared over its looks.

Windows are compared with one baseline, so their p-values depend on each other through it, and a
product of e-values or a martingale would not hold. Bonferroni over the looks of a year holds
under any dependence: P(any false alarm in the year) <= looks x (rate / looks).
"""

from __future__ import annotations

YEARLY = 0.01
YEAR_SECONDS = 365 * 86_400


def per_look(every_seconds: float, yearly: float = YEARLY) -> float:
    """The rate of one look of a monitor that looks so often (seconds)."""
    return yearly / max(1.0, YEAR_SECONDS / max(1.0, every_seconds))
