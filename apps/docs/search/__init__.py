"""One search over everything. Each app offers a source; the right is part of each source's query."""

from __future__ import annotations

from apps.docs.search.asks import Answer as Answer
from apps.docs.search.asks import Hit as Hit
from apps.docs.search.asks import Query as Query
from apps.docs.search.sources import index as index
from apps.docs.search.sources import kinds as kinds
from apps.docs.search.sources import look as look
from apps.docs.search.sources import search as search
from apps.docs.search.sources import source as source
