"""Every pane at the far end of a slow line: `python -m bench.slow_line [--rate 2400] [--round-trip 0.2]`.

How long keys take to reach the screen while figures change, in round trips, beside other monitors; what comes down the
line; and how much a program's memory grows in that time. There is something to see in each pane: programs talk.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.farm import farm
from bench.measure import press
from bench.panes import chosen
from bench.program import Program
from bench.programs import Contestant
from bench.talk import talk

__all__ = ["main"]

_START = 60.0  # seconds for the first screen: a whole one of them is some kilobytes
_ANSWER = 10.0


def _resident(pids: Sequence[int]) -> int:
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        except OSError:  # it has ended meanwhile
            continue
    return total


def _row(contestant: Contestant, said: argparse.Namespace) -> str:
    """A line of the table."""
    line = [sys.executable, "-m", "bench.line", str(said.rate), str(said.round_trip / 2), *contestant.command]
    environment = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with Program(line, 80, 24, environment, contestant.files) as program:
        program.await_screen(contestant.shows_content(), _START)
        for key in contestant.before:
            program.press(key)
            program.listen(2.0)
        program.listen(8.0)
        began, chunks = time.monotonic(), len(program.chunks)
        before = _resident(program.tree()[1:])
        took = []
        for number in range(said.keys):
            program.listen(0.5 + 0.13 * (number % 7))  # at any moment between two refreshes
            seconds = press(program, contestant, contestant.keys[number % len(contestant.keys)], _ANSWER)
            if seconds is not None:
                took.append(seconds)
        grown = _resident(program.tree()[1:]) - before
        size = sum(len(chunk.data) for chunk in program.chunks[chunks:]) / (time.monotonic() - began)
    lost = said.keys - len(took)
    middle = statistics.median(took) if took else float("nan")
    worst = max(took, default=float("nan"))
    trips = f"{middle / said.round_trip:.1f} | {worst / said.round_trip:.1f}"
    return f"| {contestant.name} | {middle:.2f} | {worst:.2f} | {trips} | {lost} | {size:,.0f} | {grown / 1e6:+.1f} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the panes and the programs that are installed, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.slow_line", description=__doc__)
    parser.add_argument("--rate", type=float, default=2400.0, help="bytes a second")
    parser.add_argument("--round-trip", type=float, default=0.2, help="seconds there and back")
    parser.add_argument("--keys", type=int, default=20)
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--programs", help="names, with commas; all")
    said = parser.parse_args(arguments)
    print("| | key, median s | worst s | median trips | worst trips | unanswered | bytes/s | memory, MB |")
    print("|---|" + "---:|" * 7)
    with farm(said.processes, 10, 2), talk():
        for contestant in chosen(said.programs):
            print(_row(contestant, said), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
