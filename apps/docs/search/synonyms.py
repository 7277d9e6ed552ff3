"""Words of operations that mean about the same: people ask in theirs, runbooks answer in others."""

from __future__ import annotations

from collections import defaultdict

from apps.docs.search.stems import stem

GROUPS = """
pod container workload instance
oom outofmemory memory ram
latency slow delay lag
down unavailable unreachable away dead offline
restart reboot crash crashloop
disk storage volume space
full exhaust capacity
fail error broken break
certificate cert tls expire expiration
replica copy
node host machine server
guest vm virtualmachine
upgrade update version
permission forbidden auth denied 403
throughput performance fast speed
scrape collect metric target
notify notification alert page
user customer tenant
delete remove drop
pipeline workflow
gpu nvidia cuda
quota cap limit
team squad tenant namespace
autoscale scale grow expand resize
backup snapshot restore
llm model
notebook jupyter
reproducible seed deterministic
config configuration setting
peer cluster member
"""

_akin: dict[str, set[str]] = defaultdict(set)
for _group in GROUPS.strip().splitlines():
    _stems = {stem(word) for word in _group.split()}
    for _stem in _stems:
        _akin[_stem] |= _stems - {_stem}


def akin(term: str) -> set[str]:
    """The stems that mean about the same as this one."""
    return _akin.get(term, set())
