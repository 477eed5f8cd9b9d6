"""`pitop memory`: where the machine's memory is, what it does, and what each process really holds.

Stands in for free, vmstat, `ps -o vsz,rss,min_flt,maj_flt` and, with `--pid`, `pmap -X`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count as numbers
from typing import Any

from msgspec import to_builtins

from pitop.cli.numbers import whole
from pitop.cli.options import add_json, add_repeat, add_scope, checked_filter, checked_scope, scoped
from pitop.collect.topics import MAPPINGS, MEMORY, PROCESSES
from pitop.model.filter import Filter
from pitop.model.memory.activity import since_boot
from pitop.model.memory.faults import fault_cost
from pitop.model.memory.rows import MemoryRow, grouped, joined, totals
from pitop.model.memory.snapshot import Looking, MemorySnapshot
from pitop.model.memory.space import AddressSpace, Space
from pitop.model.memory.totals import formulas
from pitop.model.processes import ProcessesSnapshot
from pitop.model.scope import Scope, about_process
from pitop.render.document import document
from pitop.render.field import Field, by_key, operands, record
from pitop.render.memory.fields import MAPPING_FIELDS, ROW_FIELDS, SUMMARY_FIELDS
from pitop.render.memory.report import drawing, free_block, machine_lines, pmap_table, rate_header, rate_line
from pitop.render.memory.words import cost_words, holding_words
from pitop.render.table import text_table
from pitop.render.text import visible

__all__ = ["run"]

_COLUMNS = "pid,user,vsz,rss,shared,pss,uss,swap,minor,major,oom,mem,command"
_RATE_COLUMNS = "pid,user,vsz,rss,shared,pss,uss,swap,minor,major,min/s,maj/s,oom,mem,command"
_UNITS = (("b", "bytes", 1), ("k", "kibi", 1 << 10), ("m", "mebi", 1 << 20), ("g", "gibi", 1 << 30))  # as free's
_HEADER_EVERY = 20  # lines of rates
_WIDTH = 100  # of what is drawn, where the output is no terminal
_SPACE_EVERY = 5.0  # seconds between readings of one process's mappings, at least


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitop memory",
        description="Where memory went, who faults, and what a process really holds.",
        epilog="With --interval the rates come line by line, and after --count of them the table; with --pid the "
        "address space, every 5 s at most.",
    )
    add = parser.add_argument
    add("--pid", type=whole(1), metavar="PID", help="the address space of one process, as pmap -X")
    add_repeat(parser)
    add("--sort", default="rss", metavar="KEY", help="the column to sort by (default: rss); --sort=-KEY turns it round")
    add("--filter", default="", metavar="EXPR", help="which processes, such as 'rss>100M and user=root'")
    add("--columns", metavar="A,B", help="which columns: " + ", ".join(each.key for each in ROW_FIELDS))
    add("--group", choices=("name", "user"), help="one line for all processes of a name or a user")
    unit = parser.add_mutually_exclusive_group()
    for letter, name, size in _UNITS:
        unit.add_argument(
            f"-{letter}", f"--{name}", dest="unit", action="store_const", const=size, help=f"free's block in {name}"
        )
    unit.add_argument("--human", dest="unit", action="store_const", const=0, help="free's block in short sizes")
    add_scope(parser)
    add_json(parser)
    parser.set_defaults(unit=1024)
    return parser


def _names() -> dict[str, Field[MemoryRow]]:
    """The fields by every name that they answer to."""
    found: dict[str, Field[MemoryRow]] = {}
    for each in ROW_FIELDS:
        for name in (each.key, *each.names):
            found.setdefault(name, each)
    return found


def run(arguments: Sequence[str]) -> int:
    """Run the command. Raises what its collectors raise."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names = _names()
    wanted = options.columns or (_COLUMNS if options.interval is None else _RATE_COLUMNS)
    for name in (*wanted.split(","), options.sort.removeprefix("-")):
        if name not in names:
            parser.error(f"there is no column “{visible(name)}”; there are " + ", ".join(by_key(ROW_FIELDS)))
    if options.count is not None and options.interval is None:
        parser.error("--count needs --interval")
    chosen: Filter[MemoryRow] = checked_filter(parser, options.filter, operands(ROW_FIELDS), ("name", "command"))
    if options.pid is not None:
        return _space(options)
    scope = checked_scope(parser, options.scope)
    fields = [names[name] for name in wanted.split(",")]
    order = names[options.sort.removeprefix("-")]
    table = _Table(fields, order, order.falling is not options.sort.startswith("-"), chosen, options.group, scope)
    return _machine_json(options, table) if options.json else _machine_text(options, table)


class _Table:
    """Which rows, in which order, with which columns."""

    def __init__(
        self,
        fields: Sequence[Field[MemoryRow]],
        order: Field[MemoryRow],
        falling: bool,
        chosen: Filter[MemoryRow],
        group: str | None,
        scope: Scope | None,
    ) -> None:
        self._fields = fields
        self._order = order
        self._falling = falling
        self._chosen = chosen
        self._group = group
        self._scope = scope

    def rows(self, memory: MemorySnapshot, processes: ProcessesSnapshot) -> list[MemoryRow]:
        """The rows to show."""
        holdings = {each.key: each for each in memory.holdings}
        found = [row for row in joined(processes.rows, holdings, memory.time) if self._chosen(row)]
        found = scoped(found, self._scope, lambda row: about_process(row.key, row.user))
        if self._group is not None:
            by_user = self._group == "user"
            found = list(grouped(found, lambda row: (row.user or "?") if by_user else row.name))
        return sorted(found, key=self._order.order, reverse=self._falling)

    def lines(self, rows: Sequence[MemoryRow], width: int | None) -> list[str]:
        """The table as text, with the sums at its end."""
        fields = list(self._fields)
        if self._group is not None:
            known = by_key(ROW_FIELDS)
            fields = [known["count"], *(each for each in fields if each.key not in ("pid", "user", "command"))]
            fields = [each for each in fields if each.key != "name"] + [known["name"]]
        return text_table(fields, [*rows, totals(rows)] if rows else rows, width)


