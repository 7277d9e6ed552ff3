"""Evidence that something happens more often with the new release than with the live one.

Each stretch of time gives counts of both. Under the null the share of the new release is at most that of
the live one plus a margin; both may change from stretch to stretch. The e-value of a stretch is the
likelihood of an alternative that was chosen before, over that of its projection onto the null: R. J. Turner,
A. Ly and P. D. Grünwald (2024), "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping", and for nulls that are convex, as this one is, R. J. Turner and P. D. Grünwald (2023), "Safe sequential
testing and effect estimation in stratified count data". Products of such e-values are a supermartingale
under the null, and a mean of products is one again; it ever exceeds 1/alpha with probability alpha at most
(J. Ville, 1939), however often one looks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# How much worse the alternatives are than the null allows, as odds; the last bet follows the past.
ODDS = (1.5, 4.0, 20.0)
BETS = len(ODDS) + 1
# How many requests the share that is assumed beforehand weighs.
STRENGTH = 10.0
LEAST = 1e-6
HALVINGS = 32


@dataclass(frozen=True, slots=True)
class Counts:
    """Hits among trials of both releases; one entry for each test."""

    live_hits: Array
    live: Array
    new_hits: Array
    new: Array


def log_evidence(past: Counts, stretch: Counts, margin: Array, prior: Array) -> Array:
    """The log e-value of a stretch for each test and bet; the bets know the past alone."""
    live = np.clip((past.live_hits + STRENGTH * prior) / (past.live + STRENGTH), LEAST, 1 - LEAST)
    bound = live + margin
    new = _bets(past, bound)
    # A bet within the null is no bet: it neither gains nor loses.
    open_ = (new > bound[:, None]) & (new < 1 - LEAST)
    live, bound = live[:, None], bound[:, None]
    new = np.where(open_, new, np.minimum(bound + LEAST, 1.0))
    delta = margin[:, None]
    null = _project(stretch, live, new, delta)
    found = _log_ratio(stretch.live_hits, stretch.live, live, null)
    found += _log_ratio(stretch.new_hits, stretch.new, new, null + delta)
    return np.where(open_, found, 0.0)


def _bets(past: Counts, bound: Array) -> Array:
    """The shares that the alternatives give to the new release."""
    inside = np.clip(bound, LEAST, 1 - LEAST)
    odds = inside / (1 - inside)
    fixed = [odds * factor / (1 + odds * factor) for factor in ODDS]
    followed = (past.new_hits + STRENGTH * inside) / (past.new + STRENGTH)
    return np.stack([*fixed, followed], axis=-1)


def _project(stretch: Counts, live: Array, new: Array, delta: Array) -> Array:
    """The live share of the point of the null that is nearest to the alternative, by bisection.

    It minimises n * KL(live | p) + m * KL(new | p + delta), which is convex in p.
    """
    low, high = np.broadcast_to(live, new.shape).copy(), np.maximum(new - delta, live)
    n, m = stretch.live[:, None], stretch.new[:, None]
    for _ in range(HALVINGS):
        p = (low + high) / 2
        q = p + delta
        slope = n * (p - live) * q * (1 - q) + m * (q - new) * p * (1 - p)
        rising = slope > 0
        high, low = np.where(rising, p, high), np.where(rising, low, p)
    middle: Array = (low + high) / 2
    return middle


def _log_ratio(hits: Array, trials: Array, share: Array, null: Array) -> Array:
    hit, miss = hits[:, None], (trials - hits)[:, None]
    tiny = np.finfo(np.float64).tiny
    gain = hit * (np.log(np.maximum(share, tiny)) - np.log(np.maximum(null, tiny)))
    loss = miss * (np.log(np.maximum(1 - share, tiny)) - np.log(np.maximum(1 - null, tiny)))
    total: Array = gain + loss
    return total


def log_mean(logs: Array) -> float:
    """The logarithm of the mean of e-values that are given by their logarithms."""
    top = float(np.max(logs))
    return top + float(np.log(np.mean(np.exp(logs - top))))
