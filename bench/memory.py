"""What the memory pane's readings cost with many processes on screen.

`python -m bench.memory [--processes 1000] [--seconds 60] [--interval 1]` grows that many processes, has the memory
collector follow every one that there is, and prints the share of a core that reading smaps_rollup took, the shortest
time between two readings of one process, and what a sample of the machine itself cost. It fails where a promise is
broken: 2 % of a core, 5 s.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from contextlib import closing
from itertools import pairwise

from bench.farm import farm
from pitop.collect.memory.overview import MemoryCollector
from pitop.collect.memory.rounds import Rounds
from pitop.collect.topics import PROCESSES
from pitop.kernel.memory.smaps import read_holding
from pitop.model.memory.holdings import Holding
from pitop.model.memory.snapshot import Looking
from pitop.model.processes import ProcessKey

__all__ = ["main"]

_SHARE = 0.02  # of one core
_AGAIN = 5.0  # seconds


class _Meter:
    """Reads, and keeps count: when each process was read, and the processor time of all readings."""

    def __init__(self) -> None:
        self.times: dict[ProcessKey, list[float]] = defaultdict(list)
        self.seconds = 0.0

    def read(self, key: ProcessKey, moment: float) -> Holding | None:
        before = time.thread_time()
        self.times[key].append(time.monotonic())
        holding = read_holding(key, moment)
        self.seconds += time.thread_time() - before
        return holding


def main() -> int:
    """Run the measurement; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description="What the memory pane's readings cost.")
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--interval", type=float, default=1.0)
    said = parser.parse_args()
    with farm(said.processes), closing(PROCESSES.open()) as processes:
        keys = [each.key for each in processes.collect().rows if not each.kernel]
        return _measured(keys, said.seconds, said.interval)


def _measured(keys: list[ProcessKey], seconds: float, interval: float) -> int:
    meter = _Meter()
    samples = 0
    with closing(MemoryCollector(rounds=Rounds(meter.read))) as collector:
        collector.ask(Looking(tuple(keys)))
        began, cpu = time.monotonic(), time.thread_time()
        all_read: float | None = None
        while time.monotonic() - began < seconds:
            collector.collect()
            samples += 1
            if all_read is None and len(meter.times) == len(keys):
                all_read = time.monotonic() - began
            time.sleep(max(0.0, began + samples * interval - time.monotonic()))
        spent, lasted = time.thread_time() - cpu, time.monotonic() - began
    reads = sum(map(len, meter.times.values()))
    gaps = [later - earlier for times in meter.times.values() for earlier, later in pairwise(times)]
    share, shortest = meter.seconds / lasted, min(gaps, default=float("inf"))
    machine = (spent - meter.seconds) / samples
    print(f"{len(keys)} processes on screen, {lasted:.0f} s, a sample every {interval:g} s")
    each = 1e6 * meter.seconds / max(1, reads)
    print(f"smaps_rollup: {reads} readings, {each:.0f} µs each, {100 * share:.2f} % of a core")
    print(f"one process again after {shortest:.2f} s at the earliest")
    print("all were read once after " + ("–" if all_read is None else f"{all_read:.0f} s"))
    print(f"the machine's own figures: {1e3 * machine:.2f} ms a sample")
    broken = share > _SHARE or shortest < _AGAIN
    if broken:
        print("a promise is broken: at most 2 % of a core, no process more often than every 5 s", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
