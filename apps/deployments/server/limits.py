"""Bounds of this process, set before anything numeric is imported."""

from __future__ import annotations

import resource

MEGABYTE = 1024 * 1024
# Read by OpenMP, OpenBLAS, MKL, NumExpr and others when they are loaded.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "BLIS_NUM_THREADS",
)


def of_threads(count: int) -> dict[str, str]:
    """The environment in which numeric libraries use this many threads."""
    return {**dict.fromkeys(THREADS, str(count)), "MALLOC_ARENA_MAX": "2"}


def memory(megabytes: int) -> None:
    """Let an allocation beyond the limit fail, so that it is an answer and not the end of the machine.

    What counts is memory that can be written, not address space: libraries reserve far more than they use.
    """
    if megabytes:
        limit = megabytes * MEGABYTE
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
