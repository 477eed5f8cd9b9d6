"""`pitop sockets`: what `netstat -nap` and `ss -tunapie` print."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pitop.cli.options import add_json, add_repeat, add_scope, checked_filter, checked_scope, scoped
from pitop.collect.repeat import snapshots
from pitop.collect.topics import SOCKETS
from pitop.model.sockets import (
    AskSockets,
    Group,
    Socket,
    SocketsSnapshot,
    by_local_port,
    by_process,
    by_remote_address,
    by_state,
    openings,
    summary,
)
from pitop.model.sockets.about import about_socket
from pitop.render.document import document
from pitop.render.field import by_key, operands, record
from pitop.render.sockets import FIELDS, FLAGS
from pitop.render.table import text_table
from pitop.render.text import visible
from pitop.render.units import Unit, say

__all__ = ["run"]

_ORDER = ("tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "packet", "unix")
_SHORT = {"udplite": "udpl", "udplite6": "udpl6"}
_NAMING = 1.5  # seconds that names of hosts get to arrive
_GROUPS = {"process": by_process, "remote": by_remote_address, "port": by_local_port}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitop sockets", description="Every socket, as netstat -nap prints it or as JSON."
    )
    parser.add_argument("--filter", default="", metavar="EXPR", help="only what matches, as 'state=LISTEN and port=22'")
    parser.add_argument("--columns", metavar="A,B", help="which fields: " + ", ".join(each.key for each in FIELDS))
    view = parser.add_mutually_exclusive_group()
    view.add_argument("--open", action="store_true", help="what is open here: listening ports and who can reach them")
    view.add_argument("--by", choices=("process", "remote", "port", "state"), help="sums by process, peer, port, state")
    parser.add_argument("--closed", action="store_true", help="also those that closed in the last seconds")
    parser.add_argument("--namespaces", action="store_true", help="also those of other network namespaces")
    parser.add_argument(
        "--names", action="store_true", help="names of remote hosts, as far as they come within a moment"
    )
    add_repeat(parser)
    add_scope(parser)
    add_json(parser)
    return parser


def run(arguments: Sequence[str]) -> int:
    """Print one snapshot, or one every --interval seconds."""
    parser = _parser()
    said = parser.parse_args(arguments)
    names = {name: each for each in reversed(FIELDS) for name in (each.key, *each.names)}
    columns = said.columns.split(",") if said.columns else []
    for name in columns:
        if name not in names:
            parser.error(f"there is no field “{name}”; there are {', '.join(by_key(FIELDS))}")
    if said.count and not said.interval:
        parser.error("--count needs --interval")
    chosen = checked_filter(parser, said.filter, operands((*FIELDS, *FLAGS)), ("process", "local_address"))
    scope = checked_scope(parser, said.scope)
    asked = AskSockets(namespaces=said.namespaces, names=said.names, references=not said.json)
    told: set[str] = set()
    interval = said.interval or (_NAMING if said.names else None)  # names come while one waits
    for number, snapshot in enumerate(snapshots(SOCKETS, interval, said.count if said.interval else 1, asked)):
        found = [row for row in (*snapshot.rows, *(snapshot.closed if said.closed else ())) if chosen(row)]
        found = scoped(found, scope, about_socket)
        found.sort(key=_place)
        if said.json:
            print(_json(snapshot, found, said.open, said.by), flush=True)
            continue
        if number:
            print()
        lines: Iterable[str]
        if said.open:
            lines = _open_lines(found)
        elif said.by == "state":
            lines = (f"{each.protocol:<9} {each.state or '-':<12} {each.count:>7}" for each in by_state(found))
        elif said.by:
            lines = _group_lines(_GROUPS[said.by](found))
        elif columns:
            lines = text_table([names[name] for name in columns], found)
        else:
            lines = _netstat(found)
        for line in lines:
            print(line)
        sys.stdout.flush()
        for each in snapshot.missing:
            if each.what not in told:
                told.add(each.what)
                print(f"pitop sockets: not shown: {each.what}: {each.why}. {each.advice}".rstrip(), file=sys.stderr)
    return 0


def _place(row: Socket) -> tuple[Any, ...]:
    end = row.endpoint
    return (
        row.closed_time is not None,
        row.namespace,
        _ORDER.index(end.protocol),
        end.state not in ("LISTEN", "LISTENING"),
        end.local_port or 0,
        end.remote_port or 0,
        end.local_address or "",
        end.remote_address or "",
        end.inode,
    )


# --- netstat's layout


def _program(row: Socket) -> str:
    """netstat's PID/Program name, of every process that has it open."""
    if row.owners:
        return ",".join(f"{owner.pid}/{owner.name}" for owner in row.owners)
    return "-"


