"""MLflow's page asks a few of its questions in GraphQL: those pass, nothing else does."""

from __future__ import annotations

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    parse,
)
from graphql.language.ast import DefinitionNode, SelectionNode

from apps.models.proxy import refusals
from apps.models.proxy.change import Change

# Each is answered by MLflow from the stores of the workspace that the portal names.
KNOWN = frozenset(
    {
        "mlflowGetExperiment",
        "mlflowGetMetricHistoryBulkInterval",
        "mlflowGetRun",
        "mlflowListArtifacts",
        "mlflowSearchModelVersions",
        "mlflowSearchRuns",
        "__typename",
    }
)
MOST_TOKENS = 2000


def only_known(change: Change) -> None:
    """Refuse a document that asks for more than the page asks for."""
    try:
        document = parse(change.text("query"), no_location=True, max_tokens=MOST_TOKENS)
    except (GraphQLError, RecursionError) as error:
        raise refusals.unusable("query: this is no GraphQL document.") from error
    for definition in document.definitions:
        _check(definition)


def _check(definition: DefinitionNode) -> None:
    if isinstance(definition, FragmentDefinitionNode):
        return
    if not isinstance(definition, OperationDefinitionNode):
        raise refusals.denied("Only queries pass through the portal.")
    if definition.operation is not OperationType.QUERY:
        raise refusals.denied("Only queries pass through the portal: changes go by REST.")
    for selection in definition.selection_set.selections:
        _check_field(selection)


def _check_field(selection: SelectionNode) -> None:
    name = selection.name.value if isinstance(selection, FieldNode) else "a fragment"
    if name not in KNOWN:
        raise refusals.denied(f"The portal does not pass the query {name[:80]} on to MLflow.")
