"""Whose turn it is: a share of one core, five seconds between readings, the screen first."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitop.collect.memory.rounds import Rounds
from pitop.model.memory.holdings import Holding
from pitop.model.processes import ProcessKey


class Machine:
    """Processes whose reading costs what `costs` says, on clocks that only this moves."""

    def __init__(self, costs: dict[int, float]) -> None:
        self.costs = costs
        self.now = 100.0
        self.spent = 0.0
        self.readings: list[tuple[float, int]] = []
        self.rounds = Rounds(self.read, lambda: self.now, lambda: self.spent, lambda: self.now)

    def read(self, key: ProcessKey, moment: float) -> Holding | None:
        cost = self.costs.get(key[0])
        self.spent += 1e-5 if cost is None else cost
        if cost is None:
            return None
        self.readings.append((self.now, key[0]))
        return Holding(key, moment, None, None, None, None)

    def times(self, pid: int) -> list[float]:
        return [moment for moment, who in self.readings if who == pid]


def keys(count: int) -> tuple[ProcessKey, ...]:
    return tuple((pid, 1) for pid in range(count))


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-5, 0.2), st.sampled_from([0.1, 0.5, 1.0, 5.0]), st.integers(1, 1000))
def test_never_more_than_two_percent_and_never_within_five_seconds(cost: float, interval: float, count: int) -> None:
    machine = Machine(dict.fromkeys(range(count), cost))
    machine.rounds.want(keys(count))
    started = machine.now
    for _ in range(int(120 / interval)):
        machine.rounds.turn()
        machine.now += interval
    # What the first screen costs, and one reading that was begun with credit left, come on top of the share.
    assert machine.spent <= 0.02 * (machine.now - started) + 0.03 + cost
    for pid in range(count):
        times = machine.times(pid)
        assert all(later - earlier >= 5.0 for earlier, later in pairwise(times))


def test_every_one_of_a_thousand_gets_its_turn() -> None:
    machine = Machine(dict.fromkeys(range(1000), 154e-6))
    machine.rounds.want(keys(1000))
    for _ in range(60):
        machine.rounds.turn()
        machine.now += 1.0
    counts = [len(machine.times(pid)) for pid in range(1000)]
    assert min(counts) >= 5
    assert max(counts) <= 7


def test_a_screen_is_read_at_once_from_the_top() -> None:
    machine = Machine(dict.fromkeys(range(40), 154e-6))
    machine.rounds.want(keys(40))
    assert len(machine.rounds.turn()) == 40
    assert [who for _, who in machine.readings] == list(range(40))
    machine.rounds.turn()
    assert len(machine.readings) == 40  # nothing is due yet


def test_a_dear_target_is_read_rarely() -> None:
    machine = Machine({1: 0.1, 2: 1e-4})
    machine.rounds.want([(1, 1), (2, 1)])
    for _ in range(200):
        machine.rounds.turn()
        machine.now += 1.0
    times = machine.times(1)
    assert all(later - earlier >= 20.0 for earlier, later in pairwise(times))
    assert len(machine.times(2)) >= 30


def test_what_leaves_the_screen_is_kept_for_a_while_and_not_read() -> None:
    machine = Machine(dict.fromkeys(range(3), 1e-4))
    machine.rounds.want(keys(3))
    machine.rounds.turn()
    machine.rounds.want(keys(1))
    machine.now += 30
    assert {each.key[0] for each in machine.rounds.turn()} == {0, 1, 2}
    assert len(machine.times(1)) == 1
    machine.now += 31
    assert {each.key[0] for each in machine.rounds.turn()} == {0}


def test_an_ended_process_is_not_asked_again() -> None:
    machine = Machine({0: 1e-4})
    machine.rounds.want([(0, 1), (9, 1)])
    assert [each.key[0] for each in machine.rounds.turn()] == [0]
    del machine.costs[0]
    spent = []
    for _ in range(3):
        machine.now += 6
        assert machine.rounds.turn() == ()
        spent.append(machine.spent)
    assert spent[0] == spent[-1]


def test_at_once_reads_all_that_were_never_read() -> None:
    machine = Machine(dict.fromkeys(range(500), 1e-3))
    machine.rounds.want(keys(500))
    assert len(machine.rounds.turn(at_once=True)) == 500
    machine.now += 6
    machine.rounds.turn(at_once=True)
    assert len(machine.readings) == 500  # the debt is paid off first
    assert machine.spent == pytest.approx(0.5)
