"""What this machine is talking to: program, name, address, port, bytes up and down, as one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from pitop.model.leads import Party, Sort, Subject
from pitop.model.rates import delta, plus
from pitop.model.scope import About
from pitop.model.sockets import Owner, SocketsSnapshot
from pitop.model.traffic.names import NameBook
from pitop.model.traffic.parts import Direction, Part, PartKey, Sockets, socket_part, talk_part
from pitop.model.traffic.snapshot import TrafficSnapshot
from pitop.model.traffic.talk import NameSource, Talk

__all__ = [
    "GROUPS", "By", "TrafficKey", "TrafficRow", "TrafficTable", "about_traffic", "grouped", "subject_of_traffic",
    "traffic_rows",
]  # fmt: skip

_MOST_ENDED = 2_000  # rows of which nothing is open any more
_RETURNED = 5.0  # seconds: a conversation that is older than that when it is first seen was left out in between

TrafficKey = tuple[Any, ...]
"""What a row is known by: owner (pid and start time, or None), direction, address, transport, port, the name that the
owner had asked for (or None); or what a group has in common."""

By = Literal["program", "process", "name", "address", "port"]
GROUPS: tuple[By, ...] = ("program", "process", "name", "address", "port")


class TrafficRow(Struct, frozen=True, gc=False, kw_only=True):
    """What one process exchanged with one address, by one name, over one port; or the sum of several such rows.

    In a sum what differs between its rows is None. `port` is that of the service: the other side's where this machine
    opened the conversation (`direction` out), this machine's where it was opened to it (in). Bytes are counted since
    looking began, of TCP what the connections carried before included; None is not known, as is a rate before there
    are two samples. `connections` counts all, `open` those of now. `first_seen` is None for what was there
    when looking began. `inside` is true where both ends are this machine. `rows` is how many rows make up this one.
    """

    key: TrafficKey
    program: str | None = None
    pid: int | None = None
    start_ticks: int | None = None
    user: str | None = None
    direction: Direction | None = None
    name: str | None = None
    name_source: NameSource | None = None
    address: str | None = None
    transport: str | None = None
    port: int | None = None
    protocol: str | None = None
    service: str | None = None
    inside: bool | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
    connections: int = 0
    open: int = 0
    first_seen: float | None = None
    last_seen: float = 0.0
    sought: bool = False
    rows: int = 1

    @property
    def owner(self) -> Owner | None:
        """The process, where it is known."""
        return None if self.pid is None else Owner(self.pid, self.start_ticks, self.program or "")


class TrafficTable(Struct, frozen=True, kw_only=True):
    """The rows, and what the next table needs to go on from here: its parts, and what ended before."""

    rows: tuple[TrafficRow, ...] = ()
    time: float = 0.0
    parts: Mapping[PartKey, Part] = {}
    ended: Mapping[TrafficKey, TrafficRow] = {}
    joined: Mapping[PartKey, PartKey] = {}
    bases: Mapping[PartKey, tuple[int, int]] = {}


def traffic_rows(
    sockets: SocketsSnapshot | None, traffic: TrafficSnapshot | None, before: TrafficTable | None, seconds: float
) -> TrafficTable:
    """The table of a moment, going on from the one `seconds` before it (None: this is the first).

    TCP counts are those of the sockets, the last ones included that the kernel reports when one closes; UDP counts are
    those of the captured packets. A row that has not changed is the same object as before.
    """
    now = max(each.time for each in (sockets, traffic) if each is not None) if sockets or traffic else 0.0
    last = before or TrafficTable()
    index = Sockets(sockets.rows, sockets.closed) if sockets is not None else Sockets((), ())
    talks = traffic.talks if traffic is not None else ()
    found: dict[PartKey, tuple[Talk, int]] = {}
    alone: list[tuple[PartKey, Talk, int]] = []
    joined: dict[PartKey, PartKey] = {}
    for talk in talks:
        for which in talk.ends_here:
            key: PartKey = ("talk", talk.number, which)
            row = index.of(talk, which)
            if row is not None:
                found["socket", row.key[0], row.key[1]] = (talk, which)
                joined[key] = ("socket", row.key[0], row.key[1])
            elif key in last.joined:
                joined[key] = last.joined[key]  # counted with a socket that is no longer in the sample
            else:
                alone.append((key, talk, which))
    parts: dict[PartKey, Part] = {}
    for row in index.rows.values():
        place: PartKey = ("socket", row.key[0], row.key[1])
        parts[place] = socket_part(row, index, found.get(place), now)
    bases: dict[PartKey, tuple[int, int]] = {}
    for key, talk, which in alone:
        base = last.bases.get(key)
        if base is None and before is not None and key not in last.parts and talk.began < last.time - _RETURNED:
            counted = talk_part(talk, which, (0, 0))
            base = (counted.received or 0, counted.sent or 0)
        if base is not None:
            bases[key] = base
        parts[key] = talk_part(talk, which, base or (0, 0))
    book = NameBook(traffic.names if traffic is not None else ())
    for key, part in parts.items():
        parts[key] = _called(part, last.parts.get(key), book)
    ended = dict(last.ended)
    for key, part in last.parts.items():
        if key not in parts and key not in joined:
            _settle(ended, part)
    rows = _rows(parts, last, ended, seconds if before is not None else 0.0)
    return TrafficTable(rows=rows, time=now, parts=parts, ended=_bounded(ended, rows), joined=joined, bases=bases)


def _called(part: Part, before: Part | None, book: NameBook) -> Part:
    """The part with its name; one that its process asked for stays, whatever is asked for later."""
    if before is not None and before.owner == part.owner and before.asked_name is not None:
        return replace(part, named=before.named)
    named = book.name(part.address, None if part.owner is None else part.owner.key, part.first)
    return part if named is None else replace(part, named=named)


def _key(part: Part) -> TrafficKey:
    owner = part.owner
    who = None if owner is None else (owner.pid, owner.start_ticks)
    return (who, part.direction, part.address, part.transport, part.port, part.asked_name)


def _row(key: TrafficKey, part: Part) -> TrafficRow:
    owner, named = part.owner, part.named
    source: NameSource | None = named.source if named is not None else "reverse" if part.called else None
    return TrafficRow(
        key=key,
        program=None if owner is None else owner.name,
        pid=None if owner is None else owner.pid,
        start_ticks=None if owner is None else owner.start_ticks,
        user=part.user,
        direction=part.direction,
        name=named.name if named is not None else part.called,
        name_source=source,
        address=part.address,
        transport=part.transport,
        port=part.port,
        protocol=part.protocol,
        service=part.service,
        inside=part.inside,
        received_bytes=part.received,
        sent_bytes=part.sent,
        connections=1,
        open=int(part.open),
        first_seen=part.first,
        last_seen=part.last,
        sought=part.sought,
    )


def _settle(ended: dict[TrafficKey, TrafficRow], part: Part) -> None:
    """Keep what an ended part carried."""
    key = _key(part)
    row = replace(_row(key, part), open=0, sought=False)
    known = ended.get(key)
    ended[key] = row if known is None else _merged(key, [known, row], rows=1)


def _rows(
    parts: Mapping[PartKey, Part],
    last: TrafficTable,
    ended: Mapping[TrafficKey, TrafficRow],
    seconds: float,
) -> tuple[TrafficRow, ...]:
    members: dict[TrafficKey, list[Part]] = {key: [] for key in ended}
    for part in parts.values():
        members.setdefault(_key(part), []).append(part)
    same = {row.key: row for row in last.rows}
    made: list[TrafficRow] = []
    for key, several in members.items():
        rows = [_row(key, part) for part in several]
        down = up = None
        if seconds > 0:
            for part in several:
                got, gave = _moved(part, last.parts.get(part.key), last.time)
                down, up = plus(down, got), plus(up, gave)
        if key in ended:
            rows.append(ended[key])
        row = rows[0] if len(rows) == 1 else _merged(key, rows, rows=1)
        if seconds > 0:
            idle = 0.0 if not several and row.received_bytes is not None else None
            row = replace(
                row,
                received_bytes_per_second=idle if down is None else down / seconds,
                sent_bytes_per_second=idle if up is None else up / seconds,
            )
        known = same.get(key)
        made.append(known if known == row and known is not None else row)
    return tuple(made)


def _moved(part: Part, before: Part | None, since: float) -> tuple[int | None, int | None]:
    """What a part carried since the sample before; all of it where it began after that."""
    if before is not None:
        return delta(part.received, before.received), delta(part.sent, before.sent)
    if part.first is not None and part.first >= since - 1.0:
        return part.received, part.sent
    return None, None


def _bounded(ended: dict[TrafficKey, TrafficRow], rows: Sequence[TrafficRow]) -> dict[TrafficKey, TrafficRow]:
    """Forget the oldest of what has ended."""
    if len(ended) <= _MOST_ENDED:
        return ended
    open_ = {row.key for row in rows if row.open}
    over = sorted((row for row in ended.values() if row.key not in open_), key=lambda row: row.last_seen)
    for row in over[: len(ended) - _MOST_ENDED]:
        del ended[row.key]
    return ended


_SHARED = (
    "program", "pid", "start_ticks", "user", "direction", "name", "name_source", "address", "transport", "port",
    "protocol", "service", "inside",
)  # fmt: skip


def _merged(key: TrafficKey, several: Sequence[TrafficRow], *, rows: int) -> TrafficRow:
    """The sum of rows; within one row's own parts (`rows` 1) what one of them does not know the others tell."""
    values: dict[str, Any] = {}
    for field in _SHARED:
        if rows == 1:
            values[field] = next((value for each in several if (value := getattr(each, field)) is not None), None)
        else:
            known = {getattr(each, field) for each in several}
            values[field] = known.pop() if len(known) == 1 else None
    if values["name"] is None:
        values["name_source"] = None
    received = sent = down = up = None
    for each in several:
        received, sent = plus(received, each.received_bytes), plus(sent, each.sent_bytes)
        down, up = plus(down, each.received_bytes_per_second), plus(up, each.sent_bytes_per_second)
    firsts = [each.first_seen for each in several]
    return TrafficRow(
        key=key,
        **values,
        received_bytes=received,
        sent_bytes=sent,
        received_bytes_per_second=down,
        sent_bytes_per_second=up,
        connections=sum(each.connections for each in several),
        open=sum(each.open for each in several),
        first_seen=None if None in firsts else min(first for first in firsts if first is not None),
        last_seen=max(each.last_seen for each in several),
        sought=any(each.sought for each in several),
        rows=rows,
    )


