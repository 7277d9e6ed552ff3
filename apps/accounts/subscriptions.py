"""What happens at sign-in reaches the ledger from the start on."""

from apps.accounts import journal

journal.connect()
