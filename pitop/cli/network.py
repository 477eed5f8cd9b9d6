"""`pitop network`: what ifconfig -a, arp -n, netstat -nr and the lease files tell, and which way a packet would go."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from msgspec import structs

from pitop.cli.options import add_json, add_repeat, add_scope, checked_scope, scoped
from pitop.collect.network import way_to
from pitop.collect.repeat import snapshots
from pitop.collect.topics import NETWORK
from pitop.model.network.about import Row, about_row
from pitop.model.network.choice import Way
from pitop.model.network.rows import Address, Interface, Lease, Nameserver, Neighbour, Route
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.scope import Scope
from pitop.render.document import document
from pitop.render.field import record
from pitop.render.network.fields import ROUTE_FIELDS, records
from pitop.render.network.tables import sheet, way_lines
from pitop.render.units import Value

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Print the network, or one way through it."""
    parser = argparse.ArgumentParser(
        prog="pitop network",
        description="Interfaces, addresses, routes, neighbours, DHCP leases and name servers of this machine.",
    )
    parser.add_argument(
        "--route-to", metavar="ADDRESS", help="which way a packet to ADDRESS would go, and why the other ways lose"
    )
    add_repeat(parser)
    add_scope(parser)
    add_json(parser)
    options = parser.parse_args(arguments)
    if options.route_to is not None:
        return _route_to(options.route_to, as_json=options.json)
    if options.count and not options.interval:
        parser.error("--count needs --interval")
    scope = checked_scope(parser, options.scope)
    for whole in snapshots(NETWORK, options.interval, options.count if options.interval else 1):
        snapshot = _narrowed(whole, scope)
        if options.json:
            print(document("network", snapshot.time, snapshot.host, _summary(snapshot), records(snapshot)), flush=True)
        else:
            print("\n".join(sheet(snapshot)), flush=True)
    return 0


def _narrowed(snapshot: NetworkSnapshot, scope: Scope | None) -> NetworkSnapshot:
    """What belongs to the scope, and the interfaces that hold such an address."""
    if scope is None:
        return snapshot
    every: list[Row] = [
        *snapshot.interfaces,
        *snapshot.addresses,
        *snapshot.routes,
        *snapshot.neighbours,
        *snapshot.leases,
        *snapshot.resolver.servers,
    ]
    kept = scoped(every, scope, lambda row: about_row(row, snapshot))
    return structs.replace(
        snapshot,
        interfaces=tuple(row for row in kept if isinstance(row, Interface)),
        addresses=tuple(row for row in kept if isinstance(row, Address)),
        routes=tuple(row for row in kept if isinstance(row, Route)),
        neighbours=tuple(row for row in kept if isinstance(row, Neighbour)),
        leases=tuple(row for row in kept if isinstance(row, Lease)),
        resolver=structs.replace(snapshot.resolver, servers=tuple(row for row in kept if isinstance(row, Nameserver))),
    )


def _summary(snapshot: NetworkSnapshot) -> dict[str, object]:
    return {
        "interfaces": len(snapshot.interfaces),
        "addresses": len(snapshot.addresses),
        "routes": len(snapshot.routes),
        "neighbours": len(snapshot.neighbours),
        "leases": len(snapshot.leases),
        "search": list(snapshot.resolver.search),
        "options": list(snapshot.resolver.options),
    }


def _route_to(address: str, *, as_json: bool) -> int:
    snapshot = next(iter(snapshots(NETWORK)))
    try:
        way = way_to(address, snapshot)
    except (ValueError, OSError):
        print(f"pitop network: {address} is not an address; look a name up first: pitop dns {address}", file=sys.stderr)
        return 2
    if as_json:
        print(document("network", snapshot.time, snapshot.host, _way_summary(way), _way_rows(way)))
    else:
        print("\n".join(way_lines(way, os.getuid())))
    return 0 if way.refusal is None else 1


def _way_summary(way: Way) -> dict[str, Value]:
    return {
        "destination": way.destination,
        "type": way.kind if way.refusal is None else None,
        "gateway": way.gateway,
        "interface": way.interface,
        "source": way.source,
        "table": way.table,
        "mac": way.gateway_mac,
        "vendor": way.gateway_vendor,
        "state": way.neighbour_state,
        "refusal": way.refusal,
    }


def _way_rows(way: Way) -> list[dict[str, Value]]:
    rules: list[dict[str, Value]] = [
        {
            "kind": "rule",
            "priority": step.rule.priority,
            "table": step.rule.table,
            "matched": step.matched,
            "why": step.why,
        }
        for step in way.choice.steps
    ]
    routes: list[dict[str, Value]] = [
        {"kind": "route", **record(ROUTE_FIELDS, each.route), "wins": each.wins, "why": each.why}
        for each in way.choice.candidates
    ]
    return rules + routes