def grouped(rows: Iterable[TrafficRow], by: By) -> tuple[TrafficRow, ...]:
    """One row a program (by name), process, name (or address without one), address, or port."""
    found: dict[TrafficKey, list[TrafficRow]] = {}
    for row in rows:
        found.setdefault(_group(row, by), []).append(row)
    return tuple(_merged(key, several, rows=len(several)) for key, several in found.items())


def _group(row: TrafficRow, by: By) -> TrafficKey:
    match by:
        case "program":
            return (by, row.program)
        case "process":
            return (by, row.pid, row.start_ticks)
        case "name":
            return (by, row.name or row.address)
        case "address":
            return (by, row.address)
        case "port":
            return (by, row.transport, row.port)


def about_traffic(row: TrafficRow) -> About:
    """What a row is about, for the scope."""
    known = row.pid is not None
    keys = frozenset({(row.pid, row.start_ticks)} if known and row.start_ticks is not None else ())
    return About(
        processes=keys,  # type: ignore[arg-type]
        pids=frozenset({row.pid}) if row.pid is not None and row.start_ticks is None else frozenset(),
        users=frozenset({row.user} if row.user is not None else ()),
        addresses=frozenset({row.address} if row.address is not None else ()),
        ports=frozenset({row.port} if row.port is not None else ()),
        names=frozenset({row.name} if row.name is not None else ()),
    )


def subject_of_traffic(row: TrafficRow) -> Subject:
    """A row as what leads elsewhere: its process, the other side, its name."""
    party = None
    if row.pid is not None:
        party = Party(row.pid, row.program or "?", row.start_ticks, None if row.open else row.last_seen)
    return Subject(
        sort=Sort.TALK,
        process=party,
        addresses=() if row.address is None else (row.address,),
        name=row.name,
    )
