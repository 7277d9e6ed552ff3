from __future__ import annotations

from typing import Any

from apps.core.access import Role
from apps.core.access import allows as holds
from apps.core.typing import UserRequest
from apps.models import history, selectors
from apps.models.forms import PromoteForm
from apps.models.gates.files import licence_of
from apps.models.models import ModelVersion, Promotion, RegisteredModel

MOST_MOVES = 10


def version_context(
    request: UserRequest, row: ModelVersion, form: PromoteForm | None = None
) -> dict[str, Any]:
    """What the page of a version shows; with `form`, a promotion that could not be asked for."""
    found = selectors.promotions(request.user).filter(version=row)
    return {
        "version": row,
        "aliases": row.aliases.all(),
        "promotions": [shown(request, each) for each in found[:20]],
        "facts": selectors.facts_of(row),
        "licence": licence_of(row),
        "others": selectors.versions(request.user).filter(model=row.model).exclude(pk=row.pk)[:50],
        "may_maintain": holds(request.user, row.project_id, Role.MAINTAINER),
        "may_promote": holds(request.user, row.project_id, Role.CONTRIBUTOR),
        "form": form or PromoteForm(version=row),
        **frame(request),
    }


def shown(request: UserRequest, row: Promotion) -> dict[str, Any]:
    """What the fragment of a promotion shows to this person."""
    may = holds(request.user, row.project_id, Role.MAINTAINER)
    asked = row.requested_by_id == request.user.pk
    waits = row.state == "waiting"
    return {
        "promotion": row,
        "decidable": waits and may and not asked,
        "own": waits and may and asked,
        "waivable": _waivable(row) if may and not asked else set(),
        "decision": getattr(row, "decision", None),
    }


def history_context(request: UserRequest, row: RegisteredModel) -> dict[str, Any]:
    """What the page of a model shows of its history."""
    newest = list(history.moves(request.user).filter(model=row)[: MOST_MOVES + 1])
    return {
        "moves": newest[:MOST_MOVES],
        "more_moves": len(newest) > MOST_MOVES,
        "cases": history.open_cases(row),
    }


def _waivable(row: Promotion) -> set[int]:
    """The gates that refused the promotion and still stand, so that they can be waived."""
    if row.state != "refused":
        return set()
    failed = {each.gate_id for each in row.results.all() if each.outcome == "failed"}
    return failed & selectors.unwaived_gates(row.version)


def frame(request: UserRequest) -> dict[str, Any]:
    """What every page of this room says: how old its mirror is, and what waits."""
    return {"age": selectors.age(request.user)}
