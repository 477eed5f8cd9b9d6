"""What of a frame goes down a slow line first."""

from __future__ import annotations

from collections.abc import Iterable

import pyte
import pytest
from rich.segment import Segment
from textual.strip import Strip

from pitop.tui.terminal.wire import Row, Wire

WIDTH, HEIGHT = 40, 20


class Told:
    """A channel that takes everything, to a terminal that shows it."""

    backlog = 0

    def __init__(self) -> None:
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.ByteStream(self._screen)
        self.seen: list[list[str]] = []  # by write, the rows that it changed, without what fills them up

    def write(self, data: bytes) -> None:
        before = list(self._screen.display)
        self._stream.feed(data)
        rows = zip(before, self._screen.display, strict=True)
        self.seen.append([" ".join(new.split()[:2]) for old, new in rows if new != old])

    def news(self) -> list[list[str]]:
        """What was written since the last time."""
        seen, self.seen = self.seen, []
        return seen


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("pitop.tui.terminal.wire.monotonic", clock)
    return clock


def frame(numbers: Iterable[int], word: str) -> list[Row]:
    return [(y, [(y, 0, Strip([Segment(f"{word} {y} ".ljust(WIDTH, word[0]))]), WIDTH)], [WIDTH]) for y in numbers]


def opened(told: Told, clock: Clock) -> Wire:
    """A wire on a line that has answered once, and takes a row or two at a time."""
    wire = Wire(told, None)  # type: ignore[arg-type]
    wire.enter()
    clock.now += 0.2
    wire.answered()
    wire.show(frame(range(HEIGHT), "first"), (WIDTH, HEIGHT), (0, 0))
    arrive(wire, clock)
    told.news()
    return wire


def arrive(wire: Wire, clock: Clock) -> None:
    """Let all arrive; then the line takes a row or two at a time again."""
    while wire._writer.pending or wire._pace._questions:
        clock.now += 0.1
        wire.answered()
    wire._pace._window = 100


def short(told: Told, clock: Clock) -> Wire:
    """A wire that has figures left for want of room, a key just typed, and room again."""
    wire = opened(told, clock)
    wire.show(frame(range(12), "later"), (WIDTH, HEIGHT), (0, 0))
    assert wire._writer.pending
    told.news()
    wire.typed()
    clock.now += 0.01
    wire.answered()
    assert told.news() == []  # there is room, but the key may need it
    return wire


async def test_rows_that_change_without_keys_come_after_what_a_key_has_changed(clock: Clock) -> None:
    told = Told()
    wire = opened(told, clock)
    for word in ("some", "figures"):
        clock.now += 2
        wire.show(frame(range(12), word), (WIDTH, HEIGHT), (0, 0))
        arrive(wire, clock)
    told.news()
    wire.typed()
    wire.show(frame([*range(12), 18, 19], "both"), (WIDTH, HEIGHT), (0, 0))
    first = told.news()[0]
    assert {"both 18", "both 19"} <= set(first)
    assert "both 11" not in first
    wire.leave()


async def test_the_line_that_is_typed_in_comes_first_whatever_waits_there(clock: Clock) -> None:
    told = Told()
    wire = short(told, clock)
    wire._pace._window = 1  # no room any more
    wire.show(frame(range(HEIGHT), "prompt"), (WIDTH, HEIGHT), (0, 0), line=11)
    assert "prompt 11" in told.news()[0]
    clock.now += 0.1
    wire.typed()
    wire.show(frame(range(HEIGHT), "closed"), (WIDTH, HEIGHT), (0, 0))
    assert "closed 11" in told.news()[0]
    wire.leave()


async def test_what_waits_leaves_the_line_to_a_key_for_a_moment(clock: Clock) -> None:
    told = Told()
    wire = short(told, clock)
    wire.show(frame([19], "typed"), (WIDTH, HEIGHT), (0, 0))
    assert "typed 19" in told.news()[0]
    wire.answered()
    assert told.news()  # that was it
    wire.leave()


async def test_what_waits_goes_on_when_a_key_has_no_effect(clock: Clock) -> None:
    told = Told()
    wire = short(told, clock)
    clock.now += 0.1
    wire.go_on()
    assert told.news()
    wire.leave()


async def test_a_row_that_waits_and_is_changed_by_a_key_goes_as_soon_as_there_is_room(clock: Clock) -> None:
    told = Told()
    wire = short(told, clock)
    wire.show(frame([11], "chosen"), (WIDTH, HEIGHT), (0, 0))
    assert "chosen 11" in told.news()[0]
    wire.leave()


async def test_on_a_line_with_room_nothing_waits_for_a_key(clock: Clock) -> None:
    told = Told()
    wire = opened(told, clock)
    wire._pace._window = 16 << 10
    wire.show(frame(range(HEIGHT), "later"), (WIDTH, HEIGHT), (0, 0))
    wire.typed()
    wire.show(frame(range(HEIGHT), "pressed"), (WIDTH, HEIGHT), (0, 0))
    assert len(told.news()) == 2  # a write each
    room = wire._pace.room
    wire._pace.room = lambda now: (wire.typed(), room(now))[1]  # type: ignore[func-returns-value,method-assign]
    clock.now += 1
    wire.show(frame(range(HEIGHT), "between"), (WIDTH, HEIGHT), (0, 0))
    assert told.news()  # the key came while this frame was being sent: that is no want of room
    wire.leave()


async def test_a_key_that_is_held_down_does_not_hold_up_what_waits(clock: Clock) -> None:
    told = Told()
    wire = opened(told, clock)
    wire.show(frame(range(HEIGHT), "later"), (WIDTH, HEIGHT), (0, 0))
    for _ in range(30):
        clock.now += 0.03
        wire.typed()
        wire.answered()
    assert not wire._writer.pending
    wire.leave()
