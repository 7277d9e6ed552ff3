"""Writes the history of aliases and stages, and notices what moved around the portal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.core import events, live
from apps.ledger.services import record
from apps.models import selectors
from apps.models.choices import MoveKind, OutOfBandState, PromotionState
from apps.models.events import AliasMovedOutOfBand
from apps.models.models import (
    AliasMove,
    ModelVersion,
    OutOfBandMove,
    OutOfBandQuerySet,
    Promotion,
    RegisteredModel,
)
from apps.projects.models import Environment

# What a promotion in this state says about the out-of-band move that it adopts.
ADOPTION_ENDS = {
    PromotionState.REFUSED: "A gate refused it.",
    PromotionState.DECLINED: "It was declined.",
    PromotionState.FAILED: "The work on it gave up.",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something moved: a person, a promotion, the revert of an out-of-band move, or a change of server."""

    by: User | None = None
    promotion: Promotion | None = None
    settles: OutOfBandMove | None = None
    leaves: bool = False

    @property
    def sanctioned(self) -> bool:
        return self.promotion is not None or self.settles is not None or self.leaves


def alias_moved(
    model: RegisteredModel,
    name: str,
    both: tuple[ModelVersion | None, ModelVersion | None],
    cause: Cause,
) -> AliasMove:
    """Keep one move of an alias, in the transaction of the move itself."""
    before, after = both
    known = cause if cause.sanctioned or cause.by else _underway(model, name, after)
    guarded = None
    if not known.sanctioned:
        guarded = selectors.guarded_environment(model.project, name, model.name)
    move = _keep(AliasMove(model=model, name=name, before=before, after=after), known, guarded)
    earlier = _open(model).filter(move__kind=MoveKind.ALIAS, move__name=name)
    standing = earlier.order_by("pk").first()
    rightful = standing.rightful if standing else before
    _overtake(earlier, by_promotion=known.promotion, settled=known.settles)
    if guarded is not None and rightful != after:
        _open_case(OutOfBandMove(move=move, environment=guarded, rightful=rightful))
    return move


def stage_moved(version: ModelVersion, came_from: str, cause: Cause) -> None:
    """Keep the move of a version from one stage to the stage it has now."""
    model, now = version.model, version.stage
    known = cause if cause.sanctioned or cause.by else _reverting_stage(version)
    of_version = Q(move__before=version) | Q(move__after=version)
    earlier = _open(model).filter(of_version, move__kind=MoveKind.STAGE)
    standing = earlier.order_by("pk").first()
    rightful = standing.came_from if standing else came_from
    guards = {word: _guard_of(model, word, known) for word in (now, came_from) if word}
    left = AliasMove(model=model, kind=MoveKind.STAGE, name=came_from, before=version)
    entered = AliasMove(model=model, kind=MoveKind.STAGE, name=now, after=version)
    moves = [_keep(row, known, guards[row.name]) for row in (entered, left) if row.name]
    _overtake(earlier, by_promotion=None, settled=known.settles)
    case = next(((move, found) for move in moves if (found := guards[move.name])), None)
    if case is not None and rightful != now:
        move, guarded = case
        _open_case(OutOfBandMove(move=move, environment=guarded, came_from=rightful))


def follow(promotion: Promotion) -> None:
    """Let the out-of-band move that a promotion adopts end as the promotion does. Safe to repeat."""
    adopting = OutOfBandMove.objects.filter(promotion=promotion, state=OutOfBandState.ADOPTING)
    if promotion.state == PromotionState.DONE:
        for case in adopting:
            end(case, OutOfBandState.ADOPTED, by=case.decided_by)
        _settle_by(promotion)
    elif promotion.state in ADOPTION_ENDS:
        for case in adopting:
            reopen(case, ADOPTION_ENDS[PromotionState(promotion.state)])


def end(case: OutOfBandMove, state: OutOfBandState, *, by: User | None) -> None:
    """Close a case, with its record."""
    case.state, case.ended_at, case.trouble = state, timezone.now(), ""
    case.save(update_fields=["state", "ended_at", "trouble"])
    tell(f"models.out_of_band_{state.value}", case, by=by)


def reopen(case: OutOfBandMove, trouble: str) -> None:
    """What was decided could not be done: somebody decides again."""
    case.state, case.trouble = OutOfBandState.OPEN, trouble[:500]
    case.save(update_fields=["state", "trouble"])
    tell("models.out_of_band_reopened", case, by=None)


def tell(verb: str, case: OutOfBandMove, *, by: AbstractUser | None) -> None:
    """The ledger's record of a step of a case, and word to the pages that show it."""
    move = case.move
    data = {
        "model": case.model_id,
        "environment": case.environment_id,
        move.kind: move.name,
        "version": [move.before_id, move.after_id],
        "promotion": case.promotion_id,
    }
    record(actor=by, verb=verb, subject=case, project_id=case.project_id, data=data)
    live.changed(case.topic)


