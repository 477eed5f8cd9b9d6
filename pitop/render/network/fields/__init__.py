"""The fields of interfaces, addresses, routes, neighbours, leases and name servers."""

from __future__ import annotations

from collections.abc import Iterator

from pitop.model.network.snapshot import NetworkSnapshot
from pitop.render.field import record
from pitop.render.network.fields.addresses import ADDRESS_FIELDS, NEIGHBOUR_FIELDS
from pitop.render.network.fields.interfaces import INTERFACE_FIELDS
from pitop.render.network.fields.leases import LEASE_FIELDS, NAMESERVER_FIELDS
from pitop.render.network.fields.routes import ROUTE_FIELDS
from pitop.render.units import Value

__all__ = [
    "ADDRESS_FIELDS",
    "INTERFACE_FIELDS",
    "LEASE_FIELDS",
    "NAMESERVER_FIELDS",
    "NEIGHBOUR_FIELDS",
    "ROUTE_FIELDS",
    "records",
]


def records(snapshot: NetworkSnapshot) -> Iterator[dict[str, Value]]:
    """Every row as the JSON object of its fields, with its `kind` before them."""
    for interface in snapshot.interfaces:
        yield {"kind": "interface", **record(INTERFACE_FIELDS, interface)}
    for address in snapshot.addresses:
        yield {"kind": "address", **record(ADDRESS_FIELDS, address)}
    for route in snapshot.routes:
        yield {"kind": "route", **record(ROUTE_FIELDS, route)}
    for neighbour in snapshot.neighbours:
        yield {"kind": "neighbour", **record(NEIGHBOUR_FIELDS, neighbour)}
    for lease in snapshot.leases:
        yield {"kind": "lease", **record(LEASE_FIELDS, lease)}
    for server in snapshot.resolver.servers:
        yield {"kind": "nameserver", **record(NAMESERVER_FIELDS, server)}
