"""Sockets: readings, rows, and ways to look at many of them. Pure: nothing here touches the system."""

from __future__ import annotations

from pitop.model.sockets.endpoint import TCP_STATES, Endpoint, EndpointKey, Family, Tcp, Unix
from pitop.model.sockets.rows import (
    HISTORY,
    AskSockets,
    CloseSocket,
    Counters,
    Holder,
    Owner,
    Socket,
    SocketsSnapshot,
    State,
    settled,
    socket_row,
)
from pitop.model.sockets.session import own_session
from pitop.model.sockets.views import (
    Group,
    Opening,
    Reach,
    by_local_port,
    by_process,
    by_remote_address,
    by_state,
    openings,
    other_end,
    reach,
    summary,
)

__all__ = [
    "HISTORY",
    "TCP_STATES",
    "AskSockets",
    "CloseSocket",
    "Counters",
    "Endpoint",
    "EndpointKey",
    "Family",
    "Group",
    "Holder",
    "Opening",
    "Owner",
    "Reach",
    "Socket",
    "SocketsSnapshot",
    "State",
    "Tcp",
    "Unix",
    "by_local_port",
    "by_process",
    "by_remote_address",
    "by_state",
    "openings",
    "other_end",
    "own_session",
    "reach",
    "settled",
    "socket_row",
    "summary",
]
