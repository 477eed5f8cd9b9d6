"""What a scan of all processes costs, part by part, and what a snapshot of them costs to make.

`python -m bench.processes [COUNT…]` grows that many processes and prints two Markdown tables: CPU milliseconds of this
process, medians.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import msgspec
import psutil

from bench.farm import farm
from pitop.collect.processes import ProcessesCollector
from pitop.kernel.processes import ProcessReader
from pitop.model.processes import Process

__all__ = ["main"]

_ROWS = 5000
_TURNS = 10
# What a plain top shows.
_ATTRIBUTES = (
    "pid",
    "ppid",
    "name",
    "username",
    "status",
    "nice",
    "num_threads",
    "memory_info",
    "cpu_times",
    "create_time",
)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time_ns()
    work()
    return (time.process_time_ns() - began) / 1e6


def _median(work: Callable[[], object], pause: float = 0.0) -> float:
    """The median of some turns, with so many seconds between them."""

    def turns() -> Iterator[float]:
        for _ in range(_TURNS):
            time.sleep(pause)
            yield _milliseconds(work)

    return statistics.median(turns())


def _scan_figures() -> dict[str, float]:
    """CPU milliseconds of each part, for the processes that are there now."""
    reader = ProcessReader()
    pids = sorted(reader.pids(), key=int)
    clocks = [reader.clock_id(int(pid)) for pid in pids]

    def each(read: Callable[[str], object]) -> None:
        for pid in pids:
            try:
                read(pid)
            except ProcessLookupError:  # ended meanwhile
                continue

    figures = {
        "list /proc": _median(reader.pids),
        "CPU clock of each": _median(lambda: [reader.cpu_ns(clock) for clock in clocks]),
        "stat of each": _median(lambda: each(reader.stat)),
        "status of each": _median(lambda: each(reader.status)),
        "cmdline of each": _median(lambda: each(reader.command)),
    }
    with closing(ProcessesCollector()) as collector:
        figures["**collect, first turn**"] = _milliseconds(collector.collect)
        figures["**collect, later turns, 1 s apart**"] = _median(collector.collect, pause=1.0)
    figures[f"psutil.process_iter, {len(_ATTRIBUTES)} attributes"] = _median(
        lambda: list(psutil.process_iter(_ATTRIBUTES))
    )
    return figures


def scans(counts: Sequence[int]) -> str:
    """The table of scans, a column a count."""
    columns: list[dict[str, float]] = []
    for count in counts:
        with farm(count, awake=10, forking=2):
            columns.append(_scan_figures())
    head = [
        "| CPU ms | " + " | ".join(f"{count:,} processes" for count in counts) + " |",
        "|---|" + "---:|" * len(counts),
    ]
    rows = [f"| {name} | " + " | ".join(f"{column[name]:,.1f}" for column in columns) + " |" for name in columns[0]]
    return "\n".join(head + rows)


@dataclasses.dataclass(frozen=True)
class _Kind:
    """A way to make an immutable row with the fields of Process, and to make it again with one field changed."""

    name: str
    make: Callable[..., Any]
    replace: Callable[..., Any]


def _kinds() -> tuple[_Kind, ...]:
    fields = [(field.name, Any) for field in msgspec.structs.fields(Process)]
    data = dataclasses.make_dataclass("ProcessData", fields, frozen=True, slots=True)
    functional: Any = NamedTuple  # its functional form, with names that are known at run time only
    named = functional("ProcessTuple", fields)
    return (
        _Kind("msgspec.Struct, frozen, gc=False", Process, msgspec.structs.replace),
        _Kind("dataclass, frozen, slots", data, dataclasses.replace),
        _Kind("NamedTuple", named, named._replace),
    )


def snapshots() -> str:
    """The table of the ways to hold a snapshot of 5,000 rows."""
    with closing(ProcessesCollector()) as collector:
        values = msgspec.structs.asdict(collector.collect().rows[0])
    head = [f"| {_ROWS:,} rows, CPU ms | make | make again, one changed | read a field | JSON |", "|---|" + "---:|" * 4]
    return "\n".join(head + [_snapshot_row(kind, values) for kind in _kinds()])


def _snapshot_row(kind: _Kind, values: dict[str, Any]) -> str:
    rows = [kind.make(**values) for _ in range(_ROWS)]
    figures = (
        _median(lambda: [kind.make(**values) for _ in range(_ROWS)]),
        _median(lambda: [kind.replace(row, cpu_percent=1.0) for row in rows]),
        _median(lambda: [row.rss_bytes for row in rows]),
        _median(lambda: msgspec.json.encode(rows)),
    )
    return f"| {kind.name} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.processes", description=__doc__)
    parser.add_argument("counts", metavar="COUNT", type=int, nargs="*", default=[1000, 5000])
    print(f"{scans(parser.parse_args(arguments).counts)}\n\n{snapshots()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
