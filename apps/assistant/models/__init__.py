"""The tables of the assistant, by topic."""

from apps.assistant.models.cases import Case as Case
from apps.assistant.models.cases import CaseQuerySet as CaseQuerySet
from apps.assistant.models.cases import EvalRun as EvalRun
from apps.assistant.models.cases import EvalRunQuerySet as EvalRunQuerySet
from apps.assistant.models.cases import Score as Score
from apps.assistant.models.conversation import Conversation as Conversation
from apps.assistant.models.conversation import ConversationQuerySet as ConversationQuerySet
from apps.assistant.models.exchange import Exchange as Exchange
from apps.assistant.models.exchange import ExchangeQuerySet as ExchangeQuerySet
from apps.assistant.models.proposal import Proposal as Proposal
from apps.assistant.models.proposal import ProposalQuerySet as ProposalQuerySet
from apps.assistant.models.provider import Provider as Provider
from apps.assistant.models.provider import ProviderQuerySet as ProviderQuerySet
from apps.assistant.models.provider import Terms as Terms
