"""Breakers, outliers, rates and budgets on a clock that is moved by hand."""

from __future__ import annotations

from apps.deployments.gateway.counts import Counts
from apps.deployments.gateway.health import Breaker, Outliers, Record
from apps.deployments.gateway.limits import Budget, Rates
from apps.deployments.gateway.routes import Route, Target
from apps.deployments.gateway.table import Replica, Table, Way


def opened(at: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(breaker.most_failures):
        assert breaker.allows(at)
        breaker.failed(at)
    return breaker


class TestBreaker:
    def test_it_opens_after_failures_in_a_row(self) -> None:
        assert not opened().allows(100.5)

    def test_an_answer_between_them_keeps_it_closed(self) -> None:
        breaker = Breaker()
        for _ in range(20):
            breaker.failed(100)
            breaker.failed(100)
            breaker.worked()
        assert breaker.allows(100)

    def test_it_lets_one_try_after_a_pause(self) -> None:
        breaker = opened()
        assert [breaker.allows(101.1), breaker.allows(101.2), breaker.allows(101.3)] == [
            True,
            False,
            False,
        ]
        breaker.worked()
        assert all(breaker.allows(101.4) for _ in range(5))

    def test_its_pause_doubles_up_to_a_bound(self) -> None:
        breaker, now, pauses = opened(), 100.0, []
        for _ in range(8):
            now = breaker.next_try
            assert breaker.allows(now)
            breaker.failed(now)
            pauses.append(breaker.next_try - now)
        assert pauses == [2, 4, 8, 16, 30, 30, 30, 30]

    def test_late_failures_of_requests_of_before_do_not_lengthen_it(self) -> None:
        breaker = opened()
        for _ in range(50):
            breaker.failed(100.1)
        assert breaker.pause == breaker.first_pause
        assert breaker.allows(101.2)

    def test_a_trial_whose_end_nobody_hears_is_followed_by_another(self) -> None:
        breaker = opened()
        assert breaker.allows(101.0)
        assert not breaker.allows(101.9)
        assert breaker.allows(102.0)


def record(requests: int, mean: float = 0.01, failures: int = 0) -> Record:
    return Record(requests, failures, requests * mean)


class TestOutliers:
    found = Outliers()

    def test_equals_are_left_in(self) -> None:
        assert self.found.among([record(100), record(90, 0.012), record(110, 0.009)]) == []

    def test_the_slow_one_is_left_out(self) -> None:
        assert self.found.among([record(100), record(100, 0.1), record(100)]) == [1]

    def test_of_two_as_well(self) -> None:
        assert self.found.among([record(100, 0.1), record(100)]) == [0]

    def test_the_failing_one_is_left_out(self) -> None:
        assert self.found.among([record(100), record(100), record(100, failures=40)]) == [2]

    def test_where_all_fail_nobody_is(self) -> None:
        assert self.found.among([record(100, failures=90), record(100, failures=100)]) == []

    def test_at_most_half_are_left_out_and_never_all(self) -> None:
        bad = [record(100, 0.5, failures=f) for f in (30, 60, 90)]
        for good in (1, 2, 5):
            records = [*bad, *[record(100, 0.001)] * good]
            assert len(self.found.among(records)) <= len(records) // 2
        assert self.found.among([record(100, 0.5)]) == []
        assert self.found.among([]) == []

    def test_a_few_requests_say_nothing(self) -> None:
        assert self.found.among([record(100), record(5, 3.0)]) == []

    def test_a_difference_that_harms_nobody_is_none(self) -> None:
        assert self.found.among([record(100, 0.0001), record(100, 0.005)]) == []


def way(*weights: float, per_release: int = 1) -> Way:
    targets = tuple(
        Target(release, str(release), "127.0.0.1", 1000 * release + number, weight / per_release)
        for release, weight in enumerate(weights, start=1)
        for number in range(per_release)
    )
    table = Table(Counts())
    table.replace([Route("churn", 1, 1, targets, model="churn")])
    return table.ways["churn"]


def replicas(of: Way) -> list[Replica]:
    return [replica for group in of.groups for replica in group.replicas]


class TestPicking:
    def test_who_is_out_is_not_picked_while_another_is_in(self) -> None:
        two = way(1.0, per_release=2)
        bad, good = replicas(two)
        for _ in range(5):
            bad.breaker.failed(100)
        assert {two.pick(100.5, set()) for _ in range(20)} == {good}

    def test_where_all_are_out_they_are_picked_all_the_same(self) -> None:
        two = way(1.0, per_release=2)
        for replica in replicas(two):
            replica.left_out_until = 200
        assert two.pick(100, set()) is not None

    def test_each_is_tried_once(self) -> None:
        three = way(50, 30, 20)
        tried: set[Replica] = set()
        while (replica := three.pick(100, tried)) is not None:
            assert replica not in tried
            tried.add(replica)
        assert tried == set(replicas(three))

    def test_a_release_without_a_share_gets_nothing_unless_it_is_named(self) -> None:
        two = way(100, 0)
        assert {r.target.version for _ in range(50) if (r := two.pick(100, set()))} == {"1"}
        named = two.pick(100, set(), "2")
        assert named is not None
        assert named.target.version == "2"

    def test_a_busy_one_gets_less(self) -> None:
        two = way(1.0, per_release=2)
        busy, idle = replicas(two)
        busy.outstanding = 5
        assert {two.pick(100, set()) for _ in range(20)} == {idle}

    def test_the_slow_one_is_left_out_for_a_while_and_longer_each_time(self) -> None:
        two = way(1.0, per_release=2)
        slow, fast = replicas(two)
        pauses = []
        for look in (100.0, 200.0):
            for _ in range(30):
                slow.record.note(0.5, failed=False)
                fast.record.note(0.01, failed=False)
            two.leave_out(look)
            pauses.append(slow.left_out_until - look)
            assert not slow.allowed(look + 1)
            assert fast.allowed(look + 1)
        assert pauses == [5, 10]

    def test_what_is_known_of_a_replica_outlives_new_routes(self) -> None:
        table = Table(Counts())
        target = Target(1, "1", "127.0.0.1", 1, 100)
        table.replace([Route("churn", 1, 1, (target,))])
        [replica] = table.replicas.values()
        table.replace([Route("churn", 1, 1, (Target(1, "1", "127.0.0.1", 1, 50),))])
        assert list(table.replicas.values()) == [replica]
        assert table.ways["churn"].groups[0].weight == 50
        table.replace([])
        assert replica.upstream.closed
        assert not table.paths


class TestRates:
    def test_it_gives_what_the_rate_says(self) -> None:
        rates = Rates()
        taken = sum(rates.wait("a", 10, 100 + step / 1000) == 0 for step in range(10_000))
        assert 105 <= taken <= 111

    def test_it_says_how_long_to_wait(self) -> None:
        rates = Rates()
        assert rates.wait("a", 0.5, 100) == 0
        assert rates.wait("a", 0.5, 100) == 2
        assert rates.wait("b", 0.5, 100) == 0
        assert rates.wait("a", 0.5, 102) == 0

    def test_it_forgets_the_longest_silent(self) -> None:
        rates = Rates(most=2)
        for key in "abc":
            rates.wait(key, 1, 100)
        assert list(rates.buckets) == ["b", "c"]


def test_second_tries_are_a_share_of_the_requests() -> None:
    budget = Budget(share=0.2, most=10)
    assert sum(budget.spend() for _ in range(100)) == 10
    for _ in range(100):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) in {9, 10}
    for _ in range(20):
        budget.earn()
    assert sum(budget.spend() for _ in range(100)) in {3, 4}
