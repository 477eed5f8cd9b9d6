"""The live source and its workers: cadence, coalescing, failures shown, a clean and quick end."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from msgspec import Struct

from pitop.collect.collector import Unavailable
from pitop.collect.live import LiveSource
from pitop.collect.performers import PERFORMERS, perform
from pitop.collect.repeat import snapshots
from pitop.collect.topics import Topic
from pitop.model.actions import Action, Outcome, Performed
from pitop.model.snapshot import Failure, Snapshot


class Counted(Snapshot, frozen=True, kw_only=True):
    number: int
    asked: tuple[Any, ...] = ()


class Wish(Struct, frozen=True):
    word: str


class Counting:
    """A collector that counts; what it does wrong is set on the class by each test."""

    every: float | None = None
    made: ClassVar[list[Counting]] = []
    error: ClassVar[Exception | None] = None
    gate: ClassVar[threading.Event | None] = None

    def __init__(self) -> None:
        self.number = 0
        self.asked: list[Any] = []
        self.closed = False
        self.pipe = os.pipe()
        self.thread = threading.current_thread()
        Counting.made.append(self)

    def collect(self) -> Counted:
        if Counting.gate is not None:
            Counting.gate.wait(5)
        if Counting.error is not None:
            raise Counting.error
        self.number += 1
        while select_readable(self.pipe[0]):
            os.read(self.pipe[0], 100)
        return Counted(time=time.time(), host="here", number=self.number, asked=tuple(self.asked))

    def ask(self, request: Struct) -> None:
        self.asked.append(request)

    def descriptors(self) -> Sequence[int]:
        return [self.pipe[0]]

    def close(self) -> None:
        self.closed = True
        for descriptor in self.pipe:
            os.close(descriptor)


def select_readable(descriptor: int) -> bool:
    import select

    return bool(select.select([descriptor], [], [], 0)[0])


class Joining(Counting):
    """A collector of a topic that is made of another."""


class Sparing(Joining):
    """One that can do with every third sample of the other."""

    def paces(self) -> dict[str, int]:
        return {"counting": 3}


COUNTING: Topic[Counted] = Topic("counting", f"{__name__}:Counting")
JOINED: Topic[Counted] = Topic("joined", f"{__name__}:Joining", needs=(COUNTING,), told=True)
SPARED: Topic[Counted] = Topic("spared", f"{__name__}:Sparing", needs=(COUNTING,))
Results = queue.Queue[Any]


@pytest.fixture(autouse=True)
def fresh() -> None:
    Counting.made = []
    Counting.error = None
    Counting.gate = None
    Counting.every = None


def test_collects_again_and_again_on_a_thread_of_its_own() -> None:
    source, results = LiveSource(0.1), Results()
    source.subscribe(COUNTING, results.put)
    assert [results.get(timeout=5).number for _ in range(3)] == [1, 2, 3]
    assert Counting.made[0].thread is not threading.current_thread()
    source.close()


def test_one_collector_for_all_who_look_and_none_when_nobody_does() -> None:
    source, first, second = LiveSource(60), Results(), Results()
    hold = source.subscribe(COUNTING, first.put)
    assert first.get(timeout=5).number == 1
    other = source.subscribe(COUNTING, second.put)
    assert second.get(timeout=5).number == 1  # the newest, at once
    hold.close()
    hold.close()
    other.close()
    ended(Counting.made[0])
    assert len(Counting.made) == 1
    again = Results()
    source.subscribe(COUNTING, again.put)
    assert again.get(timeout=5).number == 1
    assert len(Counting.made) == 2
    source.close()


def test_what_was_opened_before_somebody_looks_is_let_go_with_who_does() -> None:
    source, results = LiveSource(60), Results()
    source.open(COUNTING, Wish("early"))
    hold = source.subscribe(COUNTING, results.put)
    until(results, lambda asked: asked == (Wish("early"),))
    hold.close()
    ended(Counting.made[0])
    assert len(Counting.made) == 1
    source.close()


def test_a_topic_that_is_made_of_others_hears_what_they_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    source, results, outcomes = LiveSource(0.05), Results(), Results()
    hold = source.subscribe(JOINED, results.put)
    until(results, lambda asked: any(isinstance(each, Counted) for each in asked))
    monkeypatch.setitem(PERFORMERS, "Wave", f"{__name__}:wave")
    source.perform(Wave("left"), outcomes.put)
    told = outcomes.get(timeout=5)
    until(results, lambda asked: any(isinstance(each, Performed) and each.outcome == told for each in asked))
    other = source.subscribe(COUNTING, Results().put)
    assert len(Counting.made) == 2, "one collector for all who need the topic"
    hold.close()
    joined, counting = sorted(Counting.made, key=lambda each: isinstance(each, Joining), reverse=True)
    ended(joined)
    assert not counting.closed
    other.close()
    ended(counting)
    source.close()


def test_a_topic_that_is_made_of_others_turns_as_soon_as_the_first_of_them_tells() -> None:
    source, results = LiveSource(60), Results()
    source.subscribe(JOINED, results.put)
    until(results, lambda asked: len(asked) == 1)
    source.ask(COUNTING, Wish("more"))
    until(results, lambda asked: len(asked) == 2)
    source.close()


def test_what_only_a_sparing_topic_needs_is_sampled_less_often_until_somebody_looks() -> None:
    source, joined, counted = LiveSource(60), Results(), Results()
    source.subscribe(SPARED, joined.put)
    until(joined, lambda asked: len(asked) == 1)
    assert source._pause("counting") == 180
    assert source._pause("spared") == 60
    hold = source.subscribe(COUNTING, counted.put)
    assert [counted.get(timeout=5).number for _ in range(2)] == [1, 2], "who looks gets a new sample at once"
    assert source._pause("counting") == 60
    hold.close()
    assert source._pause("counting") == 180
    source.close()


def until(results: Results, holds: Callable[[tuple[Any, ...]], bool]) -> None:
    """Wait for a snapshot by which the collector has been asked what `holds`."""
    limit = time.monotonic() + 10
    while not holds(results.get(timeout=5).asked):
        assert time.monotonic() < limit


def ended(collector: Counting) -> None:
    collector.thread.join(5)
    assert not collector.thread.is_alive()
    assert collector.closed


def test_a_request_and_a_readable_descriptor_wake_it() -> None:
    source, results = LiveSource(60), Results()
    hold = source.subscribe(COUNTING, results.put)
    assert results.get(timeout=5).number == 1
    hold.ask(Wish("rows"))
    assert results.get(timeout=5).asked == (Wish("rows"),)
    os.write(Counting.made[0].pipe[1], b"x")
    assert results.get(timeout=5).number == 3
    source.set_interval(30)
    assert results.get(timeout=5).number == 4
    source.close()


def test_a_failure_is_delivered_and_the_collector_made_anew() -> None:
    source, results = LiveSource(0.1), Results()
    Counting.error = Unavailable("nothing here", "Plug it in.")
    hold = source.subscribe(COUNTING, results.put)
    failure = results.get(timeout=5)
    assert isinstance(failure, Failure)
    assert (failure.topic, failure.message, failure.advice) == ("counting", "nothing here", "Plug it in.")
    assert failure.where.startswith("test_live.py:")
    assert Counting.made[0].closed
    Counting.error = None
    hold.ask(Wish("again"))
    assert results.get(timeout=5).number == 1
    assert len(Counting.made) == 2
    source.close()


def test_a_permission_error_says_what_to_do() -> None:
    source, results = LiveSource(0.1), Results()
    Counting.error = PermissionError(1, "Operation not permitted")
    source.subscribe(COUNTING, results.put)
    assert "root" in results.get(timeout=5).advice
    source.close()


def test_ends_within_its_time_even_while_a_collector_is_stuck() -> None:
    source, results = LiveSource(0.1), Results()
    Counting.gate = threading.Event()
    source.subscribe(COUNTING, results.put)
    begun = time.monotonic()
    source.close()
    assert time.monotonic() - begun < 1.0
    Counting.gate.set()
    ended(Counting.made[0])
    assert results.empty()


def test_repeat_gives_rates_from_the_first_snapshot_on() -> None:
    assert [each.number for each in snapshots(COUNTING)] == [1]
    assert [each.number for each in snapshots(COUNTING, 0.1, 2)] == [2, 3]
    assert all(each.closed for each in Counting.made)


class Wave(Action, frozen=True):
    hand: str


def wave(action: Wave) -> Outcome:
    if action.hand == "tied":
        raise PermissionError(1, "Operation not permitted")
    if action.hand == "missing":
        raise RuntimeError("no hand")
    return Outcome(True, f"waved the {action.hand} hand")


def test_actions_are_performed_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PERFORMERS, "Wave", f"{__name__}:wave")
    results = Results()
    LiveSource().perform(Wave("left"), results.put)
    assert results.get(timeout=5) == Outcome(True, "waved the left hand")
    assert perform(Wave("tied")).message == "not permitted: Operation not permitted"
    assert perform(Wave("missing")) == Outcome(False, "RuntimeError: no hand")
