"""Keys over a slow line, in every pane: `python -m bench.slow_line [--rate BYTES] [--delay SECONDS] [--panes 149]`.

pitop runs on a terminal that takes so many bytes a second and is so far away, beside processes that come and go and
packets on loopback. In each pane keys are pressed at random moments; measured is the time until the screen at the far
end shows what they did, in round trips, and what memory the program has before and after.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.farm import farm
from tests.tui.terminal.emulator import Emulator

__all__ = ["main"]

_SETTLED = 6.0  # seconds after a pane was chosen
_UNANSWERED = 5.0


def _bar(line: Emulator) -> Hashable:
    """The row of the selection: below the header and the tabs, coloured to its end, and not a head."""
    ground = line.screen.buffer[0][0].bg
    heads = {line.screen.buffer[23][0].bg, ground}
    return tuple(
        y for y in range(5, 23) if line.screen.buffer[y][0].bg not in heads and line.screen.buffer[y][3].bg not in heads
    )


def _words(pattern: str) -> Callable[[Emulator], Hashable]:
    compiled = re.compile(pattern)

    def find(line: Emulator) -> Hashable:
        return next((found[0] for found in map(compiled.search, line.screen.display) if found), None)

    return find


def _tab(line: Emulator) -> Hashable:
    """Which of a pane's own views is chosen."""
    return tuple(line.screen.buffer[4][x].bg for x in range(80))


def _status(line: Emulator) -> Hashable:
    """The words of a pane's first line, without its figures."""
    return re.sub(r"[0-9:.]+", "", str(line.screen.display[4])).strip()


class _Pane(NamedTuple):
    """`keys` are pressed in turn, `answer` reads from the screen what they change; `before` is typed once."""

    name: str
    shown: str
    keys: tuple[str, ...] = ("\x1b[B", "\x1b[A")
    answer: Callable[[Emulator], Hashable] = _bar
    before: str = ""


_PANES = {
    "1": _Pane("Processes", "COMMAND"),
    "2": _Pane("Memory", "RSS"),
    "3": _Pane("Sockets", "LOCAL"),
    "4": _Pane("Packets", "packets", ("f", "f"), _words("following|stopped here")),
    "5": _Pane("DNS", "Lookup", ("\t",), _tab),
    "6": _Pane("Network", "INTERFACE"),
    "7": _Pane("Path", "TARGET", before="a127.0.0.1 127.0.0.2 127.0.0.3\r"),
    "8": _Pane("Traffic", "PROGRAM"),
    "9": _Pane("Timeline", "WHAT", ("c",), _status),
}


def _pss(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(row.split()[1]) << 10 for row in rollup.splitlines() if row.startswith("Pss:"))


def _run(line: Emulator, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert line.turn(), "pitop has ended"


def _chatter(ended: threading.Event) -> None:
    """Ten datagrams a second over loopback."""
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        while not ended.wait(0.1):
            sender.sendto(b"chatter", ("127.0.0.1", 9))


def _measure(line: Emulator, pane: _Pane, keys: int, chance: random.Random) -> tuple[list[float], int]:
    """Seconds from each key to the screen; and how many were not answered."""
    took, unanswered = [], 0
    for number in range(keys):
        _run(line, chance.uniform(0.7, 1.7))
        before = pane.answer(line)
        pressed = line.press(pane.keys[number % len(pane.keys)])
        while pane.answer(line) == before and time.monotonic() < pressed + _UNANSWERED:
            line.turn()
        if time.monotonic() < pressed + _UNANSWERED:
            took.append(time.monotonic() - pressed)
        else:
            unanswered += 1
    return took, unanswered


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, a pane a row."""
    parser = argparse.ArgumentParser(prog="python -m bench.slow_line", description=__doc__)
    parser.add_argument("--rate", type=float, default=2400, help="bytes a second")
    parser.add_argument("--delay", type=float, default=0.1, help="seconds each way")
    parser.add_argument("--keys", type=int, default=12, help="in each pane")
    parser.add_argument("--processes", type=int, default=200, help="to show, besides the machine's own")
    parser.add_argument("--panes", default="".join(_PANES), help="their digits")
    said = parser.parse_args(arguments)
    trip = 2 * said.delay
    chance = random.Random(0)
    ended = threading.Event()
    chatter = threading.Thread(target=_chatter, args=(ended,))
    chatter.start()
    print(f"{said.rate:g} bytes/s, {trip * 1000:g} ms there and back, 80×24, every second; PSS of the process itself\n")
    print("| pane | keys | median | worst | in round trips | unanswered | bytes/s | PSS | grew by |")
    print("|---|---|---|---|---|---|---|---|---|")
    with farm(said.processes, 20, 4):
        line = Emulator([sys.executable, "-m", "pitop", "--interval", "1"], rate=said.rate, delay=said.delay)
        try:
            line.until_text("COMMAND", 60)
            for digit in said.panes:
                pane = _PANES[digit]
                line.press(digit)
                line.until_text(pane.shown, 30)
                if pane.before:
                    line.press(pane.before)
                _run(line, _SETTLED)
                memory, size, since = _pss(line.pid), len(line.output), time.monotonic()
                took, unanswered = _measure(line, pane, said.keys, chance)
                rate = (len(line.output) - size) / (time.monotonic() - since)
                now = _pss(line.pid)
                median = statistics.median(took) if took else float("nan")
                worst = max(took, default=float("nan"))
                print(
                    f"| {pane.name} | {len(took)} | {median:.3f} s | {worst:.3f} s | {median / trip:.2f}, "
                    f"{worst / trip:.2f} | {unanswered} | {rate:.0f} | {now / 2**20:.1f} MB "
                    f"| {(now - memory) / 1024:+.0f} KB |",
                    flush=True,
                )
            line.press("q")
            line.end()
        finally:
            line.close()
            ended.set()
            chatter.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
