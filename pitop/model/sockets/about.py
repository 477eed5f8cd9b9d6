"""What a socket is about, for the scope."""

from __future__ import annotations

from pitop.model.leads import Party, Sort, Subject
from pitop.model.scope import About, Flow
from pitop.model.sockets.rows import Socket

__all__ = ["about_socket", "subject_of_socket"]

_ANYWHERE = ("0.0.0.0", "::", "*")


def about_socket(row: Socket) -> About:
    """Its owners, now or before it was closed, its user, and of an Internet socket its ends."""
    owners = row.owners or row.former
    keys = frozenset(owner.key for owner in owners if owner.key is not None)
    pids = frozenset(owner.pid for owner in owners if owner.key is None)
    users = frozenset() if row.user is None else frozenset({row.user})
    ends = [
        (address, port)
        for address, port in (
            (row.endpoint.local_address, row.endpoint.local_port),
            (row.endpoint.remote_address, row.endpoint.remote_port),
        )
        if address is not None
    ]
    if row.endpoint.unix is not None or not ends:
        return About(processes=keys, pids=pids, users=users, time=row.closed_time)
    ports = frozenset(port for _, port in ends if port is not None)
    flow = None
    if len(ends) == 2 and None not in (ends[0][1], ends[1][1]):
        one, other = ((address, port or 0) for address, port in ends)
        flow = Flow.between(row.endpoint.transport, one, other)
    names = None if row.remote_name is None else frozenset({row.remote_name})
    return About(
        processes=keys,
        pids=pids,
        users=users,
        addresses=frozenset(address for address, _ in ends),
        ports=ports,
        names=names,
        flow=flow,
        time=row.closed_time,
    )


def subject_of_socket(row: Socket) -> Subject:
    """A socket as what leads elsewhere: its process, now or before it was closed, and its other side."""
    owner = next(iter(sorted(row.owners or row.former, key=lambda each: each.key is None)), None)
    end = row.endpoint
    far = end.unix is None and end.remote_port is not None and end.remote_address not in (None, *_ANYWHERE)
    return Subject(
        sort=Sort.SOCKET,
        process=None if owner is None else Party(owner.pid, owner.name, owner.start_ticks, row.closed_time),
        flow=about_socket(row).flow if far else None,
        addresses=(end.remote_address,) if far and end.remote_address is not None else (),
        name=row.remote_name if far else None,
        port=None if far or end.unix is not None else end.local_port,
    )
