"""Which sockets carry the viewer's own SSH session: closing one of those ends the view."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

from pitop.model.sockets.endpoint import EndpointKey
from pitop.model.sockets.rows import Socket

__all__ = ["own_session"]

_CARRYING = ("ESTABLISHED", "CLOSE_WAIT")


def own_session(rows: Iterable[Socket], connection: str | None, ancestors: Collection[int]) -> frozenset[EndpointKey]:
    """The keys of the sockets of one's own SSH session.

    `connection` is SSH_CONNECTION where the environment has it: client address, client port, server address, server
    port. sudo takes it out of the environment; then it is the TCP sockets of whichever of the `ancestors` (pids) is
    called sshd and has connections open.
    """
    wanted = _parsed(connection)
    parents = frozenset(ancestors)
    found = set()
    for row in rows:
        end = row.endpoint
        if end.state not in _CARRYING or end.transport != "tcp" or row.namespace:
            continue
        if wanted is not None:
            if (end.remote_port, end.local_port) == (wanted[1], wanted[3]) and (
                _same(end.remote_address, wanted[0]) and _same(end.local_address, wanted[2])
            ):
                found.add(end.key)
        elif any(owner.pid in parents and owner.name.startswith("sshd") for owner in row.owners):
            found.add(end.key)
    return frozenset(found)


def _parsed(connection: str | None) -> tuple[str, int, str, int] | None:
    part = (connection or "").split()
    if len(part) != 4 or not (part[1].isdecimal() and part[3].isdecimal()):
        return None
    return part[0], int(part[1]), part[2], int(part[3])


def _same(one: str | None, other: str) -> bool:
    try:
        return one is not None and _plain(one) == _plain(other)
    except ValueError:
        return False


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
