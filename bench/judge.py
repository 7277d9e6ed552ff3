"""How often the judge takes back what is good, and how much it must see of what is bad."""

from __future__ import annotations

import statistics

from tests.deployments.releases.simulated import FALSE_ALARM, Course, Effect, released

GOOD_RELEASES, BAD_RELEASES = 2000, 100
COURSE = Course()
# As bad as the margins allow: still no reason to go back.
ON_THE_MARGIN = Effect(failing=0.003 + 0.005, slower=1.2, shift=0.0, wrong=0.15)
EFFECTS = {
    "2 % more failures": (Effect(failing=0.023), 0.8),
    "10 % more failures": (Effect(failing=0.103), 1.0),
    "1.6 times slower": (Effect(slower=1.6), 0.9),
    "10 times slower": (Effect(slower=10), 1.0),
    "scores 0.1 higher": (Effect(shift=0.1), 0.9),
    "wrong 30 % for 10 %": (Effect(wrong=0.3), 0.9),
}


def main() -> int:
    """Print the figures; how many aims were missed."""
    missed = _false_alarms("the same version twice", Effect())
    missed += _false_alarms("as bad as the margins allow", ON_THE_MARGIN)
    print(f"{'bad in what':<24} {'caught':>7} {'requests seen until then, median and 90 %':>44}")
    for name, (effect, aim) in EFFECTS.items():
        endings = [released(seed, effect, COURSE) for seed in range(BAD_RELEASES)]
        seen = [ending.seen for ending in endings if ending.taken_back]
        caught = len(seen) / BAD_RELEASES
        median = statistics.median(seen) if seen else float("nan")
        most = statistics.quantiles(seen, n=10)[-1] if len(seen) > 1 else float("nan")
        print(f"{name:<24} {caught:>7.0%} {median:>31,.0f} {most:>12,.0f}")
        missed += caught < aim
    return missed


def _false_alarms(name: str, effect: Effect) -> int:
    taken = sum(released(seed, effect, COURSE).taken_back for seed in range(GOOD_RELEASES))
    print(
        f"{name}: {taken} of {GOOD_RELEASES} releases taken back "
        f"({taken / GOOD_RELEASES:.2%}; stated: {FALSE_ALARM:.2%} at most)"
    )
    return int(taken > FALSE_ALARM * GOOD_RELEASES)
