"""The tables of the assistant, by topic."""

from apps.assistant.models.cases import Case as Case
from apps.assistant.models.cases import CaseQuerySet as CaseQuerySet
from apps.assistant.models.cases import EvalRun as EvalRun
from apps.assistant.models.cases import EvalRunQuerySet as EvalRunQuerySet
from apps.assistant.models.cases import Score as Score
from apps.assistant.models.exchange import Exchange as Exchange
from apps.assistant.models.exchange import ExchangeQuerySet as ExchangeQuerySet
