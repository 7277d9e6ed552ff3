"""Offers documents to the search, by passage."""

from __future__ import annotations

from apps.docs import search, selectors

search.source("passage", selectors.passages, look=selectors.look_at_passages)
