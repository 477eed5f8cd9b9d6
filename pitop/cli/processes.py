"""`pitop processes`: what `ps fx` and `top -b` print."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from pitop.cli.options import add_json, add_repeat, add_scope, checked_filter, checked_scope, joined_sort, scoped
from pitop.collect.repeat import snapshots
from pitop.collect.topics import PROCESSES
from pitop.model.filter import Filter
from pitop.model.processes import Process, ProcessesSnapshot
from pitop.model.scope import about_process
from pitop.model.tree import flatten, with_ancestors
from pitop.render.document import document
from pitop.render.field import Field, by_key, operands, record
from pitop.render.processes import FIELDS, FLAGS
from pitop.render.table import text_table
from pitop.render.units import Value

__all__ = ["run"]

_COLUMNS = ("pid", "tty", "stat", "cpu_seconds", "command")
_COLUMNS_REPEATED = (
    "pid", "user", "priority", "nice", "vsz_bytes", "rss_bytes", "shared_bytes", "state", "cpu_percent",
    "memory_percent", "cpu_seconds", "command",
)  # fmt: skip


class _PsGuides:
    """The guides that `ps f` draws."""

    branch = r" \_ "
    last = r" \_ "
    pipe = " |  "
    blank = "    "


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pitop processes", description="Every process, as text or JSON.")
    parser.add_argument("--tree", action="store_true", help="who started whom, drawn as ps fx draws it")
    parser.add_argument("--sort", metavar="KEY", help="order by this field; -KEY the other way round")
    parser.add_argument("--filter", default="", metavar="EXPR", help="only what matches, such as 'cpu>40 and state=D'")
    parser.add_argument("--columns", metavar="A,B", help="which fields: " + ", ".join(each.key for each in FIELDS))
    add_scope(parser)
    add_repeat(parser)
    add_json(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Print one snapshot, or one every --interval seconds."""
    parser = _parser()
    said = parser.parse_args(joined_sort(arguments))
    known = by_key(FIELDS)
    names = {name: each for each in reversed(FIELDS) for name in (each.key, *each.names)}
    columns = said.columns.split(",") if said.columns else _COLUMNS_REPEATED if said.interval else _COLUMNS
    for name in columns:
        if name not in names:
            parser.error(f"there is no field “{name}”; there are {', '.join(known)}")
    order = said.sort
    if order is not None and order.lstrip("-") not in names:
        parser.error(f"there is no field “{order.lstrip('-')}” to sort by; there are {', '.join(known)}")
    chosen: Filter[Process] = checked_filter(parser, said.filter, operands((*FIELDS, *FLAGS)), ("command",))
    scope = checked_scope(parser, said.scope)
    count = said.count if said.interval else 1
    if said.count and not said.interval:
        parser.error("--count needs --interval")
    for number, snapshot in enumerate(snapshots(PROCESSES, said.interval, count)):
        if scope is not None:
            rows = scoped(snapshot.rows, scope, lambda row: about_process(row.key, row.user))
            snapshot = structs.replace(snapshot, rows=tuple(rows))
        placed = list(_placed(snapshot, chosen, said.tree, None if order is None else names[order.lstrip("-")], order))
        if said.json:
            print(_json(snapshot, placed, said.tree), flush=True)
            continue
        if number:
            print()
        fields = [_as_ps(names[name], placed) for name in columns]
        for line in text_table(fields, range(len(placed))):
            print(line)
        sys.stdout.flush()
    return 0


def _placed(
    snapshot: ProcessesSnapshot, chosen: Filter[Process], tree: bool, field: Field[Process] | None, order: str | None
) -> Iterator[tuple[Process, str, int]]:
    """The rows in their order, each with the guides before its command and its depth."""
    rows = list(snapshot.rows)
    falling = False
    if field is not None and order is not None:
        falling = field.falling is not order.startswith("-")
        rows.sort(key=field.order, reverse=falling)
    if not tree:
        yield from ((row, "", 0) for row in rows if chosen(row))
        return
    if chosen.text.strip():
        rows, _ = with_ancestors(rows, chosen)
    forest = flatten(rows, _PsGuides())
    for place, prefix, depth in zip(forest.places, forest.prefixes, forest.depths, strict=True):
        yield rows[place], prefix, depth


def _as_ps(field: Field[Process], placed: Sequence[tuple[Process, str, int]]) -> Field[int]:
    """The same field over places in the list, with the guides before the command."""

    def read(place: int) -> Value:
        return field.read(placed[place][0])

    def show(place: int) -> str:
        row, guides, _ = placed[place]
        return guides + field.text(row) if field.key == "command" else field.text(row)

    return Field(field.key, field.title, field.width, field.unit, read, field.words, show=show)


def _json(snapshot: ProcessesSnapshot, placed: Sequence[tuple[Process, str, int]], tree: bool) -> str:
    states = Counter(row.state for row in snapshot.rows)
    summary = {
        "processes": len(snapshot.rows),
        "threads": sum(row.threads for row in snapshot.rows),
        "states": dict(sorted(states.items())),
        "missing": [{"what": each.what, "why": each.why} for each in snapshot.missing],
    }
    rows = []
    for row, _, depth in placed:
        fields: dict[str, Any] = record(FIELDS, row)
        fields["kernel"] = row.kernel
        if tree:
            fields["depth"] = depth
        rows.append(fields)
    return document("processes", snapshot.time, snapshot.host, summary, rows)
