"""The row that two readings of a socket make, and the snapshot of all."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pitop.model.actions import Action
from pitop.model.processes import ProcessKey
from pitop.model.rates import rate
from pitop.model.snapshot import Snapshot
from pitop.model.sockets.endpoint import Endpoint, EndpointKey

__all__ = [
    "HISTORY",
    "AskSockets",
    "CloseSocket",
    "Counters",
    "Holder",
    "Owner",
    "Socket",
    "SocketsSnapshot",
    "State",
    "settled",
    "socket_row",
]

HISTORY = 24
"""How many samples of a socket's rate are remembered."""

Holder = Literal["process", "none", "kernel", "hidden", "sought", "unseen"]
"""Who has a socket open.

process: those in `owners`. none: it is out of every program's hands, the kernel finishes it by itself (TIME_WAIT,
an orphan) or has not handed it out yet (SYN_RECV). kernel: every process was looked at and none has it. hidden:
some processes may not be looked at. sought: it is still being looked for. unseen: it was closed before anybody looked.
"""


class AskSockets(Struct, frozen=True):
    """What is wanted beyond the usual: other network namespaces, names of remote hosts, reference counts of unix
    sockets (netstat prints them; they need another read)."""

    namespaces: bool = False
    names: bool = False
    references: bool = False


class CloseSocket(Action, frozen=True):
    """Close a TCP or UDP socket, whoever has it open: its program sees ECONNABORTED, the peer a reset."""

    endpoint: Endpoint


class Owner(Struct, frozen=True, gc=False):
    """A process that has a socket open: its pid, start time in ticks (None: it ended while being read), name."""

    pid: int
    start_ticks: int | None
    name: str

    @property
    def key(self) -> ProcessKey | None:
        """The process's identity, where its start time is known."""
        return None if self.start_ticks is None else (self.pid, self.start_ticks)


class Socket(Struct, frozen=True, gc=False):
    """One socket as panes and commands show it. None is what is not known, or needs a second sample.

    `former` had it open before it was closed. `peers` are the processes at the other end of a unix socket, and
    `remote_name` is the path of that end; of an Internet socket it is the remote host's name. `service` is the name
    of the port that the socket is about. `history` holds the newest rates, both ways together, oldest first; it is
    empty while nothing moved. `first_seen` and `closed_time` are unix seconds; the first is None for what was there
    when looking began, the second for what lives. `namespace` is empty for the network namespace that is looked from.
    """

    endpoint: Endpoint
    user: str | None = None
    holder: Holder = "unseen"
    owners: tuple[Owner, ...] = ()
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
    history: tuple[float, ...] = ()
    first_seen: float | None = None
    closed_time: float | None = None
    namespace: str = ""
    remote_name: str | None = None
    service: str | None = None
    former: tuple[Owner, ...] = ()
    peers: tuple[Owner, ...] = ()

    @property
    def key(self) -> EndpointKey:
        """The socket's identity."""
        return self.endpoint.key

    @property
    def age_seconds(self) -> float | None:
        """How long a closed socket was seen to live."""
        if self.closed_time is None or self.first_seen is None:
            return None
        return self.closed_time - self.first_seen


class Counters(Struct, frozen=True):
    """What the machine counted for all sockets (/proc/net/netstat TcpExt, /proc/net/sockstat), with growth a second."""

    listen_overflows: int | None = None
    listen_drops: int | None = None
    listen_overflows_per_second: float | None = None
    listen_drops_per_second: float | None = None
    orphaned: int | None = None
    total: int | None = None


class State(Struct, frozen=True, gc=False):
    """How many sockets of a protocol are in a state."""

    protocol: str
    state: str
    count: int

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by."""
        return (self.protocol, self.state)


class SocketsSnapshot(Snapshot, frozen=True, kw_only=True):
    """Every socket at one moment; `closed` are those that closed lately, newest first.

    `states` counts the rows, and the rates are sums over them.
    `from_tables` names the protocols that came from /proc/net, with less to tell, as the kernel has no sock_diag for
    them. `own_session` are the sockets that carry the viewer's own SSH session, `viewers` the pids of the
    viewer and its parents, nearest first. `can_close` tells whether kernel and
    user can close sockets of others (SOCK_DESTROY). `events` tells whether every close is reported by the
    kernel; without, sockets that came and went between two samples are not seen.
    """

    rows: tuple[Socket, ...]
    states: tuple[State, ...]
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
    closed: tuple[Socket, ...] = ()
    counters: Counters = Counters()
    own_session: frozenset[EndpointKey] = frozenset()
    viewers: tuple[int, ...] = ()
    can_close: bool = False
    events: bool = False
    namespaces: tuple[str, ...] = ()
    from_tables: tuple[str, ...] = ()


def _sent(endpoint: Endpoint) -> int | None:
    tcp = endpoint.tcp
    if tcp is None:
        return None
    return tcp.bytes_sent if tcp.bytes_sent is not None else tcp.bytes_acked


def socket_row(
    endpoint: Endpoint,
    last: Socket | None,
    seconds: float,
    *,
    user: str | None,
    holder: Holder,
    owners: tuple[Owner, ...],
    first_seen: float | None,
    namespace: str = "",
    service: str | None = None,
    remote_name: str | None = None,
    former: tuple[Owner, ...] = (),
    peers: tuple[Owner, ...] = (),
) -> Socket:
    """The row of `endpoint`, with rates against `last`, read `seconds` before."""
    received = sent = None
    history: tuple[float, ...] = ()
    if last is not None and endpoint.tcp is not None and last.endpoint.tcp is not None:
        received = rate(endpoint.tcp.bytes_received, last.endpoint.tcp.bytes_received, seconds)
        sent = rate(_sent(endpoint), _sent(last.endpoint), seconds)
        moved = (received or 0.0) + (sent or 0.0)
        history = (*last.history[1 - HISTORY :], moved) if moved or last.history else ()
        if not any(history):
            history = ()
    return Socket(
        endpoint=endpoint,
        user=user,
        holder=holder,
        owners=owners,
        received_bytes_per_second=received,
        sent_bytes_per_second=sent,
        history=history,
        first_seen=first_seen,
        namespace=namespace,
        remote_name=remote_name,
        service=service,
        former=former,
        peers=peers,
    )


def settled(row: Socket) -> bool:
    """Whether the same reading once more would make the same row."""
    if row.history or row.received_bytes_per_second or row.sent_bytes_per_second:
        return False
    tcp = row.endpoint.tcp
    return tcp is None or row.received_bytes_per_second is not None or tcp.bytes_received is None
