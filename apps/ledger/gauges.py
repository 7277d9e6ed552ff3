"""What Prometheus reads of the ledger at each scrape."""

from __future__ import annotations

from apps.core import metrics
from apps.core.metrics import Samples
from apps.ledger import cursors, selectors


def _entries() -> Samples:
    state = selectors.chain_state()
    yield {}, state.position + state.unsealed


def _unsealed() -> Samples:
    yield {}, selectors.chain_state().unsealed


def _verified_position() -> Samples:
    if checked := selectors.chain_state().checked:
        yield {}, checked.position


def _verified_at() -> Samples:
    if checked := selectors.chain_state().checked:
        yield {}, checked.at.timestamp()


def _intact() -> Samples:
    if checked := selectors.chain_state().checked:
        yield {}, float(checked.ok)


def _lags() -> Samples:
    for name, lag in cursors.lags().items():
        yield {"reader": name}, lag


metrics.gauge("signalbox_ledger_entries", "Entries recorded, archived ones included.", _entries)
metrics.gauge("signalbox_ledger_unsealed", "Entries that wait for their seal.", _unsealed)
metrics.gauge(
    "signalbox_ledger_verified_position", "How far the last walk came.", _verified_position
)
metrics.gauge("signalbox_ledger_verified_timestamp_seconds", "When it was.", _verified_at)
metrics.gauge("signalbox_ledger_intact", "1 while the last walk found the chain whole.", _intact)
metrics.gauge("signalbox_ledger_reader_lag", "Sealed entries before each reader.", _lags)
