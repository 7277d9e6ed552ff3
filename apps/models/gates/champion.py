"""The gate against the champion: not worse than the version that holds the environment now."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import Field, FiniteFloat

from apps.models import selectors
from apps.models.gates import student
from apps.models.gates.kinds import Candidate, Finding, Kind, Settings, register
from apps.models.gates.metrics import last_value, read_json

LARGEST = 32 * 1024 * 1024  # bytes of a file of losses, about two million rows
FEWEST_ROWS = 30

Paired = dict[str, tuple[float, float]]


class NotWorse(Settings):
    """Not worse than the champion by more than a margin, tested where the runs logged enough."""

    metric: str = Field(min_length=1, max_length=250, description="What both runs logged.")
    better: Literal["higher", "lower"] = Field(
        default="higher", description="Which direction is better."
    )
    margin: FiniteFloat = Field(
        ge=0,
        description="How much worse would still do. With 0 a test passes only what is surely better.",
    )
    confidence: float = Field(
        default=0.95, ge=0.5, le=0.999, description="How sure the test has to be."
    )
    folds: str = Field(
        default="",
        max_length=200,
        description="The name before the number of metrics by fold: cv_ for cv_0, cv_1, …",
    )
    losses: str = Field(
        default="",
        max_length=500,
        description="A JSON file that both runs logged with one value per row: "
        "a list, or an object of row to value.",
    )

    def said(self) -> str:
        margin = f" by more than {self.margin:g}" if self.margin else ""
        return f"{self.metric} not worse than the champion{margin}"


@dataclass(frozen=True, slots=True)
class Test:
    """One paired test, as it is kept in the evidence."""

    method: str
    pairs: int
    difference: float
    standard_error: float
    degrees_of_freedom: int
    p_value: float
    lower_bound: float


def not_worse(candidate: Candidate, settings: NotWorse) -> Finding:
    """Compare with the champion: row by row, fold by fold, or the two numbers where that is all."""
    evidence: dict[str, Any] = settings.model_dump()
    champion = selectors.promoted(candidate.version.model, candidate.environment)
    name = candidate.environment.name
    if champion is None or champion.pk == candidate.version.pk:
        sentence = f"No other version holds {name}, so there is nothing to compare with."
        return Finding(True, sentence, evidence)
    other = Candidate(champion, candidate.environment)
    evidence["champion"] = champion.number
    if settings.losses:
        return _by_rows(candidate, other, settings, evidence)
    if settings.folds:
        return _by_folds(candidate, other, settings, evidence)
    return _by_numbers(candidate, other, settings, evidence)


def _by_numbers(
    candidate: Candidate, champion: Candidate, settings: NotWorse, evidence: dict[str, Any]
) -> Finding:
    """One number each: they are compared, and the sentence says that nothing was tested."""
    mine, trouble = last_value(candidate, settings.metric, evidence)
    seen: dict[str, Any] = {}
    theirs, their_trouble = last_value(champion, settings.metric, seen)
    evidence["champion_value"] = seen.get("value")
    if mine is None or theirs is None:
        return Finding(False, trouble if mine is None else f"Champion: {their_trouble}", evidence)
    gain = mine - theirs if settings.better == "higher" else theirs - mine
    # 0.89 against 0.90 is a loss of exactly 0.01, whatever binary fractions make of it.
    passed = gain >= -settings.margin or math.isclose(gain, -settings.margin, abs_tol=1e-12)
    word = "not worse than" if passed else "worse than"
    sentence = (
        f"{settings.metric} is {mine:.6g}, {word} version {champion.version.number} "
        f"({theirs:.6g}, margin {settings.margin:g}); one value each, so nothing was tested."
    )
    return Finding(passed, sentence, evidence)


def _by_folds(
    candidate: Candidate, champion: Candidate, settings: NotWorse, evidence: dict[str, Any]
) -> Finding:
    paired = _paired(_folds(candidate, settings.folds), _folds(champion, settings.folds))
    evidence["folds_used"] = {fold: list(both) for fold, both in sorted(paired.items())[:200]}
    if len(paired) < 2:
        sentence = f"Both runs need the same folds {settings.folds}0, {settings.folds}1, …"
        return Finding(False, f"{sentence} They share {len(paired)}.", evidence)
    return _judged(resampled(_gains(paired, settings), settings), champion, settings, evidence)


def _by_rows(
    candidate: Candidate, champion: Candidate, settings: NotWorse, evidence: dict[str, Any]
) -> Finding:
    told = [_rows(each, settings.losses) for each in (candidate, champion)]
    for rows, whose in zip(told, ("", "Champion: "), strict=True):
        if isinstance(rows, str):
            return Finding(False, f"{whose}{rows}", evidence)
    mine, theirs = (rows for rows in told if not isinstance(rows, str))
    if mine.keys() != theirs.keys():
        sentence = f"{settings.losses} does not speak of the same rows in both runs."
        return Finding(False, sentence, evidence | {"rows": [len(mine), len(theirs)]})
    if len(mine) < FEWEST_ROWS:
        sentence = f"{settings.losses} holds {len(mine)} rows; the test needs {FEWEST_ROWS}."
        return Finding(False, sentence, evidence)
    gains = _gains(_paired(mine, theirs), settings)
    return _judged(paired_t(gains, settings), champion, settings, evidence)


def paired_t(gains: list[float], settings: NotWorse) -> Test:
    """Student's paired test of non-inferiority over independent rows (Student 1908).

    d is the mean of the gains, s their standard deviation over n rows. H0: the true gain is at most
    -margin. t = (d + margin) / (s / sqrt(n)) with n - 1 degrees of freedom, one-sided.
    """
    return _tested("paired t-test over rows", gains, settings, spread=1 / len(gains))


def resampled(gains: list[float], settings: NotWorse) -> Test:
    """The corrected resampled t-test over the folds of a cross-validation.

    Folds share training data, so their variance is too small; Nadeau and Bengio (Inference for the
    Generalization Error, Machine Learning 52, 2003) put 1/k + n_test/n_train in the place of 1/k, and
    with k folds n_test/n_train is 1/(k-1). t = (d + margin) / (s sqrt(1/k + 1/(k-1))), k - 1 degrees
    of freedom, one-sided.
    """
    k = len(gains)
    return _tested("corrected resampled t-test over folds", gains, settings, 1 / k + 1 / (k - 1))


def _tested(method: str, gains: list[float], settings: NotWorse, spread: float) -> Test:
    n = len(gains)
    mean = math.fsum(gains) / n
    variance = math.fsum((gain - mean) ** 2 for gain in gains) / (n - 1)
    error = math.sqrt(variance * spread)
    above = mean + settings.margin
    # Without any spread there is nothing to doubt.
    t = above / error if error else math.copysign(math.inf, above if above else 1.0)
    bound = mean - student.quantile(settings.confidence, n - 1) * error
    return Test(method, n, mean, error, n - 1, student.upper_tail(t, n - 1), bound)


def _judged(
    test: Test, champion: Candidate, settings: NotWorse, evidence: dict[str, Any]
) -> Finding:
    passed = test.p_value <= 1 - settings.confidence
    sure = f"{settings.confidence * 100:g} % sure"
    sentence = (
        f"{settings.metric} against version {champion.version.number}: {test.difference:+.4g} on "
        f"average over {test.pairs} pairs, {sure} to be above {test.lower_bound:+.4g}; "
        f"{'within' if passed else 'that does not rule out a loss of'} the margin of "
        f"{settings.margin:g} ({test.method}, p {test.p_value:.2g})."
    )
    return Finding(passed, sentence, evidence | {"test": asdict(test)})


def _gains(paired: Paired, settings: NotWorse) -> list[float]:
    sign = 1 if settings.better == "higher" else -1
    return [sign * (mine - theirs) for mine, theirs in paired.values()]


def _paired(mine: Mapping[str, float], theirs: Mapping[str, float]) -> Paired:
    return {key: (mine[key], theirs[key]) for key in mine if key in theirs}


def _folds(candidate: Candidate, prefix: str) -> dict[str, float]:
    named = re.compile(rf"{re.escape(prefix)}\d+")
    return {
        name: float(value)
        for name, value in candidate.metrics.items()
        if named.fullmatch(name) and not isinstance(value, str)
    }


def _rows(candidate: Candidate, path: str) -> dict[str, float] | str:
    told = read_json(candidate, path, LARGEST)
    if isinstance(told, str):
        return told
    rows = dict(enumerate(told)) if isinstance(told, list) else told
    if not isinstance(rows, dict) or not all(_is_finite(value) for value in rows.values()):
        return f"{path} is neither a list of numbers nor an object of them."
    return {str(key): float(value) for key, value in rows.items()}


def _is_finite(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(float(value))  # type: ignore[arg-type]


register(
    Kind(
        "champion",
        "Not worse than the champion",
        "The version is not worse than the one that holds the environment now, by a stated test.",
        NotWorse,
        not_worse,
    )
)
