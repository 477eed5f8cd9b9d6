"""What a row of the network is about, for the scope."""

from __future__ import annotations

from pitop.model.leads import Sort, Subject
from pitop.model.network.rows import Address, Interface, Lease, Nameserver, Neighbour, Route
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.scope import About, Scope, of_host

__all__ = ["Row", "about_row", "host_of", "subject_of_row"]

Row = Interface | Address | Route | Neighbour | Lease | Nameserver


def about_row(row: Row, snapshot: NetworkSnapshot | None = None) -> About:
    """The addresses that a row names; an interface's are in the snapshot."""
    match row:
        case Interface():
            held = snapshot.addresses if snapshot is not None else ()
            return About(addresses=frozenset(each.address for each in held if each.index == row.index))
        case Address() | Neighbour() | Nameserver():
            return About(addresses=frozenset({row.address}))
        case Route():
            named = {hop.gateway for hop in row.hops} | {row.source, row.destination.partition("/")[0]}
            return About(addresses=frozenset(each for each in named if each is not None and each != "default"))
        case Lease():
            named = {row.address, row.server, *row.routers, *row.nameservers}
            return About(addresses=frozenset(each for each in named if each is not None))


def host_of(row: Row | None) -> Scope | None:
    """The machine that following this row means; None for an interface, which is none."""
    match row:
        case Address() | Neighbour() | Nameserver():
            return of_host(row.address)
        case Route() if row.gateway is not None:
            return of_host(row.gateway)
        case Lease() if row.server is not None:
            return of_host(row.server)
    return None


def subject_of_row(row: Row | None) -> Subject | None:
    """The machine that a row leads to."""
    host = host_of(row)
    return None if host is None or host.address is None else Subject(sort=Sort.MACHINE, addresses=(host.address,))
