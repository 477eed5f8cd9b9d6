"""The network of this machine at one moment."""

from __future__ import annotations

from pitop.model.network.choice import Way
from pitop.model.network.rows import Address, Change, Interface, Lease, Neighbour, Resolver, Route, Rule
from pitop.model.snapshot import Snapshot

__all__ = ["NetworkSnapshot"]


class NetworkSnapshot(Snapshot, frozen=True, kw_only=True):
    """Everything of the network at one moment; `changes` are those of the last minutes, newest first."""

    interfaces: tuple[Interface, ...]
    addresses: tuple[Address, ...]
    routes: tuple[Route, ...]
    rules: tuple[Rule, ...]
    neighbours: tuple[Neighbour, ...]
    leases: tuple[Lease, ...]
    resolver: Resolver
    changes: tuple[Change, ...] = ()
    vendors_known: bool = False
    way: Way | None = None
