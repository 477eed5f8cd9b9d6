"""Makes one list of what happened out of the snapshots of several topics."""

from __future__ import annotations

from bisect import insort
from collections.abc import Hashable
from typing import Any

from msgspec.structs import replace

from pitop.model.actions import Performed
from pitop.model.events import EventKind, EventsSnapshot, ProcessEvent
from pitop.model.processes import Process, ProcessesSnapshot, ProcessKey
from pitop.model.signals import SendSignal, SignalOutcome
from pitop.model.sockets import CloseSocket, Socket, SocketsSnapshot, Tcp
from pitop.model.target import Target
from pitop.model.timeline.happening import Happening, Kind
from pitop.model.timeline.lives import Life, Lives
from pitop.model.traffic import End, Talk, TrafficSnapshot

__all__ = ["Recorder"]

_MOST = 5_000  # lines that are kept
_PATIENCE = 2.5  # seconds that a socket's line waits for its owner, or for the packet that opened it
_MINOR = 10_000.0  # minor faults within _SPAN that make a burst: 40 MB of memory touched for the first time
_MAJOR = 20.0  # major faults within it that make one: each waits for the disk
_SPAN = (1.0, 2.0)  # seconds, shortest and longest: what lies between two samples, which may be every other turn's only
_OVER = 0.5  # a burst is over below this part of that

_Ends = tuple[str, End, End]
"""Transport, the end here, the end there."""


