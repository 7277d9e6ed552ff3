"""What kind of answer a question wants: topics by the words that ask for them, the surest first."""

from __future__ import annotations

import re
from itertools import pairwise

# A topic and the words that ask for it. The first that fits decides what is said first.
_SAID = (
    ("next",
     r"\bwhat (do|should|can|must|shall) (i|we) (do|look at|work on|begin with)( about (it|this))?"
     r"( now| next| first| today)?\s*[?.!]*$|"
     r"\bwhat needs (me|us|doing|attention|to be done)\b|\bwhat(?:'s| is)? (next|now)\b"),
    ("well",
     r"\b(is|are) (any|every)(thing|one)\b.{0,40}\b(on fire|burning|wrong|broken|down|failing|bad|ok|okay|"
     r"fine|healthy|well|calm|alright|all right|up|green)\b|\bis all well\b|\bon fire\b"),
    ("happened",
     r"\b(what|anything|something|which) .{0,20}\b(broke|broken|break|failed|fail|fell over|gone wrong|"
     r"went wrong|go wrong|was wrong|was down|went down)\b|\bincidents? .{0,20}were there\b"),
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
    ("approvers",
     r"\bwho (can|may|could|should|must|has to|is allowed to) (approve|decide|sign off|say yes)\b|\bwhose approval\b"),
    ("approved",
     r"\bapprov|\bsign(ed)?[ -]?offs?\b|\bgave the (go|green)|\bgo-?ahead\b|\bgreen[ -]?lit|\bthumbs up\b|"
     r"\bclear(ed|ance)\b|\bbless(ed|ing)\b|\bauthori[sz]|\bconsent|\bpermitted\b|\bdeclined\b|\blet .{1,40} into\b"),
    ("gates", r"\bgates?\b"),
    ("count", r"\bhow many\b|\bnumber of\b|\bcount\b|\btotal\b|\bhow much (is|are) (firing|open|failed)\b"),
    ("last_good",
     r"\blast good\b|\broll(ed)?\b.{0,60}\bback to\b|\bversion before\b|\bprevious(ly)? (good )?version\b|"
     r"\bundo\b|\bgo back to\b|\brevert|\bpredecessor|\bprior (version|release)\b|"
     r"\bbefore the (present|current|live) (version|one|release)\b"),
    ("requested",
     r"\bwho (requested|asked|released|shipped|deployed|rolled|pushed|launched|started|triggered|initiated)\b|"
     r"\bwho (kicked|set) off\b|\bwho (is|was) behind\b"),
    ("acknowledged",
     r"\backnowledg|\bwho(?:'s| is| was)? (took|picked|on (it|this|that|the|incident|#)|has taken|working on|handling|"
     r"looking (at|into))\b|\bdeal(s|ing|t)? with\b|\brespond(ed|s|ing)?\b|"
     r"\bhandl(es|ed|ing)\b|\bworking on\b|\b(takes?|taking) care\b"),
    ("on_call", r"\bon[- ]call\b|\bwho(m)? (do|should|can) (i|we) (page|wake)\b"),
    ("reason", r"\bhow (was|were|did|has|had)\b.{0,60}\b(resolved?|fixed|mended|solved?|over|ended?)\b"),
    ("resolved", r"\bresolved\b|\bis .{0,30}\bover\b"),
    ("severity", r"\bsever|\bhow (bad|important)\b|\bserious|\burgen(t|cy)\b|\bcritical\b|\bpriority\b"),
    ("ticket", r"\btickets?\b|\bjira\b|\bservicenow\b"),
    ("members", r"\bmembers?\b|\bwho (works|is in|has access)\b|\brole\b|\bwhich roles?\b"),
    ("owner",
     r"\bown(s|er|ed)?\b|\bdeputy\b|"
     r"\bresponsible\b|\bin charge\b|\btalk to\b|\bturn to\b|\bcontact\b|\blook(s|ing)? after\b|\bwhose\b|"
     r"\bbelongs? to\b|\bmaintain(s|ed|ers?)\b|\bwhom? (do|should|can) i (ask|call|ping)\b"),
    ("environments", r"\benvironments\b"),
    ("dataset",
     r"\bdata ?sets?\b|\b(trained|fitted|fed) (on|from|with)\b|\btraining data\b|"
     r"\b(which|what) (data|samples|examples)\b|\blearn(s|ed|t)? from\b"),
    ("signature", r"\bsignature\b|\bschema\b|\bwhich (inputs|features|columns)\b"),
    ("best",
     r"\b(best|highest|lowest|worst|top|(most|least) \w+) .{0,30}\bruns?\b|"
     r"\bruns? .{0,40}\b(best|highest|lowest|worst|most|least)\b"),
    ("moved", r"\balias(es)? .{0,40}(histor|moved|changed)|\bwho moved\b|\bwhen .{0,30}alias\b"),
    ("alias", r"\balias(es)?\b"),
    ("run",
     r"\b(which|what) (training )?run\b|\bsource run\b|\bcom(e|es|ing) from\b|\bcame from\b|\boriginat|\bproduced\b|"
     r"\b(which|what) training\b|\b(made|built|created) by (which|what)\b"),
    ("registered",
     r"\bregistered\b|\b(in|into|to) the registry\b|\b(who|whom|by whom) .{0,20}\b(added|uploaded|entered|created)\b|"
     r"\b(added|uploaded|entered) by\b"),
    ("replicas", r"\b(replicas?|pods?|copies|copy|instances?)\b"),
    ("latency", r"\blatenc|\bhow (fast|slow)\b|\bhow long (does|do|did|is)\b|\bp(50|95|99)\b|\bresponse times?\b"),
    ("errors", r"\berrors?\b(?! budget)|\bfailures\b|\bfailing requests\b|\berror rate\b"),
    ("traffic", r"\btraffic\b|\brequests\b|\bhow busy\b"),
    ("predictions", r"\bpredictions?\b"),
    ("budget", r"\bbudgets?\b|\bslos?\b|\bobjectives?\b"),
    ("monitor", r"\bmonitors?\b|\bwatch(ed|es|ing)?\b|\bverdicts?\b|\bdrift(ed|ing|s)?\b"),
    ("alert", r"\balerts?\b|\bfir(ing|es|ed)\b|\balarm(s|ing)?\b|\bgo(es|ing)? off\b|\bwarnings?\b"),
    ("incident", r"\bincidents?\b|\boutages?\b"),
    ("job", r"\bjobs?\b"),
    ("connection", r"\bconnections?\b|\bconnected\b"),
    ("release", r"\breleases?\b|\bwho .{0,20}live\b|\brollouts?\b|\bhistory\b"),
    ("versions", r"\b(latest|newest|all) versions?\b|\bversions are there\b"),
    ("serves",
     r"\bserv(e|es|ed|ing)\b|\blive\b|\bin (prod|production|staging|dev)\b|"
     r"\bdeployed\b|\brunning\b|\b(which|what) version\b|\bcurrently\b|\bright now\b|\bat the moment\b|\bout there\b|"
     r"\busing\b|\bloaded\b|\banswer(s|ing)\b|\bhow long ha(s|ve)\b|\bswitch(ed)?\b|\bsince when\b"),
    ("status", r"\bstatus\b|\bstate\b|\bhow is\b|\bhow are\b|\bhealth|\bstarted\b|\bwhen did\b"),
    ("purpose", r"\bpurpose\b|\bwhat is .{1,40} for\b|\brisk\b"),
)  # fmt: skip
_TOPICS = tuple((name, re.compile(words, re.IGNORECASE)) for name, words in _SAID)
_ATTRIBUTE = re.compile(
    r"\b(?:what(?:'s| is| was| are| were)?|which|tell me|give me|show(?: me)?"
    r"|how (?:high|low|big|large|good) (?:is|was))"
    r"\s+(?:the\s+)?(?P<name>(?:(?!(?:it|this|that|we|i|you|they|may|can|should)\b)[\w-]+ ?){1,5}?)"
    r"\s*\b(?:of|for|in|does|did|do|has|have|on|was|is|are|were)\b",
    re.IGNORECASE,
)
STEM = 6  # `accurate` and `accuracy`, `precise` and `precision` share as much
_GRADE = re.compile(rf"\bhow (?P<word>[a-z]{{{STEM},}}) (?:is|are|was|were)\b", re.IGNORECASE)
_HIGH_LOW = re.compile(
    r"\b(?:(?P<word>best|highest|lowest|worst|top|smallest|largest)|(?P<degree>most|least))\b(?P<rest>.{3,80})",
    re.I,
)
_LOW = {"lowest", "smallest", "worst", "least"}
_COUNTED = re.compile(
    r"\b(?:how many|how much|number of|count(?: of)?|total(?: number)?(?: of)?)\b(?P<rest>.+)",
    re.I | re.S,
)
_SETTING = {"open", "failed", "registered", "the", "all", "is", "are", "our", "my", "of"}
_SAME = {
    "copies": "replicas", "instances": "replicas", "pods": "replicas", "firing": "alerts", "alarms": "alerts",
    "outages": "incidents", "services": "deployments", "endpoints": "deployments", "people": "members",
}  # fmt: skip


