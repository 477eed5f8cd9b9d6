"""The scope: the one thing that is followed through every pane.

A scope is a process (with or without its descendants), a user, an address, a port, a name, or a flow. A pane says what
each of its rows is about; the scope answers whether that belongs. Nothing else passes between panes.
"""

from __future__ import annotations

import enum
import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from pitop.model.processes import ProcessKey

__all__ = [
    "CLOCKS",
    "About",
    "Flow",
    "Kind",
    "Life",
    "Scope",
    "ScopeError",
    "about_process",
    "emptiness",
    "made_scope",
    "members",
    "of_flow",
    "of_host",
    "of_name",
    "of_port",
    "of_process",
    "of_user",
    "parse_scope",
    "pid_scope",
    "renewed",
    "written",
]

CLOCKS = 1.0
"""Seconds by which a start time in unix seconds may be wrong: the boot time is told in whole ones."""

_MOST_LIVES = 4000  # processes that a scope remembers; beyond them, those that ended first are forgotten


class Kind(enum.Enum):
    """What kind of thing is followed; the value is how a command line writes it."""

    PROCESS = "pid"
    USER = "user"
    HOST = "host"
    PORT = "port"
    NAME = "name"
    FLOW = "flow"


class Flow(Struct, frozen=True, gc=False):
    """The two ends of a conversation, in order, so that both directions are the same flow."""

    protocol: str
    ends: tuple[tuple[str, int], tuple[str, int]]

    @classmethod
    def between(cls, protocol: str, one: tuple[str, int], other: tuple[str, int]) -> Flow:
        """The flow between two (address, port) ends."""
        first, second = sorted((one, other))
        return cls(protocol, (first, second))


class About(Struct, frozen=True, gc=False):
    """What a row is about. None: this row has nothing of the kind. Empty: it has, but whose is not known.

    `processes` are identities, `pids` pids whose start time is not known, as they were at `time` (unix seconds; None:
    they are so now). `above` are the identities of their ancestors, where the row remembers them: of a life that no
    sample of all processes saw, nothing else tells them.
    """

    processes: frozenset[ProcessKey] | None = None
    pids: frozenset[int] | None = None
    above: frozenset[ProcessKey] = frozenset()
    users: frozenset[str] | None = None
    addresses: frozenset[str] | None = None
    ports: frozenset[int] | None = None
    names: frozenset[str] | None = None
    flow: Flow | None = None
    time: float | None = None


class Life(Struct, frozen=True, gc=False):
    """From when to when a process had its pid, in unix seconds; `ended` is None while it lives.

    Where both are the same it was gone before anybody saw it: then nothing is known to have been its own.
    """

    key: ProcessKey
    began: float
    ended: float | None = None

    def held(self, time: float | None) -> bool:
        """Whether it had its pid at a time; None is now."""
        if time is None:
            return self.ended is None
        if self.ended == self.began:
            return False
        return self.began - CLOCKS <= time and (self.ended is None or time <= self.ended)


class ScopeError(ValueError):
    """A scope that cannot be: the message says what would be right."""


class Scope(Struct, frozen=True):
    """What is followed. `label` is how the header shows it; exactly one of the others is set, by `kind`.

    With `descendants` a process's whole subtree is followed; `members` are the identities that it has now, as far as
    they are known, the process itself always among them. Of a user they are the processes that were seen of it. `lives`
    tells when the members had their pids, by pid, as far as that was seen; see `renewed`.
    """

    kind: Kind
    label: str
    process: ProcessKey | None = None
    descendants: bool = False
    members: frozenset[ProcessKey] = frozenset()
    user: str | None = None
    address: str | None = None
    port: int | None = None
    name: str | None = None
    flow: Flow | None = None
    lives: tuple[Life, ...] = ()

    @property
    def ended_time(self) -> float | None:
        """When the process ended, of a subtree its last member, in unix seconds; None while something of it lives."""
        ends = [life.ended for life in self.lives]
        if self.process is None or not ends or len(ends) < len(self.members):
            return None
        return None if None in ends else max(end for end in ends if end is not None)

    def holds(self, about: About) -> bool | None:
        """Whether a row belongs; None where a row of that sort cannot: the pane then shows all, and says so."""
        match self.kind:
            case Kind.PROCESS:
                return self._holds_process(about)
            case Kind.USER:
                return self._holds_process(about) if about.users is None else self.user in about.users
            case Kind.HOST:
                return None if about.addresses is None else self.address in about.addresses
            case Kind.PORT:
                return None if about.ports is None else self.port in about.ports
            case Kind.NAME:
                return None if about.names is None else any(self._same_name(name) for name in about.names)
            case Kind.FLOW:
                return self._holds_flow(about)

    def _holds_process(self, about: About) -> bool | None:
        if about.processes is None and about.pids is None:
            return None
        if about.processes and not self.members.isdisjoint(about.processes):
            return True
        if self.descendants and self.process in about.above:
            return True
        if about.pids:
            return any(self._had(pid, about.time) for pid in about.pids)
        return False

    def _had(self, pid: int, time: float | None) -> bool:
        """Whether the pid was a member's at a time. One whose life was not seen yet is taken to live."""
        known = [life for life in self.lives if life.key[0] == pid]
        if known:
            return any(life.held(time) for life in known)
        return any(member == pid for member, _ in self.members)

    def _holds_flow(self, about: About) -> bool | None:
        if about.flow is not None:
            return about.flow == self.flow
        return None

    def _same_name(self, name: str) -> bool:
        """The name itself or one beneath it, in either case (RFC 4343)."""
        mine, other = (self.name or "").lower().rstrip("."), name.lower().rstrip(".")
        return other == mine or other.endswith(f".{mine}")


