"""`python -m bench`: pitop beside other monitors, in one run, as a table."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext

from bench.farm import farm
from bench.measure import Measured, Plan, measure
from bench.panes import PANES
from bench.programs import PROGRAMS, installed
from bench.table import table
from bench.talk import talk

__all__ = ["main"]

_AWAKE, _FORKING = 10, 2  # of the farm: a machine is never quite still


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--processes", type=int, default=1000, help="processes to show, besides the machine's own")
    parser.add_argument("--panes", action="store_true", help="measure pitop's other panes too, while programs talk")
    parser.add_argument("--programs", default=",".join(each.name for each in PROGRAMS), help="names, with commas")
    parser.add_argument("--seconds", type=float, default=10.0, help="of steady state")
    parser.add_argument("--keys", type=int, default=12, help="key presses of each kind")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each program; the table has the medians")
    parser.add_argument("--size", default="120x40", help="of the terminal")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the programs that are installed, and print the table."""
    wanted = _arguments(arguments)
    columns, _, lines = wanted.size.partition("x")
    plan = Plan(wanted.seconds, wanted.keys, int(columns), int(lines))
    names = wanted.programs.split(",")
    programs = (*PROGRAMS, *(PANES if wanted.panes else ()))
    if wanted.panes:
        names += [each.name for each in PANES]
    unknown = set(names) - {each.name for each in programs}
    if unknown:
        print(f"bench: no program is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    contestants = [each for each in programs if each.name in names]
    absent = [each.name for each in contestants if not installed(each)]
    if absent:
        print(f"Not installed, so not compared: {', '.join(absent)}", file=sys.stderr)
    contestants = [each for each in contestants if installed(each)]

    runs: dict[str, list[Measured]] = {each.name: [] for each in contestants}
    with farm(wanted.processes, _AWAKE, _FORKING), talk() if wanted.panes else nullcontext():
        there = sum(name.isdigit() for name in os.listdir("/proc"))
        for number in range(wanted.rounds):
            for contestant in contestants:
                print(f"round {number + 1} of {wanted.rounds}: {contestant.name}", file=sys.stderr, flush=True)
                runs[contestant.name].append(measure(contestant, plan))
    print(
        f"{there} processes, {columns}×{lines}, every second; {wanted.rounds} × {wanted.seconds:g} s; "
        f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}; "
        f"{time.strftime('%Y-%m-%d')}\n"
    )
    print(table(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
