"""`pitop traffic`: what this machine is talking to, as bandwhich and nethogs show parts of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from pitop.cli.options import add_json, add_repeat, add_scope, checked_filter, checked_scope, joined_sort, scoped
from pitop.collect.topics import SOCKETS, TRAFFIC
from pitop.model.sockets import AskSockets, SocketsSnapshot
from pitop.model.traffic import (
    AskTraffic,
    TrafficRow,
    TrafficSnapshot,
    TrafficTable,
    about_traffic,
    grouped,
    traffic_rows,
)
from pitop.model.traffic.table import GROUPS
from pitop.render.document import document
from pitop.render.field import Field, by_key, operands, record
from pitop.render.table import text_table
from pitop.render.traffic import FIELDS, FLAGS, grouped_fields, summary, unknown_text

__all__ = ["run"]

_LISTENING = 2.0  # seconds before what is printed once: rates, and UDP, need some time
_DRAIN = 0.25  # seconds between two looks at what the capture has said
_COLUMNS = (
    "process", "pid", "direction", "name", "protocol", "port", "received_bytes_per_second", "sent_bytes_per_second",
    "bytes_received", "bytes_sent", "connections",
)  # fmt: skip
_GROUPED = (
    "received_bytes_per_second", "sent_bytes_per_second", "bytes_received", "bytes_sent", "connections", "open",
)  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitop traffic",
        description="What this machine is talking to: program, name, address, port, bytes up and down.",
        epilog="Without --interval it listens for two seconds. Who is behind short connections, UDP, and the names "
        "that are asked for take the right to capture packets: run it as root.",
    )
    add_repeat(parser)
    parser.add_argument("--filter", default="", metavar="EXPR", help="only what matches, as 'down>1M and not inside'")
    parser.add_argument("--sort", default="bytes", metavar="KEY", help="a field; -KEY turns the order round")
    parser.add_argument("--by", choices=GROUPS, help="sums by program, process, name, address, port")
    parser.add_argument("--columns", metavar="A,B", help="which fields: " + ", ".join(each.key for each in FIELDS))
    parser.add_argument("--names", action="store_true", help="look up addresses that have no other name")
    add_scope(parser)
    add_json(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Print one table, or one every --interval seconds."""
    parser = _parser()
    said = parser.parse_args(joined_sort(arguments))
    names = {name: each for each in reversed(FIELDS) for name in (each.key, *each.names)}
    shown = said.columns.split(",") if said.columns else None
    for name in (*(shown or ()), said.sort.lstrip("-")):
        if name not in names:
            parser.error(f"there is no field “{name}”; there are {', '.join(by_key(FIELDS))}")
    if said.count and not said.interval:
        parser.error("--count needs --interval")
    chosen = checked_filter(parser, said.filter, operands((*FIELDS, *FLAGS)), ("process", "name", "address"))
    scope = checked_scope(parser, said.scope)
    order = names[said.sort.lstrip("-")]
    count = said.count if said.interval else 1
    problem = ""
    for number, (traffic, table) in enumerate(_tables(said.interval or _LISTENING, count, names=said.names)):
        rows = scoped([row for row in table.rows if chosen(row)], scope, about_traffic)
        if said.by:
            rows = list(grouped(rows, said.by))
        rows.sort(key=order.order, reverse=order.falling is not said.sort.startswith("-"))
        if said.json:
            print(_json(traffic, rows), flush=True)
        else:
            if number:
                print()
            for line in text_table(_fields(said.by, shown, names), rows):
                print(line)
            words = unknown_text(traffic)
            if words:
                print(f"# {words}")
            sys.stdout.flush()
        if traffic.problem != problem:
            problem = traffic.problem
            if problem:
                print(f"pitop traffic: only what sockets tell: {problem}. {traffic.advice}".rstrip(), file=sys.stderr)
    return 0


def _tables(seconds: float, count: int | None, *, names: bool) -> Iterator[tuple[TrafficSnapshot, TrafficTable]]:
    """A table every so many seconds; the first sample is thrown away, so that each has rates."""
    with closing(SOCKETS.open()) as sockets, closing(TRAFFIC.open()) as traffic:
        sockets.ask(AskSockets(names=names))
        traffic.ask(AskTraffic(names=names))
        heard = traffic.collect()
        limit = time.monotonic() + _LISTENING
        while not heard.running and not heard.problem and time.monotonic() < limit:
            time.sleep(0.02)
            heard = traffic.collect()
        table: TrafficTable | None = None
        due = before = time.monotonic()
        given = -1
        while count is None or given < count:
            while (left := due - time.monotonic()) > 0:
                time.sleep(min(_DRAIN, left))
                heard = traffic.collect()
            now = time.monotonic()
            sample: SocketsSnapshot = sockets.collect()
            heard = traffic.collect()
            table = traffic_rows(sample, heard, table, now - before)
            before, due = now, due + seconds
            if given >= 0:
                yield heard, table
            given += 1


def _fields(
    by: str | None, shown: Sequence[str] | None, names: dict[str, Field[TrafficRow]]
) -> Sequence[Field[TrafficRow]]:
    if shown is not None:
        return [names[name] for name in shown]
    if by is None:
        return [names[name] for name in _COLUMNS]
    fields = grouped_fields(by)
    return [fields[0], *(field for field in fields[1:] if field.key in _GROUPED)]


def _json(traffic: TrafficSnapshot, rows: Sequence[TrafficRow]) -> str:
    lines = [{**record((*FIELDS, *FLAGS), row), "rows": row.rows, "start_ticks": row.start_ticks} for row in rows]
    return document("traffic", traffic.time, traffic.host, summary(traffic, rows), lines)