def _keep(move: AliasMove, cause: Cause, guarded: Environment | None) -> AliasMove:
    around = cause.by is None or guarded is not None
    move.project_id, move.at, move.by = move.model.project_id, timezone.now(), cause.by
    move.promotion = cause.promotion
    if cause.settles is not None and move.kind == MoveKind.ALIAS:
        move.promotion = _promotion_behind(move)
    move.out_of_band = around and not cause.sanctioned
    move.note = cause.settles.reason if cause.settles else ""
    move.save(force_insert=True)
    _record(move)
    return move


def _promotion_behind(back: AliasMove) -> Promotion | None:
    """What let the version hold the alias that it now gets back."""
    held = AliasMove.objects.filter(
        model=back.model, kind=back.kind, name=back.name, after=back.after
    ).exclude(after=None)
    last = held.select_related("promotion", "out_of_band_case__promotion").order_by("-pk").first()
    if last is None:
        return None
    case: OutOfBandMove | None = getattr(last, "out_of_band_case", None)
    return last.promotion or (case.promotion if case and case.was_adopted_by(back.at) else None)


def _record(move: AliasMove) -> None:
    data: dict[str, Any] = {move.kind: move.name, "version": [move.before_id, move.after_id]}
    if move.promotion_id:
        data["promotion"] = move.promotion_id
    if move.out_of_band:
        data["out_of_band"] = True
    record(
        actor=move.by,
        verb=f"models.{move.kind}_moved",
        subject=move.model,
        project_id=move.project_id,
        data=data,
    )


def _underway(model: RegisteredModel, name: str, after: ModelVersion | None) -> Cause:
    """The portal's own work that was cut off between MLflow and here, where that is what was found."""
    approved = Promotion.objects.filter(
        state=PromotionState.APPROVED, environment__name=name, version=after
    )
    if after and (promotion := approved.select_related("requested_by").first()):
        return Cause(promotion.requested_by, promotion=promotion)
    reverting = _reverting(model).filter(move__kind=MoveKind.ALIAS, move__name=name)
    case = reverting.filter(rightful=after).first()
    return Cause(case.decided_by, settles=case) if case else Cause()


def _reverting_stage(version: ModelVersion) -> Cause:
    reverting = _reverting(version.model).filter(move__kind=MoveKind.STAGE)
    case = reverting.filter(came_from=version.stage).first()
    return Cause(case.decided_by, settles=case) if case else Cause()


def _reverting(model: RegisteredModel) -> OutOfBandQuerySet:
    found = OutOfBandMove.objects.filter(model=model, state=OutOfBandState.REVERTING)
    return found.select_related("decided_by", "move")


def _open(model: RegisteredModel) -> OutOfBandQuerySet:
    found = OutOfBandMove.objects.filter(model=model).open()
    return found.select_related("move", "rightful", "decided_by")


def _guard_of(model: RegisteredModel, stage: str, cause: Cause) -> Environment | None:
    if cause.sanctioned:
        return None
    return selectors.guarded_environment(model.project, stage, model.name)


def _overtake(
    cases: OutOfBandQuerySet, *, by_promotion: Promotion | None, settled: OutOfBandMove | None
) -> None:
    """What moved again is no longer where the earlier cases found it."""
    for case in cases:
        if settled is not None and case.pk == settled.pk:
            continue  # its own revert, which ends it
        if by_promotion is not None and case.promotion_id == by_promotion.pk:
            continue  # its own adoption, which ends it
        end(case, OutOfBandState.OVERTAKEN, by=None)


def _settle_by(promotion: Promotion) -> None:
    """Cases of the same place: the promoted version was there already, or it has replaced what was."""
    version = promotion.version
    for case in _open(version.model).filter(
        environment=promotion.environment, move__kind=MoveKind.ALIAS
    ):
        if case.move.after_id == version.pk:
            case.promotion, case.decided_by = promotion, promotion.requested_by
            case.save(update_fields=["promotion", "decided_by"])
            end(case, OutOfBandState.ADOPTED, by=promotion.requested_by)
        elif case.move.name == promotion.environment.name:
            end(case, OutOfBandState.OVERTAKEN, by=None)


def _open_case(case: OutOfBandMove) -> None:
    case.model, case.project_id = case.move.model, case.move.project_id
    case.save(force_insert=True)
    tell("models.out_of_band_found", case, by=None)
    events.publish(
        AliasMovedOutOfBand(
            out_of_band_id=case.pk,
            model_id=case.model_id,
            environment_id=case.environment_id,
            version_id=case.move.after_id,
            rightful_id=case.rightful_id,
        )
    )