class Member(Protocol):
    """A process, as far as its place in the family and its life go."""

    @property
    def key(self) -> ProcessKey:
        """Its identity."""

    @property
    def pid(self) -> int:
        """Its pid."""

    @property
    def ppid(self) -> int:
        """Its parent's pid."""


class Living(Member, Protocol):
    """A process with what tells its life."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def user(self) -> str | None:
        """Whose it is."""

    @property
    def start_time(self) -> float:
        """When it began, in unix seconds."""

    @property
    def ended_time(self) -> float | None:
        """When it ended; None while it lives."""


def members(root: ProcessKey, before: Iterable[ProcessKey], rows: Sequence[Member]) -> frozenset[ProcessKey]:
    """The subtree of `root` among `rows`, and whoever belonged `before`: children stay when their parent has ended."""
    kept = {root, *before}
    pids = {row.pid for row in rows if row.key in kept}
    children: dict[int, list[Member]] = {}
    for row in rows:
        children.setdefault(row.ppid, []).append(row)
    stack = list(pids)
    while stack:
        for child in children.get(stack.pop(), ()):
            if child.key not in kept:
                kept.add(child.key)
                stack.append(child.pid)
    return frozenset(kept)


def renewed(scope: Scope, rows: Sequence[Living], ended: Iterable[Living], time: float) -> Scope:
    """The scope as it stands at a sample of all processes: who belongs to it now, and who of them has ended.

    `ended` are those that ended lately, `time` is that of the sample in unix seconds. The same object where nothing has
    changed.
    """
    ended = tuple(ended)
    match scope.kind:
        case Kind.PROCESS:
            known = scope.members
            if scope.process is not None and scope.descendants:
                known = _with_ended(members(scope.process, known, rows), rows, ended)
        case Kind.USER:
            known = scope.members | {row.key for row in rows if row.user == scope.user}
        case _:
            return scope
    living = {row.key: row.start_time for row in rows}
    ends = {row.key: (row.start_time, row.ended_time) for row in ended}
    before = {life.key: life for life in scope.lives}
    lives = []
    for key in known:
        life = before.get(key)
        if key in living:
            life = life if life is not None and life.ended is None else Life(key, living[key])
        elif key in ends:
            life = (
                life if life is not None and life.ended is not None else Life(key, ends[key][0], ends[key][1] or time)
            )
        elif life is None:
            life = Life(key, time, time)
        elif life.ended is None:
            life = Life(key, life.began, time)
        lives.append(life)
    if len(lives) > _MOST_LIVES:
        lives.sort(key=lambda life: (life.ended is None, life.ended or 0.0, life.key))
        over = sum(life.ended is not None for life in lives[: len(lives) - _MOST_LIVES])
        del lives[:over]
        known = frozenset(life.key for life in lives)
    lives.sort(key=lambda life: life.key)
    if known == scope.members and tuple(lives) == scope.lives:
        return scope
    return replace(scope, members=frozenset(known), lives=tuple(lives))


def _with_ended(known: frozenset[ProcessKey], rows: Iterable[Living], ended: Iterable[Living]) -> frozenset[ProcessKey]:
    """The members, and those of the `ended` that a member had started; never by a pid that was another's by then."""
    holders: dict[int, list[ProcessKey]] = {}
    for row in (*rows, *ended):
        holders.setdefault(row.pid, []).append(row.key)
    for row in sorted(ended, key=lambda row: row.key[1]):
        before = [key for key in holders.get(row.ppid, ()) if key[1] <= row.key[1]]
        if before and max(before, key=lambda key: key[1]) in known:
            known |= {row.key}
    return known


