"""Words that claim, words that say the same, and words that say nothing about the world."""

from __future__ import annotations

import re

NEGATIONS = re.compile(
    r"\b(not|no|never|nobody|none|nothing|neither|nor|without|cannot|unable|lacks?|lacking"
    r"|un(?:acknowledged|resolved|approved))\b|n't\b",
    re.IGNORECASE,
)
# Words that say nothing about the world.
PLAIN = frozenset(
    """
    a about according all also an and another any are as at be been being both but by came can come comes could
    currently did do does doing done during each evidence every for found from gave given gives go goes had has have
    having he her here him his how i if in into is it its itself just kind let like made make makes me more most much
    my name named namely next note noted now of off on only or other our out over per please record recorded records
    same says see seems shall she should show shown shows so some still such than that the their them then there
    these they this those through thus time to told too two under up us very was we well were what when where which
    while who whom whose will with within would yes you your since until utc exactly moment answer question called
    portal yet already feature column reads
    stands listed according fact say said states stated state status value number figure amount total
    """.split()  # noqa: SIM905  words read better without quotes
)
_SAME = (
    "serve serves served serving run runs running answer answers live deployed",
    "request requested requests ask asked asks",
    "approve approved approves approval approver sign signed",
    "decline declined refuse refused reject rejected",
    "acknowledge acknowledged acknowledges acknowledgement",
    "own owns owned owner",
    "deputy stand-in",
    "train trained training",
    "open opened opens",
    "resolve resolved resolves",
    "register registered registers registration",
    "point points pointed names holds held hold alias aliases",
    "replica replicas",
    "data dataset datasets",
    "take took takes taken latency",
    "fire fires fired firing",
    "move moves moved shift shifted",
    "metric metrics",
    "param params parameter parameters hyperparameter",
    "severity severe",
    "production prod",
    "percent per cent",
    "prediction predictions",
    "count counts",
    "belong belongs part",
    "inputs input features",
    "start started starts begun began",
    "log logged logs",
    "incident incidents",
    "version versions",
    "release releases released",
    "environment environments",
    "member members",
    "latest newest",
    "good",
    "budget",
    "remain remains remaining left",
    "differ differs difference different",
    "hours hour",
)
ROLES = (
    "approved", "declined", "requested", "asked", "acknowledged", "resolved", "opened", "owned", "owns", "owner",
    "deputy", "registered", "moved", "started", "assigned", "logged",
)  # fmt: skip


def stem(word: str) -> str:
    """The word without its ending, so that `moved` finds `moves`."""
    for ending in ("ings", "ing", "ied", "ies", "ed", "es", "ly", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


_GROUPS: dict[str, str] = {}
for _line in _SAME:
    for _word in _line.split():
        _GROUPS.setdefault(stem(_word), stem(_line.split()[0]))


def heads(text: str) -> set[str]:
    """The words that say something, each as the first of those that say the same."""
    found = re.findall(r"[^\W\d_]+(?:[-'_./]\w+)*", text.casefold())
    return {head(word) for word in found if word not in PLAIN and len(word) > 1}


def head(word: str) -> str:
    """The first of the words that say the same."""
    bare = stem(re.sub(r"'s$", "", word))
    return _GROUPS.get(bare, bare)


def negated(text: str) -> bool:
    """Whether the text denies something."""
    return bool(NEGATIONS.search(text))
