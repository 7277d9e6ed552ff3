from __future__ import annotations

from apps.core.errors import PortalError


class ChainIsBroken(PortalError):
    """Nothing is signed or moved out of a chain that does not hold."""

    code, status, sentence = "ledger_broken", 409, "The ledger does not hold: {fault}"


class NothingToArchive(PortalError):
    code, status = "nothing_to_archive", 409
    sentence = "No sealed entries lie before {until}; nothing was moved."


class ReaderBehind(PortalError):
    """A reader would miss what the archive takes away."""

    code, status = "reader_behind", 409
    sentence = (
        "The reader {name} has come to position {position} only, and the archive would end at "
        "{last}. Let it catch up first."
    )


class FileRefused(PortalError):
    """A file that is not what it says it is."""

    code, status, sentence = "ledger_file_refused", 409, "{file}: {reason}"
