"""How many bytes go at a time, on simulated lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pitop.tui.terminal.pace import Pace


@dataclass
class Line:
    """`rate` bytes per second after each other, `delay` seconds each way; the terminal answers each question."""

    rate: float
    delay: float
    answers: bool = True
    free: float = 0.0  # when the bytes sent so far are through
    coming: list[float] = field(default_factory=list)

    def send(self, pace: Pace, now: float, size: int) -> float:
        """Send; when it is painted."""
        asks = pace.asks(size)
        pace.sent(now, size, asks)
        self.free = max(self.free, now) + size / self.rate
        if asks and self.answers:
            self.coming.append(self.free + 2 * self.delay)
        return self.free + self.delay

    def arrive(self, pace: Pace, now: float) -> None:
        while self.coming and self.coming[0] <= now:
            pace.answered(self.coming.pop(0))


def begin(pace: Pace, line: Line) -> None:
    pace.sent(0.0, 0, True)
    line.coming.append(2 * line.delay)
    line.arrive(pace, 2 * line.delay)


def run(pace: Pace, line: Line, seconds: float, wanted: int) -> list[float]:
    """Offer `wanted` bytes a second, in frames of what there is room for; how long each was on its way."""
    now, debt, waits = 2 * line.delay, 0.0, []
    while now < seconds:
        line.arrive(pace, now)
        debt = min(debt + wanted * 0.01, 4000)  # the newest state is never larger than a screen
        room = pace.room(now)
        if room > 0 and debt >= 1:
            size = int(min(room, debt))
            waits.append(line.send(pace, now, size) - now)
            debt -= size
        now += 0.01
    return waits


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_on_a_slow_line_nothing_waits_long(delay: float) -> None:
    line, pace = Line(2400, delay), Pace()
    begin(pace, line)
    waits = run(pace, line, 60, 4000)
    assert max(waits[-50:]) < delay + 0.35
    assert line.free < 61  # and nothing has piled up


def test_a_slow_line_is_used() -> None:
    line, pace = Line(2400, 0.05), Pace()
    begin(pace, line)
    sent = pace._sent
    run(pace, line, 30, 4000)
    assert pace._sent - sent > 30 * 800


def test_what_waits_behind_other_bytes_does_not_make_the_way_look_longer() -> None:
    line, pace = Line(2400, 0.1), Pace()
    begin(pace, line)
    for tick in range(20, 6000):
        now = tick / 100
        line.arrive(pace, now)
        if tick % 100 == 0:  # figures, row by row
            for _ in range(8):
                if pace.room(now) > 0:
                    line.send(pace, now, 80)
    assert pace.round_trip is not None
    assert pace.round_trip < 0.25


def test_a_way_that_becomes_longer_is_learned_however_much_there_is_to_send() -> None:
    line, pace = Line(50_000, 0.01), Pace()
    begin(pace, line)
    sent = 0
    for tick in range(4, 12_000):
        now = tick / 200
        line.delay = 0.01 if now < 10 else 0.15
        line.arrive(pace, now)
        for _ in range(5):
            if (room := pace.room(now)) > 0:
                line.send(pace, now, min(room, 150))
                sent += min(room, 150) * (now > 30)
    assert sent > 30 * 2000


def test_a_fast_line_is_hardly_asked() -> None:
    line, pace = Line(10_000_000, 0.0005), Pace()
    begin(pace, line)
    asked = 0
    for second in range(1, 61):
        line.arrive(pace, second)
        assert pace.room(second) > 10_000
        before = len(line.coming)
        line.send(pace, second, 1200)
        asked += len(line.coming) - before
    assert asked <= 10


def test_a_line_that_becomes_slow_is_noticed_and_recovers() -> None:
    line, pace = Line(1_000_000, 0.01), Pace()
    begin(pace, line)
    run(pace, line, 10, 4000)
    assert pace.window >= 16 << 10
    line.rate = 2400
    now = 10.0
    for _ in range(6000):
        line.arrive(pace, now)
        if pace.room(now) > 0:
            line.send(pace, now, min(pace.room(now), 1500))
        now += 0.01
    assert pace.window < 1024
    line.rate = 1_000_000
    for _ in range(6000):
        line.arrive(pace, now)
        if pace.room(now) > 0:
            line.send(pace, now, min(pace.room(now), 1500))
        now += 0.01
    assert pace.window >= 4096


def test_a_terminal_that_never_answers_is_not_waited_for() -> None:
    line, pace = Line(1_000_000, 0.0, answers=False), Pace()
    pace.sent(0.0, 0, True)
    sent = 0
    now = 0.0
    while now < 10:
        room = pace.room(now)
        if room > 0:
            line.send(pace, now, min(room, 2000))
            sent += min(room, 2000)
            now += 0.05
        else:
            now += pace.patience(now)
    assert sent > 300_000


def test_the_window_never_closes_for_good() -> None:
    line, pace = Line(100, 2.0), Pace()  # a very bad line indeed
    begin(pace, line)
    now, sent = 4.0, 0
    for _ in range(1000):
        line.arrive(pace, now)
        room = pace.room(now)
        if room > 0:
            line.send(pace, now, min(room, 64))
            sent += 1
            now += 0.05
        else:
            now += min(pace.patience(now), 0.5)
    assert sent > 100
