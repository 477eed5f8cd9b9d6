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

from pitop.model.processes import ProcessKey

__all__ = [
    "About",
    "Flow",
    "Kind",
    "Scope",
    "ScopeError",
    "about_process",
    "members",
    "of_flow",
    "of_host",
    "of_name",
    "of_port",
    "of_process",
    "of_user",
    "parse_scope",
]


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

    `processes` are identities, `pids` pids whose start time is not known. `above` are the identities of their
    ancestors, where the row remembers them: of a life that no sample of all processes saw, nothing else tells them.
    """

    processes: frozenset[ProcessKey] | None = None
    pids: frozenset[int] | None = None
    above: frozenset[ProcessKey] = frozenset()
    users: frozenset[str] | None = None
    addresses: frozenset[str] | None = None
    ports: frozenset[int] | None = None
    names: frozenset[str] | None = None
    flow: Flow | None = None


class ScopeError(ValueError):
    """A scope that cannot be: the message says what would be right."""


class Scope(Struct, frozen=True):
    """What is followed. `label` is how the header shows it; exactly one of the others is set, by `kind`.

    With `descendants` a process's whole subtree is followed; `members` are the identities that it has now, as far as
    they are known, the process itself always among them.
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

    def holds(self, about: About) -> bool | None:
        """Whether a row belongs; None where a row of that sort cannot: the pane then shows all, and says so."""
        match self.kind:
            case Kind.PROCESS:
                return self._holds_process(about)
            case Kind.USER:
                return None if about.users is None else self.user in about.users
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
            return any(pid in about.pids for pid, _ in self.members)
        return False

    def _holds_flow(self, about: About) -> bool | None:
        if about.flow is not None:
            return about.flow == self.flow
        return None

    def _same_name(self, name: str) -> bool:
        """The name itself or one beneath it, in either case (RFC 4343)."""
        mine, other = (self.name or "").lower().rstrip("."), name.lower().rstrip(".")
        return other == mine or other.endswith(f".{mine}")


class Member(Protocol):
    """A process, as far as its place in the family goes."""

    @property
    def key(self) -> ProcessKey:
        """Its identity."""

    @property
    def pid(self) -> int:
        """Its pid."""

    @property
    def ppid(self) -> int:
        """Its parent's pid."""


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


_NAME = re.compile(r"[^\s/]{1,253}")


def parse_scope(text: str) -> tuple[Kind, str]:
    """What `pid:1234`, `user:pi`, `host:192.0.2.1`, `port:53` or `name:example.org` says. Raises ScopeError.

    Which process has the pid, and since when, is for the caller to find out.
    """
    word, colon, value = text.partition(":")
    if not colon or not value:
        raise ScopeError(f"“{text}” is no scope: write pid:N, user:NAME, host:ADDRESS, port:N or name:NAME")
    match word:
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


def of_process(key: ProcessKey, name: str, *, descendants: bool = False) -> Scope:
    """A process, or its subtree."""
    label = f"{name} ({key[0]})" + (" and below" if descendants else "")
    return Scope(Kind.PROCESS, label, process=key, descendants=descendants, members=frozenset({key}))


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