def topics(text: str) -> tuple[str, ...]:
    """The topics of a question, the surest first."""
    return tuple(name for name, pattern in _TOPICS if pattern.search(text))


def attribute(text: str) -> str:
    """The property that is asked for, such as `accuracy` in `what is the accuracy of v3`."""
    found = _ATTRIBUTE.search(text)
    name = found["name"].strip().casefold() if found else ""
    return "" if name.endswith((" is", " are", " was", " were")) else name


def grade(text: str) -> str:
    """How the metric begins that `how accurate` asks for, such as `accura`."""
    found = _GRADE.search(text)
    return found["word"].casefold()[:STEM] if found else ""


def extreme(text: str) -> tuple[list[str], bool]:
    """The words that may name the metric whose best value is asked for, and whether the lowest is."""
    found = _HIGH_LOW.search(text)
    if found is None:
        return [], False
    said = (found["word"] or found["degree"]).casefold()
    words = re.findall(r"[a-z0-9_]+", found["rest"].casefold())[:6]
    return [*map("_".join, pairwise(words)), *words], said in _LOW


def counted(text: str) -> str:
    """What is counted, such as `incidents`."""
    found = _COUNTED.search(text)
    words = re.findall(r"\w+", found["rest"].casefold())[:4] if found else []
    for word in words:
        if word not in _SETTING:
            several = word if word.endswith("s") else f"{word}s"
            return _SAME.get(word) or _SAME.get(several, several)
    return ""
