"""What kind of answer a question wants: topics by the words that ask for them, the surest first."""

from __future__ import annotations

import re

# A topic and the words that ask for it. The first that fits decides what is said first.
_SAID = (
    ("howto",
     r"\bhow (do|can|should|would) (i|we|you|one)\b|\bhow to\b|\brunbook|"
     r"\bsteps?\b|\bwhat (do|should|can|must) (i|we)\b|\bmitigat"),
    ("why", r"\bwhy\b|\bcauses?d?\b|\bworse\b|\bwrong\b|\bbroke|\bwhat happened\b|\bexplain\b"),
    ("changed",
     r"\bwhat (has |have )?(changed|was changed|moved)\b|\bchanges\b|"
     r"\bwho changed\b|\bhappened (yesterday|today|last|between|on)"),
    ("compare", r"\bcompar|\bdiffer|\bversus\b|\bvs\.?\b|\bbetter than\b"),
    ("waiting",
     r"\bwait(s|ing)? for (my |an |somebody's |anybody's )?approv|"
     r"\bpending (approval|promotion)s?|\bpromotions? (is|are) waiting"),
    ("approved", r"\bapprov|\bsigned off\b|\bgave the (go|green)|\bdeclined\b|\blet .{1,40} into\b"),
    ("gates", r"\bgates?\b"),
    ("count", r"\bhow many\b|\bnumber of\b|\bcount\b"),
    ("last_good", r"\blast good\b|\broll(ed)? ?back to\b|\bversion before\b|\bprevious(ly)? (good )?version\b"),
    ("requested", r"\bwho (requested|asked|released|shipped|deployed|rolled|pushed|launched)\b"),
    ("acknowledged", r"\backnowledg|\bwho (took|picked|is on|has taken)\b"),
    ("resolved", r"\bresolved\b|\bis .{0,30}\bover\b"),
    ("severity", r"\bsever|\bhow bad\b"),
    ("ticket", r"\btickets?\b|\bjira\b|\bservicenow\b"),
    ("members", r"\bmembers?\b|\bwho (works|is in|has access)\b|\brole\b|\bwhich roles?\b"),
    ("owner",
     r"\bown(s|er|ed)?\b|\bdeputy\b|"
     r"\bresponsible\b|\bin charge\b|\bwhom? (do|should|can) i (ask|call|ping)\b"),
    ("environments", r"\benvironments\b"),
    ("dataset", r"\bdata ?sets?\b|\btrained on\b|\btraining data\b|\bwhich data\b"),
    ("signature", r"\bsignature\b|\bschema\b|\bwhich (inputs|features|columns)\b"),
    ("best", r"\b(best|highest|lowest|worst|top) .{0,30}\brun\b|\brun .{0,40}(best|highest|lowest)\b"),
    ("moved", r"\balias(es)? .{0,40}(histor|moved|changed)|\bwho moved\b|\bwhen .{0,30}alias\b"),
    ("alias", r"\balias(es)?\b"),
    ("run", r"\b(which|what) run\b|\bsource run\b|\bcome from\b|\bcame from\b"),
    ("registered", r"\bregistered\b"),
    ("replicas", r"\breplicas?\b|\bpods?\b"),
    ("latency", r"\blatenc|\bhow (fast|slow|long)\b|\bp(50|95|99)\b|\bresponse times?\b"),
    ("errors", r"\berrors?\b(?! budget)|\bfailures\b|\bfailing requests\b|\berror rate\b"),
    ("traffic", r"\btraffic\b|\brequests\b|\bhow busy\b"),
    ("predictions", r"\bpredictions?\b"),
    ("budget", r"\bbudgets?\b|\bslos?\b|\bobjectives?\b"),
    ("monitor", r"\bmonitors?\b|\bverdicts?\b|\bdrift(ed|ing|s)?\b"),
    ("alert", r"\balerts?\b|\bfiring\b|\balarms?\b"),
    ("incident", r"\bincidents?\b|\boutages?\b"),
    ("job", r"\bjobs?\b"),
    ("connection", r"\bconnections?\b|\bconnected\b"),
    ("release", r"\breleases?\b|\bwho .{0,20}live\b|\brollouts?\b|\bhistory\b"),
    ("versions", r"\b(latest|newest|all) versions?\b|\bversions are there\b"),
    ("serves",
     r"\bserv(e|es|ed|ing)\b|\blive\b|\bin (prod|production|staging|dev)\b|"
     r"\bdeployed\b|\brunning\b|\b(which|what) version\b"),
    ("status", r"\bstatus\b|\bstate\b|\bhow is\b|\bhow are\b|\bhealth|\bstarted\b|\bwhen did\b"),
    ("purpose", r"\bpurpose\b|\bwhat is .{1,40} for\b|\brisk\b"),
)  # fmt: skip
_TOPICS = tuple((name, re.compile(words, re.IGNORECASE)) for name, words in _SAID)
_ATTRIBUTE = re.compile(
    r"\b(?:what(?:'s| is| was| are| were)?|which|tell me|give me|show(?: me)?"
    r"|how (?:high|low|big|large|good) (?:is|was))"
    r"\s+(?:the\s+)?(?P<name>[\w-]+(?: [\w-]+){0,4}?)\s+(?:of|for|in|does|did|has|on|was|is)\b",
    re.IGNORECASE,
)
_HIGH_LOW = re.compile(
    r"\b(?P<word>best|highest|lowest|worst|top|smallest|largest)\s+(?P<name>[\w-]+)", re.I
)
_COUNTED = re.compile(
    r"\b(?:how many|number of|count of)\s+(?:open |failed |firing |registered )?(?P<noun>\w+)", re.I
)


def topics(text: str) -> tuple[str, ...]:
    """The topics of a question, the surest first."""
    return tuple(name for name, pattern in _TOPICS if pattern.search(text))


def attribute(text: str) -> str:
    """The property that is asked for, such as `accuracy` in `what is the accuracy of v3`."""
    found = _ATTRIBUTE.search(text)
    return found["name"].strip().casefold() if found else ""


def extreme(text: str) -> tuple[str, bool]:
    """The metric whose best value is asked for, and whether the lowest is."""
    found = _HIGH_LOW.search(text)
    if found is None:
        return "", False
    return found["name"].casefold(), found["word"].casefold() in {"lowest", "smallest", "worst"}


def counted(text: str) -> str:
    """What is counted, such as `incidents`."""
    found = _COUNTED.search(text)
    noun = found["noun"].casefold() if found else ""
    return noun if noun.endswith("s") or not noun else f"{noun}s"
