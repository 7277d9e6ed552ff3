"""The tables of the assistant, by topic."""

from apps.assistant.models.exchange import Exchange as Exchange
from apps.assistant.models.exchange import ExchangeQuerySet as ExchangeQuerySet