def _netstat(rows: Sequence[Socket]) -> Iterator[str]:
    internet = [row for row in rows if row.endpoint.protocol not in ("unix", "packet")]
    packets = [row for row in rows if row.endpoint.protocol == "packet"]
    local = [row for row in rows if row.endpoint.protocol == "unix"]
    if internet or not rows:
        yield "Active Internet connections (servers and established)"
        yield (
            "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name    "
        ).rstrip()
        for row in internet:
            yield _internet_line(row)
    if packets:
        yield "Active packet sockets"
        yield "Proto Recv-Q Interface        Ethertype I-Node   PID/Program name"
        for row in packets:
            end = row.endpoint
            kind = f"{end.local_port:#06x}" if end.local_port else "all"
            line = f"pkt   {end.receive_queue or 0:>6} {end.local_address or '*':<16} {kind:<9} {end.inode:<8} "
            yield visible(line + _program(row)) + _aside(row)
    if local:
        yield "Active UNIX domain sockets (servers and established)"
        yield "Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path"
        for row in local:
            end = row.endpoint
            unix = end.unix
            flags = "[ ACC ]" if unix is not None and unix.accepts else "[ ]"
            count = "-" if unix is None or unix.references is None else str(unix.references)
            kind = unix.kind if unix is not None else ""
            line = f"unix  {count:<6} {flags:<11} {kind:<10} {end.state:<13} {end.inode or '-':<8} "
            yield visible(f"{line}{_program(row):<20} {end.local_address or ''}").rstrip() + _aside(row)


def _internet_line(row: Socket) -> str:
    end = row.endpoint
    listens = end.state == "LISTEN"
    remote = row.remote_name or end.remote_address
    local = f"{end.local_address}:{end.local_port or '*'}"
    other = f"{remote}:{end.remote_port if end.remote_port is not None else '*'}"
    state = "7" if end.transport == "raw" and not end.state else end.state
    line = (
        f"{_SHORT.get(end.protocol, end.protocol):<4}  {end.receive_queue or 0:>6} "
        f"{0 if listens else end.send_queue or 0:>6} {local:<23} {other:<23} {state:<11} {_program(row)}"
    )
    return visible(line).rstrip() + _aside(row)


def _aside(row: Socket) -> str:
    """What netstat has no column for."""
    notes = []
    if row.namespace:
        notes.append(f"in {row.namespace}")
    if row.closed_time is not None:
        notes.append("closed")
    return visible(f"  ({', '.join(notes)})") if notes else ""


# --- views


def _open_lines(rows: Sequence[Socket]) -> Iterator[str]:
    yield "Proto  Port Reachable by      Addresses                 Conns Backlog PID/Program name"
    for each in openings(rows):
        queue = f"{each.backlog or 0}/{say(each.backlog_limit, Unit.NUMBER)}" if each.backlog is not None else "-"
        programs = ",".join(dict.fromkeys(_program(row) for row in each.sockets))
        line = f"{each.transport:<5} {each.port:>5} {each.reach.value:<17} {','.join(each.addresses):<25} "
        yield visible(f"{line}{each.connections:>5} {queue:>7} {programs}")


def _group_lines(groups: Sequence[Group]) -> Iterator[str]:
    yield "Sockets  Conns  Listen   Down/s     Up/s  Received      Sent  Resent  Who"
    for each in sorted(groups, key=lambda group: -group.count):
        yield visible(
            f"{each.count:>7} {each.established:>6} {each.listening:>7} "
            f"{say(each.received_bytes_per_second, Unit.BYTES_PER_SECOND):>8} "
            f"{say(each.sent_bytes_per_second, Unit.BYTES_PER_SECOND):>8} {say(each.bytes_received, Unit.BYTES):>9} "
            f"{say(each.bytes_sent, Unit.BYTES):>9} {each.retransmits:>7}  {each.label}"
        )


# --- JSON


def _json(snapshot: SocketsSnapshot, rows: Sequence[Socket], opened: bool, by: str | None) -> str:
    head: dict[str, Any] = dict(summary(snapshot))
    head["from_proc_net"] = list(snapshot.from_tables)
    head["missing"] = [{"what": each.what, "why": each.why} for each in snapshot.missing]
    lines: list[dict[str, Any]]
    if opened:
        lines = [
            {
                "protocol": each.transport,
                "local_port": each.port,
                "reach": each.reach.value,
                "addresses": list(each.addresses),
                "connections": each.connections,
                "backlog": each.backlog,
                "backlog_limit": each.backlog_limit,
                "drops": each.drops,
                "owners": _owners(each.sockets),
            }
            for each in openings(rows)
        ]
    elif by == "state":
        lines = [{"protocol": each.protocol, "state": each.state, "count": each.count} for each in by_state(rows)]
    elif by:
        lines = [
            {
                "group": each.label,
                "count": each.count,
                "established": each.established,
                "listening": each.listening,
                "received_bytes_per_second": each.received_bytes_per_second,
                "sent_bytes_per_second": each.sent_bytes_per_second,
                "bytes_received": each.bytes_received,
                "bytes_sent": each.bytes_sent,
                "retransmits": each.retransmits,
            }
            for each in _GROUPS[by](rows)
        ]
    else:
        lines = [{**record(FIELDS, row), "owners": _owners([row]), "history": list(row.history)} for row in rows]
    return document("sockets", snapshot.time, snapshot.host, head, lines)


def _owners(rows: Iterable[Socket]) -> list[dict[str, Any]]:
    found = {owner.pid: owner for row in rows for owner in row.owners}
    return [{"pid": owner.pid, "name": owner.name} for owner in found.values()]