def emptiness(scope: Scope, now: float) -> str:
    """Why a view that the scope narrows is empty, in words. `now` is in unix seconds."""
    ended = scope.ended_time
    if ended is None:
        return f"nothing here belongs to {scope.label}"
    return f"nothing is left here: {scope.label} ended {_ago(now - ended)} ago"


def _ago(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"


_NAME = re.compile(r"[^\s/]{1,253}")


def parse_scope(text: str) -> tuple[Kind, str]:
    """What `pid:1234`, `user:pi`, `host:192.0.2.1`, `port:53` or `name:example.org` says. Raises ScopeError.

    `pid:1234+` is the process with all that is below it: its value keeps the sign. Which process has the pid, and since
    when, is for the caller to find out.
    """
    word, colon, value = text.partition(":")
    if not colon or not value:
        raise ScopeError(f"“{text}” is no scope: write pid:N, pid:N+, user:NAME, host:ADDRESS, port:N or name:NAME")
    match word:
        case "pid" if value.endswith("+") and not value.endswith("++"):
            _, value = parse_scope(text[:-1])
            return Kind.PROCESS, f"{value}+"
        case "pid" | "port":
            if not value.isascii() or not value.isdigit() or len(value) > 7:
                raise ScopeError(f"{word}: takes a number")
            if word == "port" and not 0 < int(value) < 65536:
                raise ScopeError("port: takes a number from 1 to 65535")
            return Kind(word), value
        case "host":
            try:
                return Kind.HOST, str(ipaddress.ip_address(value))
            except ValueError:
                raise ScopeError(f"host: takes an address, and “{value}” is none; for a name write name:NAME") from None
        case "user":
            return Kind.USER, value
        case "name":
            if _NAME.fullmatch(value) is None:
                raise ScopeError(f"name: takes a domain name, and “{value}” is none")
            return Kind.NAME, value
    raise ScopeError(f"there is no scope “{word}:”; there are pid:, user:, host:, port: and name:")


def made_scope(kind: Kind, value: str) -> Scope:
    """The scope that `parse_scope` read. Raises ScopeError for a process: see `pid_scope`."""
    match kind:
        case Kind.USER:
            return of_user(value)
        case Kind.HOST:
            return of_host(value)
        case Kind.PORT:
            return of_port(int(value))
        case Kind.NAME:
            return of_name(value)
    raise ScopeError(f"{kind.value}: cannot be written on a command line")


def pid_scope(text: str, rows: Iterable[Living]) -> Scope | None:
    """The scope of who has the pid `text` now (`1234`, or `1234+` for its subtree); None where nobody has it."""
    pid = int(text.removesuffix("+"))
    row = next((row for row in rows if row.pid == pid and row.ended_time is None), None)
    return None if row is None else of_process(row.key, row.name, descendants=text.endswith("+"))


def written(scope: Scope | None) -> str:
    """A scope as `parse_scope` reads it; empty for none, and for a flow, which cannot be typed."""
    if scope is None or scope.kind is Kind.FLOW:
        return ""
    if scope.process is not None:
        return f"pid:{scope.process[0]}" + "+" * scope.descendants
    return f"{scope.kind.value}:{scope.user or scope.address or scope.port or scope.name}"


def of_process(key: ProcessKey, name: str, *, descendants: bool = False, life: Life | None = None) -> Scope:
    """A process, or its subtree; `life` is its own, where that is known to be over."""
    label = f"{name} ({key[0]})" + (" and below" if descendants else "")
    lives = () if life is None else (life,)
    return Scope(Kind.PROCESS, label, process=key, descendants=descendants, members=frozenset({key}), lives=lives)


def of_user(name: str) -> Scope:
    """A user."""
    return Scope(Kind.USER, f"user {name}", user=name)


def of_host(address: str) -> Scope:
    """An address."""
    return Scope(Kind.HOST, address, address=address)


def of_port(port: int) -> Scope:
    """A port, at either end."""
    return Scope(Kind.PORT, f"port {port}", port=port)


def of_name(name: str) -> Scope:
    """A domain name, and what is beneath it."""
    return Scope(Kind.NAME, name, name=name)


def of_flow(flow: Flow) -> Scope:
    """A conversation."""
    (one, port), (other, other_port) = flow.ends
    return Scope(Kind.FLOW, f"{flow.protocol} {one}:{port} - {other}:{other_port}", flow=flow)


def about_process(key: ProcessKey, user: str | None) -> About:
    """What a row of a process is about."""
    return About(processes=frozenset({key}), users=frozenset() if user is None else frozenset({user}))
