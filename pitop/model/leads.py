"""Where a row leads: from what it is about to the places in other panes that show more of the same thing.

A pane says what its selected row is (a `Subject`); `leads` tells the places that it leads to, each a `Visit` that the
pane it names understands. So panes know nothing of each other, and a new place is a line in the table here.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from pitop.model.processes import Process, ProcessKey
from pitop.model.scope import About, Flow, Life, Scope, about_process, of_flow, of_host, of_name, of_port, of_process

__all__ = ["NOWHERE", "Lead", "Party", "Sort", "Subject", "Visit", "identified", "leads"]


class Sort(enum.Enum):
    """What sort of row leads somewhere."""

    PROCESS = "process"
    MEMORY = "memory"
    SOCKET = "socket"
    PORT = "port"
    PACKET = "packet"
    ANSWER = "answer"
    QUERY = "query"
    MACHINE = "machine"
    TALK = "talk"
    HAPPENING = "happening"


class Party(Struct, frozen=True):
    """A process that a row names. Without `start_ticks` the pid was its own at `time` (unix seconds; None: now).

    `life` is from when to when it had the pid, where it is known to have ended.
    """

    pid: int
    name: str
    start_ticks: int | None = None
    time: float | None = None
    life: Life | None = None

    @property
    def key(self) -> ProcessKey | None:
        """Its identity, where the start time is known."""
        return None if self.start_ticks is None else (self.pid, self.start_ticks)


class Subject(Struct, frozen=True, kw_only=True):
    """What a row is, as far as that leads anywhere; None and empty are what it has not.

    `addresses` are those of other machines, the likeliest first; `name` is a domain name; `flow` a conversation.
    """

    sort: Sort
    process: Party | None = None
    flow: Flow | None = None
    addresses: tuple[str, ...] = ()
    name: str | None = None
    port: int | None = None


class Visit(Struct, frozen=True, kw_only=True):
    """A place to go to: the pane by its stem, which of its views, and what to do there.

    `scope` is followed from then on, None leaves it as it is; where only a pid is known, `follow` names the process to
    be followed once it is found. `process` is the one to stand on, `ask` what the view is asked: a machine to ping or
    to trace, an address to find the way to, a line for the DNS pane.
    """

    pane: str
    view: str = ""
    scope: Scope | None = None
    follow: Party | None = None
    process: Party | None = None
    ask: str = ""


class Lead(Struct, frozen=True):
    """One place that a row leads to: `key` is the same for the same sort of place, `label` and `words` say it."""

    key: str
    label: str
    words: str
    visit: Visit


def identified(party: Party, rows: Iterable[Process]) -> Process | None:
    """The process that is meant, among those that live and those that ended lately; None where it is not there.

    Where only a pid is known it is who had that pid at the time, never who has it since.
    """
    for row in rows:
        if row.pid != party.pid:
            continue
        if party.key == row.key:
            return row
        if party.key is None and Life(row.key, row.start_time, row.ended_time).held(party.time):
            return row
    return None


def leads(subject: Subject | None, scope: Scope | None = None) -> tuple[Lead, ...]:
    """The places that a row leads to, the likeliest first, while `scope` is followed. None leads nowhere."""
    if subject is None:
        return ()
    return tuple(lead for rule in _RULES[subject.sort] for lead in rule(subject, scope))


NOWHERE: Mapping[str, str] = {
    "process": "No process is known to have it.",
    "packets": "Select a connection that has another side.",
    "trace": "Select a connection that has another side.",
}
"""What is said where a row does not lead to a place that has a key of its own."""

_ONE_NAME = re.compile(r"[^\s@+\-][^\s]{0,253}")

Rule = Callable[[Subject, Scope | None], Iterable[Lead]]


def _following(party: Party, scope: Scope | None) -> tuple[Scope | None, Party | None]:
    """What is to be followed for a process: the scope as it is where that is its subtree already, or who it will be."""
    if party.key is None:
        return None, party
    if scope is not None and scope.process == party.key:
        return scope, None
    return of_process(party.key, party.name, life=party.life), None


def _giving_way(scope: Scope | None, about: About, other: Scope) -> Scope | None:
    """What is to be followed where something is asked for by name: another scope where this one would hide it."""
    return other if scope is not None and scope.holds(about) is False else None


def _called(party: Party) -> str:
    return f"{party.name} ({party.pid})"


def _of_process(key: str, label: str, words: str, pane: str, view: str = "") -> Rule:
    """A place that shows what belongs to the row's process."""

    def rule(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
        party = subject.process
        if party is not None:
            followed, party_followed = _following(party, scope)
            yield Lead(
                key,
                label,
                f"{words} {_called(party)}",
                Visit(pane=pane, view=view, scope=followed, follow=party_followed),
            )

    return rule


def _process(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    """The process itself. A scope that would hide it gives way to it."""
    party = subject.process
    if party is None:
        return
    followed = None
    if party.key is not None:
        followed = _giving_way(scope, about_process(party.key, None), of_process(party.key, party.name))
    yield Lead("process", "Process", _called(party), Visit(pane="processes", scope=followed, process=party))


def _memory(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    party = subject.process
    if party is not None and party.key is not None:
        visit = Visit(pane="memory", view="space", process=party)
        yield Lead("memory", "Memory", f"the address space of {_called(party)}", visit)


def _packets_of_flow(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    if subject.flow is not None:
        followed = of_flow(subject.flow)
        yield Lead("packets", "Packets", f"of {followed.label}", Visit(pane="packets", scope=followed))


def _sockets_of_flow(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    if subject.flow is not None:
        followed = of_flow(subject.flow)
        yield Lead("socket", "Socket", f"of {followed.label}", Visit(pane="sockets", scope=followed))


def _of_port(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    if subject.port is not None:
        followed = of_port(subject.port)
        yield Lead("sockets", "Sockets", f"at {followed.label}", Visit(pane="sockets", scope=followed))
        yield Lead("packets", "Packets", f"of {followed.label}", Visit(pane="packets", scope=followed))


def _sheet(key: str, label: str, words: str) -> Rule:
    """A sheet of the packet pane, on the packet that is selected there."""

    def rule(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
        if subject.flow is not None:
            yield Lead(key, label, words, Visit(pane="packets", view=key))

    return rule


def _of_host(key: str, label: str, words: str, pane: str) -> Rule:
    """A place that shows what belongs to the row's address."""

    def rule(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
        for address in subject.addresses[:1]:
            yield Lead(key, label, f"{words} {address}", Visit(pane=pane, scope=of_host(address)))

    return rule


def _asked(key: str, label: str, words: str, pane: str, view: str, question: str = "{}") -> Rule:
    """A place where something is asked for the row's addresses."""

    def rule(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
        for address in subject.addresses:
            about = About(addresses=frozenset({address}), names=frozenset())
            followed = _giving_way(scope, about, of_host(address))
            visit = Visit(pane=pane, view=view, scope=followed, ask=question.format(address))
            yield Lead(key, label, f"{words} {address}", visit)

    return rule


def _lookup(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    # A name that somebody put on the wire must not be read as a server or an option of the line that asks for it.
    if subject.name is not None and _ONE_NAME.fullmatch(subject.name):
        about = About(addresses=frozenset(), names=frozenset({subject.name}))
        followed = _giving_way(scope, about, of_name(subject.name))
        yield Lead(
            "lookup", "Look up", subject.name, Visit(pane="dns", view="lookup", scope=followed, ask=subject.name)
        )


def _queries_of_name(subject: Subject, scope: Scope | None) -> Iterable[Lead]:
    if subject.name is not None:
        words = f"who asks for {subject.name}"
        yield Lead("queries", "Queries", words, Visit(pane="dns", view="live", scope=of_name(subject.name)))


_sockets = _of_process("sockets", "Sockets", "what is open in", "sockets")
_packets = _of_process("packets-of-process", "Packets", "of", "packets")
_traffic = _of_process("traffic", "Traffic", "whom it talks to:", "traffic")
_timeline = _of_process("timeline", "Timeline", "what happened to", "timeline")
_names = _of_process("names", "Names", "what is looked up by", "dns", "live")
_way = _asked("way", "Way to", "which route is taken to", "network", "routes")
_ping = _asked("ping", "Ping", "whether there is an answer from", "path", "ping")
_trace = _asked("trace", "Trace", "who is on the way to", "path", "trace")
_reverse = _asked("reverse", "Name", "what the DNS calls", "dns", "lookup", "-x {}")
_sockets_of_host = _of_host("sockets", "Sockets", "to", "sockets")
_traffic_of_host = _of_host("traffic-of-host", "Traffic", "which programs talk to", "traffic")
_packets_of_host = _of_host("packets", "Packets", "from and to", "packets")
_stream = _sheet("stream", "Stream", "what both sides said")
_ladder = _sheet("ladder", "Ladder", "the conversation as arrows between two hosts")

_RULES: Mapping[Sort, tuple[Rule, ...]] = {
    Sort.PROCESS: (_sockets, _packets, _names, _traffic, _timeline, _memory),
    Sort.MEMORY: (_process, _sockets, _packets, _names, _traffic, _timeline),
    Sort.SOCKET: (
        _process, _packets_of_flow, _way, _ping, _trace, _reverse, _sockets, _packets, _names, _of_port, _traffic,
        _timeline,
    ),
    Sort.PORT: (_of_port,),
    Sort.PACKET: (_stream, _ladder, _process, _sockets, _sockets_of_flow, _lookup, _reverse, _timeline),
    Sort.ANSWER: (
        _sockets_of_host, _traffic_of_host, _ping, _trace, _packets_of_host, _way, _reverse, _lookup, _queries_of_name,
    ),
    Sort.QUERY: (_process, _packets_of_flow, _sockets, _sockets_of_host, _lookup, _queries_of_name, _timeline),
    Sort.MACHINE: (_sockets_of_host, _traffic_of_host, _ping, _trace, _reverse, _packets_of_host, _way),
    Sort.TALK: (
        _process, _sockets, _packets_of_host, _ping, _trace, _way, _names, _lookup, _queries_of_name, _reverse,
        _timeline,
    ),
    Sort.HAPPENING: (
        _process, _sockets_of_flow, _packets_of_flow, _sockets, _packets, _names, _lookup, _queries_of_name, _ping,
        _trace, _reverse, _timeline,
    ),
}  # fmt: skip
