"""What the wire tells of sockets: whose they were where they closed before anybody looked, and what the other side is
called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from pitop.model.sockets import EndpointKey, Owner, Socket
from pitop.model.traffic.names import NameBook
from pitop.model.traffic.snapshot import TrafficSnapshot
from pitop.model.traffic.talk import End, Talk

__all__ = ["Owning"]

_CLOCKS = 2.0  # seconds by which the times of two samples may differ


class Owning:
    """One snapshot of the traffic, by socket cookie and by ends. What the sockets know themselves stays."""

    def __init__(self, traffic: TrafficSnapshot) -> None:
        self._book = NameBook(traffic.names)
        self._cookies: dict[int, Owner] = {}
        self._ends: dict[tuple[str, End, End], list[tuple[Talk, Owner]]] = {}
        for talk in traffic.talks:
            for ends, cookie, owner in (
                ((talk.a, talk.b), talk.a_cookie, talk.a_owner),
                ((talk.b, talk.a), talk.b_cookie, talk.b_owner),
            ):
                if owner is not None:
                    self._ends.setdefault((talk.transport, *ends), []).append((talk, owner))
                    if cookie is not None:
                        self._cookies[cookie] = owner
        self._made: dict[EndpointKey, tuple[Socket, Socket]] = {}

    def told(self, rows: Iterable[Socket]) -> list[Socket]:
        """The rows with what the wire adds; a row to which it adds nothing is the same object."""
        return [self._told(row) for row in rows]

    def _told(self, row: Socket) -> Socket:
        end = row.endpoint
        if end.unix is not None or end.remote_port is None or row.namespace:
            return row
        known = self._made.get(row.key)
        if known is not None and known[0] is row:
            return known[1]
        changes: dict[str, Any] = {}
        if not row.owners and not row.former and (owner := self._owner(row)) is not None:
            changes["former"] = (owner,)
        if row.remote_name is None:
            holder = next(iter(changes.get("former", row.owners or row.former)), None)
            named = self._book.name(end.remote_address, None if holder is None else holder.key)
            if named is not None and named.source != "reverse":
                changes["remote_name"] = named.name
        made = replace(row, **changes) if changes else row
        self._made[row.key] = (row, made)
        return made

    def _owner(self, row: Socket) -> Owner | None:
        end = row.endpoint
        if end.cookie is not None and (owner := self._cookies.get(end.cookie)) is not None:
            return owner
        here = (end.local_address or "", end.local_port or 0)
        there = (end.remote_address or "", end.remote_port or 0)
        for talk, owner in self._ends.get((end.transport, here, there), ()):
            late = row.closed_time is not None and row.closed_time + _CLOCKS < talk.began
            early = row.first_seen is not None and row.first_seen - _CLOCKS > talk.last
            if not late and not early:
                return owner
        return None