class Recorder:
    """Takes in snapshots as they come; the lines are bounded, the oldest go first."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._count = 0
        self.forgotten = 0
        self._rows: dict[int, Happening] = {}
        self._order: list[tuple[float, int]] = []
        self._told: tuple[Happening, ...] | None = None
        self._lives = Lives()
        self._events = 0
        self._bursts: set[ProcessKey] = set()
        self._sampled: tuple[Process, ...] = ()
        self._sample_time: float | None = None
        self._sockets: set[Hashable] | None = None  # those that are known; None before the first sample
        self._opened: dict[_Ends, tuple[Life | None, bool]] = {}  # open connections: whose, and whether they came in
        self._waiting: dict[Hashable, tuple[Socket, float]] = {}
        self._closed: dict[Hashable, None] = {}  # those that were told, in their order
        self._over: dict[_Ends, tuple[float, int]] = {}  # when connections closed, and the line that says so
        self._talks: set[int] = set()
        self._asked: set[Hashable] = set()
        self._capturing = False

    def rows(self) -> tuple[Happening, ...]:
        """All lines, newest first; the same object while nothing happens."""
        if self._told is None:
            self._told = tuple(self._rows[number] for _, number in reversed(self._order))
        return self._told

    # --- processes

    def take_processes(self, snapshot: ProcessesSnapshot) -> None:
        """A sample of all processes: identities, and bursts of faults."""
        for life in self._lives.seen(snapshot.rows):
            self._identified(life)
        before, self._sampled = set(map(id, self._sampled)), snapshot.rows
        shortest, longest = _SPAN
        since = snapshot.time if self._sample_time is None else self._sample_time
        seconds = min(longest, max(shortest, snapshot.time - since))
        self._sample_time = snapshot.time
        for row in snapshot.rows:
            if id(row) in before:
                continue  # it is at rest
            minor, major = row.minor_faults_per_second, row.major_faults_per_second
            if minor is None or major is None:
                continue
            minors, majors = minor * seconds, major * seconds
            if minors < _MINOR and majors < _MAJOR:
                if row.key in self._bursts and minors < _OVER * _MINOR and majors < _OVER * _MAJOR:
                    self._bursts.discard(row.key)
            elif row.key not in self._bursts:
                self._bursts.add(row.key)
                self._burst(row, snapshot.time)
        if self._bursts:
            self._bursts &= {row.key for row in snapshot.rows}

    def _burst(self, row: Process, time: float) -> None:
        self._add(
            Kind.FAULTS,
            time,
            self._lives.of(row.pid),
            minor_faults_per_second=row.minor_faults_per_second,
            major_faults_per_second=row.major_faults_per_second,
            row=row.key,
        )

    def take_events(self, snapshot: EventsSnapshot) -> None:
        """Forks, execs and exits since the snapshot before."""
        count = snapshot.forks + snapshot.execs + snapshot.exits
        fresh = count - self._events
        self._events = count
        exact = {(each.pid, each.ended_time): each.key for each in snapshot.ended}
        for event in snapshot.events[-fresh:] if fresh > 0 else ():
            match event.kind:
                case EventKind.FORK:
                    self._forked(event)
                case EventKind.EXEC:
                    life = self._lives.of(event.pid)
                    life.name = event.name or life.name
                    self._add(Kind.EXEC, event.time, life, ppid=event.ppid, command=event.command)
                case EventKind.EXIT:
                    self._exited(event, exact.get((event.pid, event.time)))

    def _forked(self, event: ProcessEvent) -> None:
        life = self._lives.born(event.pid, event.ppid, event.time, event.name)
        self._add(Kind.FORK, event.time, life, ppid=event.ppid, command=event.command, parent=life.parent)

    def _exited(self, event: ProcessEvent, key: ProcessKey | None) -> None:
        life = self._lives.of(event.pid)
        if key is not None and key[1] and key not in life.keys:
            life.keys |= {key}
            self._identified(life)
        final = event.final
        self._add(
            Kind.EXIT,
            event.time,
            life,
            ppid=event.ppid,
            command=event.command,
            ending=event.ending,
            lived_seconds=event.lived_seconds,
            cpu_seconds=None if final is None else final.cpu_seconds,
            max_rss_bytes=None if final is None else final.max_rss_bytes,
            row=key,
        )

    # --- the network

    def take_traffic(self, snapshot: TrafficSnapshot) -> None:
        """Conversations that began, and questions that were answered or were not in time."""
        self._capturing = snapshot.running
        for talk in reversed(snapshot.talks):
            if talk.number in self._talks or (talk.sought and snapshot.time - talk.began < _PATIENCE):
                continue
            self._talks.add(talk.number)
            if talk.protocol in ("DNS", "mDNS"):
                continue  # the question tells it
            for which, here in enumerate((talk.a_here, talk.b_here)):
                if here:
                    self._began(talk, incoming=which == 1)
        if len(self._talks) > 2 * len(snapshot.talks) + 1000:
            self._talks &= {talk.number for talk in snapshot.talks}
        for query in reversed(snapshot.queries):
            if query.key in self._asked or (query.status is None and not query.unanswered):
                continue
            self._asked.add(query.key)
            life = None
            if query.pid is not None:
                life = self._lives.of(query.pid)
                if query.start_ticks is not None:
                    key = (query.pid, query.start_ticks)
                    if key not in life.keys and not life.keys:
                        life.keys = frozenset({key})
                        self._identified(life)
                life.name = life.name or query.process
            self._add(
                Kind.ASKED,
                query.time,
                life,
                here=(query.client, 0),
                there=(query.server, 53),
                asked_name=query.name,
                asked_type=query.type,
                status=query.status,
                answer=query.data,
                ms=query.ms,
                tries=query.tries,
                row=query.key,
            )
        if len(self._asked) > 2 * len(snapshot.queries) + 1000:
            self._asked &= {query.key for query in snapshot.queries}

    def _began(self, talk: Talk, *, incoming: bool) -> None:
        here, there = (talk.b, talk.a) if incoming else (talk.a, talk.b)
        ends = (talk.transport, here, there)
        if ends in self._opened:
            return
        owner = talk.b_owner if incoming else talk.a_owner
        life = None
        if owner is not None:
            life = self._lives.owner(owner)
            self._identified(life)
        over = self._over.get(ends)
        if over is None or over[0] < talk.began:
            self._now_open(ends, life, incoming=incoming)
        else:
            self._belongs(over[1], life, incoming=incoming)
        self._add(Kind.OPENED, talk.began, life, transport=talk.transport, here=here, there=there, incoming=incoming)

    def take_sockets(self, snapshot: SocketsSnapshot) -> None:
        """Connections that opened without a packet seen, listeners, and what was closed, with its last counters."""
        rows: dict[Hashable, Socket] = {row.key: row for row in snapshot.rows if row.endpoint.unix is None}
        listeners = {row.endpoint.local_port for row in rows.values() if row.endpoint.state == "LISTEN"}
        if self._sockets is None:
            for row in rows.values():
                if (ends := _ends(row)) is not None:
                    self._now_open(ends, self._holder(row), incoming=row.endpoint.local_port in listeners)
        else:
            for key, row in rows.items():
                if key not in self._sockets and row.endpoint.state not in ("TIME_WAIT", "SYN_RECV"):
                    self._waiting[key] = (row, snapshot.time)
        self._sockets = set(rows)
        for waiting, (first, since) in list(self._waiting.items()):
            row = rows.get(waiting, first)
            patient = snapshot.time - since < _PATIENCE
            if patient and (row.holder == "sought" or (self._capturing and _ends(row) is not None)):
                continue
            del self._waiting[waiting]
            self._found_open(row, since, incoming=row.endpoint.local_port in listeners)
        for closed in reversed(snapshot.closed):
            if closed.key not in self._closed:
                self._closed[closed.key] = None
                self._found_closed(closed, snapshot.time, incoming=closed.endpoint.local_port in listeners)
        while len(self._closed) > 2 * len(snapshot.closed) + 1000:
            del self._closed[next(iter(self._closed))]

    def _found_open(self, row: Socket, since: float, *, incoming: bool) -> None:
        ends = _ends(row)
        end = row.endpoint
        if ends is not None:
            if ends in self._opened:
                return
            self._now_open(ends, self._holder(row), incoming=incoming)
        elif end.state != "LISTEN":
            return  # a UDP socket is bound for each question that is asked: the question tells it
        here = (end.local_address or "", end.local_port or 0)
        life = self._holder(row)
        self._add(
            Kind.OPENED,
            row.first_seen or since,
            life,
            user=row.user,
            transport=end.transport,
            here=here,
            there=None if ends is None else ends[2],
            incoming=incoming and ends is not None,
            row=row.key,
        )

    def _found_closed(self, row: Socket, now: float, *, incoming: bool) -> None:
        ends, end = _ends(row), row.endpoint
        if ends is None:
            if end.tcp is None or end.state != "LISTEN":
                return
        elif end.transport != "tcp" and ends not in self._opened:
            return
        life = self._holder(row)
        opened = None if ends is None else self._opened.pop(ends, None)
        if opened is not None:
            life, incoming = life or opened[0], opened[1]
        waited = self._waiting.pop(row.key, None)
        if waited is not None and opened is None and ends is not None and life is not None:
            self._add(
                Kind.OPENED, row.first_seen or waited[1], life, transport=end.transport, here=ends[1], there=ends[2],
                incoming=incoming, row=row.key,
            )  # fmt: skip
        tcp = end.tcp
        if ends is not None:
            self._over[ends] = (row.closed_time or now, self._count + 1)
            while len(self._over) > _MOST:
                del self._over[next(iter(self._over))]
        self._add(
            Kind.CLOSED,
            row.closed_time or now,
            life,
            user=row.user,
            transport=end.transport,
            here=(end.local_address or "", end.local_port or 0),
            there=None if ends is None else ends[2],
            incoming=incoming,
            received_bytes=None if tcp is None else tcp.bytes_received,
            sent_bytes=None if tcp is None else _payload_sent(tcp),
            retransmits=None if tcp is None else tcp.retransmits,
            lived_seconds=row.age_seconds,
            row=row.key,
        )

    def _now_open(self, ends: _Ends, life: Life | None, *, incoming: bool) -> None:
        self._opened.pop(ends, None)
        self._opened[ends] = (life, incoming)
        while len(self._opened) > 4 * _MOST:
            del self._opened[next(iter(self._opened))]

    def _holder(self, row: Socket) -> Life | None:
        owners = row.owners or row.former
        if not owners:
            return None
        life = self._lives.owner(owners[0])
        self._identified(life)
        return life

    # --- what was done from here

    def take_performed(self, performed: Performed) -> None:
        """A signal that was sent, a socket that was closed, anything else that was done to a process."""
        action, outcome = performed.action, performed.outcome
        if isinstance(action, SendSignal) and isinstance(outcome, SignalOutcome):
            for reply in outcome.replies:
                self._done_to(reply.target, performed.time, SignalOutcome.of(action.number, (reply,)).message)
        elif isinstance(action, CloseSocket):
            end = action.endpoint
            near = (end.local_address or "", end.local_port or 0)
            there = None if end.remote_port is None else (end.remote_address or "", end.remote_port)
            life, _ = self._opened.get((end.transport, near, there or ("", 0)), (None, False))
            self._add(
                Kind.SIGNAL, performed.time, life, transport=end.transport, here=near, there=there,
                words=outcome.message,
            )  # fmt: skip
        else:
            target = getattr(action, "target", None)
            if isinstance(target, Target):
                self._done_to(target, performed.time, outcome.message)

    def _done_to(self, target: Target, time: float, words: str) -> None:
        life = self._lives.of(target.pid)
        if target.key not in life.keys:
            life = Life(target.pid, None, target.name)
            life.keys = frozenset({target.key})
        self._add(Kind.SIGNAL, time, life, words=words, row=target.key)

    # --- lines

    def _add(self, kind: Kind, time: float, life: Life | None, **values: Any) -> None:
        self._count += 1
        number = self._count
        if life is not None:
            self._identified(life)
            life.lines.append(number)
            values["pid"], values["name"], values["keys"], values["above"] = life.pid, life.name, life.keys, life.above
            values["user"] = values.get("user") or life.user
        self._rows[number] = Happening(number=number, kind=kind, time=time, **values)
        insort(self._order, (time, number))
        self._told = None
        while len(self._order) > self._most:
            _, oldest = self._order.pop(0)
            del self._rows[oldest]
            self.forgotten += 1

    def _belongs(self, number: int, life: Life | None, *, incoming: bool) -> None:
        """Which way a closed connection was opened, and whose it was, has been found after its line was made."""
        line = self._rows.get(number)
        if line is None:
            return
        line = replace(line, incoming=incoming)
        if line.pid is None and life is not None:
            life.lines.append(number)
            line = replace(
                line, pid=life.pid, name=life.name, keys=life.keys, above=life.above, user=line.user or life.user
            )
        self._rows[number] = line
        self._told = None

    def _identified(self, life: Life) -> None:
        """More is known of a life now: its lines say so."""
        lines = life.lines
        while lines and lines[0] not in self._rows:
            lines.pop(0)  # forgotten
        if not lines or (self._rows[lines[0]].keys, self._rows[lines[0]].above) == (life.keys, life.above):
            return
        self._told = None
        lines[:] = [number for number in lines if number in self._rows]
        for number in life.lines:
            self._rows[number] = replace(
                self._rows[number], keys=life.keys, above=life.above, user=self._rows[number].user or life.user
            )


def _ends(row: Socket) -> _Ends | None:
    """The ends of a connection; None of what has no other side."""
    end = row.endpoint
    if end.transport not in ("tcp", "udp", "udplite") or end.remote_port in (None, 0):
        return None
    return (
        end.transport,
        (end.local_address or "", end.local_port or 0),
        (end.remote_address or "", end.remote_port or 0),
    )


def _payload_sent(tcp: Tcp) -> int | None:
    """Bytes that the program sent: the kernel counts those that were sent again once more (tcp_info, RFC 4898)."""
    if tcp.bytes_sent is None:
        return tcp.bytes_acked
    return tcp.bytes_sent - (tcp.bytes_retransmitted or 0)
