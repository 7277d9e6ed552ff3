"""The three projects of the demo: data, not code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.core.access import Role


@dataclass(frozen=True, slots=True)
class World:
    """One project of the demo on one data set that scikit-learn carries."""

    slug: str
    name: str
    purpose: str
    deployment: str
    model: str
    script: str
    criticality: str
    gate: dict[str, Any]
    floor: float  # what the performance monitor asks for
    unit_column: str  # the column whose unit changes at the source
    broken_column: str  # the column that stands still


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody of the demo's cast."""

    key: str
    username: str
    full_name: str
    role: Role


WORLDS = (
    World(
        "tumour-screening", "Tumour screening",
        "Demo. Says whether a biopsy looks malignant, from thirty measures of its cells.",
        "tumour-screening", "tumour", "tumours", "critical",
        {"metric": "accuracy", "floor": 0.9}, 0.85, "mean area", "worst texture",
    ),
    World(
        "diabetes-outlook", "Diabetes outlook",
        "Demo. Foretells how far diabetes will have progressed in a year, from ten measures.",
        "diabetes-outlook", "progression", "diabetes", "high",
        {"metric": "r2", "floor": 0.4}, 60.0, "s5", "bp",
    ),
    World(
        "digit-reading", "Digit reading",
        "Demo. Reads one handwritten digit from a picture of eight by eight points.",
        "digit-reading", "digit", "digits", "normal",
        {"metric": "accuracy", "floor": 0.9}, 0.85, "pixel_3_3", "pixel_4_3",
    ),
)  # fmt: skip
STRANGER_SLUG = "harbour-traffic"

CAST = (
    Part("owner", "olga", "Olga Owen", Role.OWNER),
    Part("owner2", "oscar", "Oscar Ott", Role.OWNER),
    Part("maintainer", "mia", "Mia Marsh", Role.MAINTAINER),
    Part("maintainer2", "milo", "Milo Mann", Role.MAINTAINER),
    Part("contributor", "clara", "Clara Cole", Role.CONTRIBUTOR),
    Part("contributor2", "colin", "Colin Crane", Role.CONTRIBUTOR),
    Part("responder", "rosa", "Rosa Reed", Role.RESPONDER),
    Part("responder2", "ravi", "Ravi Rao", Role.RESPONDER),
    Part("viewer", "vera", "Vera Vance", Role.VIEWER),
    Part("viewer2", "viktor", "Viktor Vale", Role.VIEWER),
)
STRANGER = Part("stranger", "stan", "Stan Stone", Role.OWNER)


def world(name: str) -> World:
    """The world of that name."""
    return next(each for each in WORLDS if each.slug == name)
