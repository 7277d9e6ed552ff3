"""Hands sealed segments of the journal to the portal, in a process of its own.

Reading predictions costs more than answering them; here it slows nobody down.
"""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Callable, Iterable
from pathlib import Path

from apps.predictions import journal

logger = logging.getLogger(__name__)

SHIP_SECONDS = 0.25
TROUBLED_SECONDS = 2.0
NICE = 5
TakeIn = Callable[[str, Iterable[bytes]], None]


class Shipper:
    """Ships one folder, oldest segment first; what the portal does not take stays."""

    def __init__(
        self, folder: Path, take_in: TakeIn, troubles: tuple[type[Exception], ...]
    ) -> None:
        self.folder, self.take_in, self.troubles = folder, take_in, troubles

    def run(self, parent: int) -> None:
        """Ship until the pipe from the gateway ends, and then once more."""
        held = journal.own(self.folder, "shipping.lock")
        os.nice(NICE)
        pause = SHIP_SECONDS
        while not select.select([parent], [], [], pause)[0]:
            pause = SHIP_SECONDS if self.ship() else TROUBLED_SECONDS
        self.ship()
        os.close(held)

    def ship(self) -> bool:
        """Hand over what is sealed; answers whether all of it was taken."""
        for segment in journal.sealed(self.folder):
            try:
                self.take_in(segment.stem, journal.frames(segment))
                segment.unlink()
            except self.troubles as error:
                logger.warning("The journal waits: %s", error)
                return False
        return True