def _samples(interval: float | None, count: int | None) -> Iterator[tuple[MemorySnapshot, ProcessesSnapshot]]:
    """The machine and its processes: once, or `count` times `interval` seconds apart after a first sample for rates."""
    with closing(MEMORY.open()) as memory, closing(PROCESSES.open()) as processes:

        def both() -> tuple[MemorySnapshot, ProcessesSnapshot]:
            rows = processes.collect()
            memory.ask(Looking(tuple(each.key for each in rows.rows if not each.kernel), at_once=True))
            return memory.collect(), rows

        yield both()
        if interval is None:
            return
        due = time.monotonic()
        for _ in numbers() if count is None else range(count):
            due += interval
            time.sleep(max(0.0, due - time.monotonic()))
            yield both()


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _machine_text(options: argparse.Namespace, table: _Table) -> int:
    width = _width()
    samples = _samples(options.interval, options.count)
    memory, processes = next(samples)
    print(*free_block(memory.memory, options.unit), "", sep="\n")
    print(*machine_lines(memory, min(width or _WIDTH, 160)), "", sep="\n")
    for each in memory.missing:
        print(f"pitop memory: {each.what}: {each.why}" + (f"; {each.advice}" if each.advice else ""), file=sys.stderr)
    if options.interval is None:
        average = since_boot(memory.counters, memory.uptime_seconds, memory.pressure)
        print(*rate_header(), rate_line(memory, average) + "  since boot", sep="\n")
    for number, sample in enumerate(samples):
        memory, processes = sample
        if number % _HEADER_EVERY == 0:
            print(*rate_header(), sep="\n")
        print(rate_line(memory, memory.activity), flush=True)
    print("", *table.lines(table.rows(memory, processes), width), sep="\n")
    return 0


def _machine_json(options: argparse.Namespace, table: _Table) -> int:
    samples = _samples(options.interval, options.count)
    if options.interval is not None:
        next(samples)
    for memory, processes in samples:
        rows = [record(ROW_FIELDS, row) for row in table.rows(memory, processes)]
        print(document("memory", memory.time, memory.host, _summary(memory), rows), flush=True)
    return 0


def _summary(memory: MemorySnapshot) -> dict[str, Any]:
    """The machine: the figures, then what there are several of."""
    nested = ("swap", "zram", "zswap", "nodes", "zones", "pressure")
    found: dict[str, Any] = record(SUMMARY_FIELDS, memory)
    found["formulas"] = {each.tool: to_builtins(each.terms) for each in formulas(memory.memory)}
    found.update({name: to_builtins(getattr(memory, name)) for name in nested})
    for device, told in zip(memory.zram, found["zram"], strict=True):
        told["ratio"] = device.ratio
    if memory.zswap is not None:
        found["zswap"]["ratio"] = memory.zswap.ratio
    found["oom_victims"] = to_builtins(memory.kills)
    found["missing"] = to_builtins(memory.missing)
    return found


def _spaces(options: argparse.Namespace) -> Iterator[AddressSpace]:
    """The address space once, or again and again; ends with the process."""
    with closing(MAPPINGS.open()) as collector:
        collector.ask(Space(options.pid))
        space = collector.collect()
        yield space
        if options.interval is None:
            return
        interval = max(options.interval, _SPACE_EVERY)
        for _ in numbers() if options.count is None else range(options.count - 1):
            time.sleep(interval)
            space = collector.collect()
            if space.ended:
                return
            yield space


def _space(options: argparse.Namespace) -> int:
    width = min(_width() or 120, 200)
    with closing(MEMORY.open()) as machine:
        for number, space in enumerate(_spaces(options)):
            machine.ask(Looking(selected=space.key))
            cost = fault_cost(machine.collect().delays)
            words = holding_words(space.size_bytes, None, space.rollup)
            if options.json:
                rollup = space.rollup
                summary: dict[str, Any] = {
                    "pid": space.key[0],
                    "name": space.name,
                    "vsz_bytes": space.size_bytes,
                    "rss_bytes": None if rollup is None else rollup.rss_bytes,
                    "pss_bytes": None if rollup is None else rollup.pss_bytes,
                    "uss_bytes": None if rollup is None else rollup.uss_bytes,
                    "shared_bytes": None if rollup is None else rollup.shared_bytes,
                    "swap_bytes": None if rollup is None else rollup.swap_bytes,
                    "minor_faults": space.minor_faults,
                    "major_faults": space.major_faults,
                    "major_fault_ms": None if cost is None else cost.each_ms,
                    "words": words,
                }
                rows = (record(MAPPING_FIELDS, each) for each in space.mappings)
                print(document("memory", space.time, space.host, summary, rows), flush=True)
                continue
            if number:
                print()
            print(f"{space.key[0]}: {visible(space.name)}", words, sep="\n")
            print(f"{space.minor_faults:,} minor and {space.major_faults:,} major faults since it started")
            told = cost_words(cost, "since it started")
            if told is not None and space.major_faults:
                print(told)
            print("", *drawing(space.mappings, width), "", *pmap_table(space.mappings), sep="\n", flush=True)
    return 0
