"""Every socket, sampled again and again; only what changed is read whole, searched for owners, made into rows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pitop.collect.sockets.closed import Closed
from pitop.collect.sockets.elsewhere import Elsewhere, processes
from pitop.kernel.sockets import proc
from pitop.kernel.sockets.closes import CloseEvents, can_close
from pitop.kernel.sockets.diag import Diag, DiagAbsent
from pitop.kernel.sockets.names import HostNames, service_names
from pitop.kernel.sockets.owners import OwnerWalk
from pitop.kernel.sockets.session import ancestors, is_root, own_pid, ssh_connection
from pitop.kernel.sockets.table import SocketTable, Track
from pitop.kernel.system import host
from pitop.kernel.users import UserNames
from pitop.model.rates import rate
from pitop.model.snapshot import Missing
from pitop.model.sockets import (
    AskSockets,
    Counters,
    Endpoint,
    EndpointKey,
    Holder,
    Socket,
    SocketsSnapshot,
    State,
    own_session,
    settled,
    socket_row,
)

__all__ = ["SocketsCollector"]

_LOCAL = ("127.0.0.1", "::1", "0.0.0.0", "::")  # nobody need ask what these are called


class SocketsCollector:
    """Makes a SocketsSnapshot each turn.

    `root` is the /proc to read; with another than /proc, or with `diagnosed` False, only its tables are read.
    """

    every = None

    def __init__(self, root: str = "/proc", *, diagnosed: bool = True, services: str = "/etc/services") -> None:
        self._root = root
        self._net = f"{root}/net"
        self._host = host()
        self._users = UserNames()
        self._services = service_names(services)
        self._names = HostNames()
        self._walk = OwnerWalk(root)
        self._closed = Closed()
        self._asked = AskSockets()
        self._table = SocketTable(diagnosed=diagnosed)
        self._elsewhere = Elsewhere(root)
        self._by_inode: dict[int, Track] = {}
        self._unowned: set[int] = set()
        self._moving: dict[Track, str] = {}  # rows that are not at rest: another turn makes another row
        self._unnamed: set[str] = set()
        self._states: Counter[tuple[str, str]] = Counter()
        self._session: set[EndpointKey] = set()
        self._sampled: float | None = None
        self._counters = Counters()
        live = root == "/proc"
        self._diag: Diag | None = None
        self._events: CloseEvents | None = None
        if diagnosed and live:
            try:
                self._diag = Diag()
                self._events = CloseEvents()
            except (DiagAbsent, OSError):
                pass
        self._can_close = self._diag is not None and can_close()
        self._connection = ssh_connection() if live else None
        self._viewers = (own_pid(), *ancestors(root)) if live else ()

    def ask(self, request: Struct) -> None:
        """Take in what is wanted beyond the usual."""
        if isinstance(request, AskSockets):
            if request.names != self._asked.names:
                self._moving.update((track, "") for track in self._table.tracks)
            if request.names and not self._asked.names:
                self._unnamed.update(_remote(self._table.tracks))
            self._asked = request

    def descriptors(self) -> Sequence[int]:
        """Nothing to wait for but the time: closes are taken in with the next sample."""
        return ()

    def close(self) -> None:
        """Give everything back."""
        self._names.close()
        self._walk.close()
        if self._diag is not None:
            self._diag.close()
        if self._events is not None:
            self._events.close()

    def collect(self) -> SocketsSnapshot:
        """Sample every socket."""
        now, tick = time.time(), time.monotonic()
        seconds = tick - self._sampled if self._sampled is not None else 0.0
        self._sampled = tick
        missing: list[Missing] = []
        if self._events is not None:
            self._take_reports(self._events, now, missing)
        self._table.read(self._diag, self._net, now)
        self._read_others(now, missing)
        tables = [("", self._table), *self._elsewhere.tables]
        dirty: dict[Track, str] = dict(self._moving)
        for name, table in tables:
            self._take_in(name, table, dirty, now)
        self._find_owners(dirty)
        self._take_names(tables, dirty)
        for track, name in dirty.items():
            last, track.row = track.row, self._row(track, name, now, seconds)
            self._tally(last, track.row)
            if settled(track.row):
                self._moving.pop(track, None)
            else:
                self._moving[track] = name
        self._find_session(dirty)
        rows = [track.row for _, table in tables for track in table.tracks if track.row is not None]
        if self._asked.references:
            rows = self._with_references(rows)
        self._tell_missing(missing)
        return SocketsSnapshot(
            time=now,
            host=self._host,
            missing=tuple(missing),
            rows=tuple(rows),
            states=tuple(State(protocol, state, count) for (protocol, state), count in self._states.items() if count),
            received_bytes_per_second=self._sum(seconds, "received_bytes_per_second"),
            sent_bytes_per_second=self._sum(seconds, "sent_bytes_per_second"),
            closed=self._closed.newest(now),
            counters=self._count(seconds),
            own_session=frozenset(self._session),
            viewers=self._viewers,
            can_close=self._can_close,
            events=self._events is not None,
            namespaces=tuple(name for name, _ in tables[1:]),
            from_tables=tuple(sorted(self._table.absent)) if self._diag is not None else ("all",),
        )

    # --- reading

    def _take_reports(self, events: CloseEvents, now: float, missing: list[Missing]) -> None:
        for report in events.read(now):
            if report.local_port:
                track = self._table.find(report)
                self._closed.report(report, track.row if track is not None else None, now)
                if track is not None:
                    self._moving[track] = ""  # what is left of it has its last counters now
        if events.lost:
            missing.append(Missing("some closed sockets", "more closed than the kernel could report"))

    def _read_others(self, now: float, missing: list[Missing]) -> None:
        """Other namespaces, while they are asked for."""
        if self._asked.namespaces:
            missing += self._elsewhere.read(now)
        else:
            self._elsewhere.forget()
        for track in self._elsewhere.left:
            self._leave(track)

    # --- what changed

    def _take_in(self, name: str, table: SocketTable, dirty: dict[Track, str], now: float) -> None:
        for track in table.gone:
            dirty.pop(track, None)
            self._leave(track)
            row = track.row
            if row is not None and row.endpoint.state not in ("TIME_WAIT", "SYN_RECV"):
                self._closed.miss(row, now)
        for track in table.changed:
            before = track.row.endpoint.inode if track.row is not None else 0
            inode = track.endpoint.inode
            if before != inode:
                if before and self._by_inode.get(before) is track:
                    del self._by_inode[before]
                    self._unowned.discard(before)
                if inode:
                    self._by_inode[inode] = track
                    self._unowned.add(inode)
            if track.row is not None and track.endpoint.state == "TIME_WAIT" != track.row.endpoint.state:
                self._closed.miss(track.row, now)
            dirty[track] = name
            if self._asked.names:
                self._unnamed.update(_remote((track,)))

    def _leave(self, track: Track) -> None:
        """Forget a socket that is gone."""
        self._moving.pop(track, None)
        self._session.discard(track.endpoint.key)
        if track.row is not None:
            self._tally(track.row, None)
            inode = track.row.endpoint.inode
            if self._by_inode.get(inode) is track:
                del self._by_inode[inode]
                self._unowned.discard(inode)

    def _find_owners(self, dirty: dict[Track, str]) -> None:
        for inode in self._walk.update(self._by_inode.keys(), self._unowned):
            track = self._by_inode.get(inode)
            if track is None:
                continue
            if self._walk[inode]:
                self._unowned.discard(inode)
            else:
                self._unowned.add(inode)
            self._touch(track, dirty)
            if track.endpoint.unix is not None and track.endpoint.unix.peer_inode:
                peer = self._by_inode.get(track.endpoint.unix.peer_inode)
                if peer is not None:
                    self._touch(peer, dirty)

    @staticmethod
    def _touch(track: Track, dirty: dict[Track, str]) -> None:
        if track not in dirty:
            dirty[track] = track.row.namespace if track.row is not None else ""

    def _take_names(self, tables: Iterable[tuple[str, SocketTable]], dirty: dict[Track, str]) -> None:
        """Ask for the names of remote hosts, and give those that came to their rows."""
        if not self._asked.names:
            return
        if self._unnamed:
            self._unnamed = set(self._names.ask(self._unnamed))
        answered = self._names.answered()
        if answered:
            for _, table in tables:
                for track in table.tracks:
                    if track.endpoint.remote_address in answered:
                        self._touch(track, dirty)

    def _find_session(self, dirty: Iterable[Track]) -> None:
        if not self._connection and not self._viewers:
            return
        rows = [track.row for track in dirty if track.row is not None]
        found = own_session(rows, self._connection, self._viewers)
        self._session.difference_update(row.key for row in rows)
        self._session.update(found)

    # --- rows

    def _row(self, track: Track, name: str, now: float, seconds: float) -> Socket:
        last = track.row
        end = track.endpoint
        former = last.former if last is not None else ()
        if not end.inode:
            final = self._closed.get(end.key) or last
            if final is not None:
                former = final.owners or final.former
                if end.state == "TIME_WAIT" and final.endpoint.tcp is not None:
                    end = track.endpoint = replace(end, tcp=final.endpoint.tcp, uid=final.endpoint.uid)
        owners = self._walk[end.inode] if end.inode else ()
        holder: Holder
        if owners:
            holder = "process"
        elif not end.inode:
            holder = "none"
        else:
            unheld: Holder = "kernel" if self._walk.complete else "hidden"
            holder = unheld if self._walk.searched(end.inode) else "sought"
        peer = self._by_inode.get(end.unix.peer_inode or 0) if end.unix is not None else None
        if end.unix is not None:
            remote_name = peer.endpoint.local_address if peer is not None else None
        else:
            remote_name = self._names.get(end.remote_address or "") if self._asked.names else None
        return socket_row(
            end,
            last,
            seconds,
            user=self._users[end.uid] if end.uid is not None else None,
            holder=holder,
            owners=owners,
            first_seen=last.first_seen if last is not None else now if seconds else None,
            namespace=name,
            service=self._service(end),
            remote_name=remote_name,
            former=former,
            peers=self._walk[peer.endpoint.inode] if peer is not None else (),
        )

    def _service(self, end: Endpoint) -> str | None:
        """The service that the socket is about: of the two ports the lower one that has a name."""
        if end.transport not in ("tcp", "udp", "udplite"):
            return None
        services, transport = self._services, "tcp" if end.transport == "tcp" else "udp"
        local, remote = end.local_port or 0, end.remote_port or 0
        low, high = (local, remote) if local < remote else (remote, local)
        return services.get((low, transport)) or services.get((high, transport))

    def _with_references(self, rows: Iterable[Socket]) -> list[Socket]:
        counts = proc.unix_references(self._net)
        found = []
        for row in rows:
            unix = row.endpoint.unix
            if unix is not None and unix.references is None and row.endpoint.inode in counts and not row.namespace:
                counted = replace(unix, references=counts[row.endpoint.inode])
                row = replace(row, endpoint=replace(row.endpoint, unix=counted))
            found.append(row)
        return found

    # --- counts and sums, kept up with what changes

    def _tally(self, last: Socket | None, row: Socket | None) -> None:
        if last is not None and row is not None and last.endpoint.state == row.endpoint.state:
            return
        if last is not None:
            self._states[last.endpoint.protocol, last.endpoint.state] -= 1
        if row is not None:
            self._states[row.endpoint.protocol, row.endpoint.state] += 1

    def _sum(self, seconds: float, rate: str) -> float | None:
        """The rates of all rows together: those that are at rest carry nothing."""
        if not seconds:
            return None
        return sum(getattr(track.row, rate) or 0.0 for track in self._moving)

    def _count(self, seconds: float) -> Counters:
        overflows, drops = proc.listen_counters(self._net)
        used, orphaned = proc.socket_totals(self._net)
        before = self._counters
        self._counters = Counters(
            listen_overflows=overflows,
            listen_drops=drops,
            listen_overflows_per_second=rate(overflows, before.listen_overflows, seconds),
            listen_drops_per_second=rate(drops, before.listen_drops, seconds),
            orphaned=orphaned,
            total=used,
        )
        return self._counters

    def _tell_missing(self, missing: list[Missing]) -> None:
        absent = self._table.absent
        if self._diag is None or "tcp" in absent:
            missing.append(
                Missing(
                    "traffic, round trips and closes of TCP",
                    "this kernel answers no sock_diag for TCP; /proc/net is read instead",
                    "Try: modprobe tcp_diag",
                )
            )
        elif self._events is None:
            missing.append(Missing("sockets that come and go between two samples", "the kernel reports no closes"))
        if self._diag is not None and "unix" in absent:
            missing.append(
                Missing("queues and peers of unix sockets", "no sock_diag for them", "Try: modprobe unix_diag")
            )
        if self._walk.refused and self._unowned:
            missing.append(
                Missing(
                    "owners of some sockets",
                    f"{processes(self._walk.refused)} may not be looked into",
                    "" if is_root() else "Run pitop as root.",
                )
            )


def _remote(tracks: Iterable[Track]) -> set[str]:
    """Addresses at the other end that may have a name."""
    return {
        address
        for track in tracks
        if track.endpoint.remote_port is not None and (address := track.endpoint.remote_address) not in (None, *_LOCAL)
    }
