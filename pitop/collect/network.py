"""The network topic: counters at every turn, the tables again only when rtnetlink says that they changed."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct, structs

from pitop.kernel.network.leases import leases
from pitop.kernel.network.links import addresses, interfaces
from pitop.kernel.network.resolvers import resolver
from pitop.kernel.network.routes import names_below, neighbours, route_to, routes, rules
from pitop.kernel.network.rtnetlink import Monitor, RouteSocket
from pitop.kernel.network.vendors import Vendors
from pitop.model.network.changes import changes, row_key
from pitop.model.network.choice import Flow, Way, choose
from pitop.model.network.rows import Address, Change, Interface, Lease, Neighbour, Resolver, Route, Rule
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.model.rates import rate

__all__ = ["NetworkCollector", "RouteTo", "way_to"]

_REMEMBERED = 300.0  # seconds that a change stays told
_FILES = 5.0  # seconds between looks at lease files and resolv.conf, which announce nothing
_BREATH = 0.05  # seconds between samples at least, when events come in a storm
_MANY, _MANY_EVERY = 2000, 10.0  # from so many routes on, seconds between readings: a router's table never rests
_SWEEP = 30.0  # seconds after which the tables are read again whatever was announced


class RouteTo(Struct, frozen=True):
    """Asks which way a packet to `address` would go; "" asks no more."""

    address: str


class NetworkCollector:
    """Samples of the network. `way` answers the last RouteTo."""

    every: float | None = None

    def __init__(self) -> None:
        self._route = RouteSocket()
        self._monitor = Monitor()
        self._vendors = Vendors()
        self._names = names_below()
        self._before: NetworkSnapshot | None = None
        self._changes: tuple[Change, ...] = ()
        self._dirty = {"address", "route", "rule", "neighbour"}
        self._taken = self._files = self._swept = self._routed = float("-inf")
        self._addresses: tuple[Address, ...] = ()
        self._routes: tuple[Route, ...] = ()
        self._rules: tuple[Rule, ...] = ()
        self._neighbours: tuple[Neighbour, ...] = ()
        self._leases: tuple[Lease, ...] = ()
        self._resolver = Resolver()
        self._wanted = ""

    def collect(self) -> NetworkSnapshot:
        """A sample."""
        wait = self._taken + _BREATH - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        self._dirty |= self._monitor.changed()
        now = time.monotonic()
        found = interfaces(self._route, vendor=self._vendors)
        if self._before is not None:
            found = _kept(_rated(found, self._before.interfaces, now - self._taken), self._before.interfaces)
        self._taken = now
        self._read_tables({each.index: each.name for each in found}, now)
        snapshot = NetworkSnapshot(
            time=time.time(),
            host=os.uname().nodename,
            interfaces=found,
            addresses=self._addresses,
            routes=self._routes,
            rules=self._rules,
            neighbours=self._neighbours,
            leases=self._leases,
            resolver=self._resolver,
            vendors_known=bool(self._vendors),
        )
        if self._before is not None:
            fresh = changes(self._before, snapshot)
            kept = tuple(each for each in self._changes if each.time > snapshot.time - _REMEMBERED)
            self._changes = (*reversed(fresh), *kept)[:200]
        self._before = structs.replace(snapshot, changes=self._changes, way=self._way(snapshot))
        return self._before

    def _way(self, snapshot: NetworkSnapshot) -> Way | None:
        if not self._wanted:
            return None
        try:
            return way_to(self._wanted, snapshot, self._route)
        except (ValueError, OSError):  # what is typed is not an address yet
            return None

    def _read_tables(self, names: dict[int, str], now: float) -> None:
        if now - self._swept >= _SWEEP or "link" in self._dirty:
            # A switched-off interface takes its IPv4 routes away without a word about them.
            self._dirty |= {"address", "route", "rule", "neighbour"}
            self._swept = now
        if "address" in self._dirty:
            self._addresses = _kept(addresses(self._route, names), self._addresses)
        waiting = len(self._routes) > _MANY and now - self._routed < _MANY_EVERY
        if not waiting and {"route", "address"} & self._dirty:
            self._routed = now
            self._routes = _kept(routes(self._route, names, self._names), self._routes)
        if "rule" in self._dirty:
            self._rules = rules(self._route, self._names)
        if "neighbour" in self._dirty:
            self._neighbours = _kept(neighbours(self._route, names, self._vendors), self._neighbours)
        if now - self._files >= _FILES or "address" in self._dirty:
            self._leases = _kept(leases(interfaces=names), self._leases)
            self._resolver = resolver()
            self._files = now
        self._dirty = {"route"} & self._dirty if waiting else set()

    def ask(self, request: Struct) -> None:
        """Take in a RouteTo."""
        if isinstance(request, RouteTo):
            self._wanted = request.address

    def descriptors(self) -> Sequence[int]:
        """rtnetlink's events."""
        return (self._monitor.fileno(),)

    def close(self) -> None:
        """Close the sockets and files."""
        self._route.close()
        self._monitor.close()
        self._vendors.close()


R = TypeVar("R")


def _kept(now: tuple[R, ...], before: tuple[R, ...]) -> tuple[R, ...]:
    """`now`, with the same object as before for every row that is as it was: what is painted stays painted."""
    known = {row_key(row): row for row in before}
    return tuple(old if (old := known.get(row_key(row))) == row and old is not None else row for row in now)


def _rated(now: tuple[Interface, ...], before: tuple[Interface, ...], seconds: float) -> tuple[Interface, ...]:
    known = {(each.index, each.name): each.counters for each in before}
    made = []
    for each in now:
        was = known.get((each.index, each.name))
        if was is None:
            made.append(each)
            continue
        made.append(
            structs.replace(
                each,
                rx_bytes_per_second=rate(each.counters.rx_bytes, was.rx_bytes, seconds),
                tx_bytes_per_second=rate(each.counters.tx_bytes, was.tx_bytes, seconds),
                rx_packets_per_second=rate(each.counters.rx_packets, was.rx_packets, seconds),
                tx_packets_per_second=rate(each.counters.tx_packets, was.tx_packets, seconds),
            )
        )
    return tuple(made)


def way_to(address: str, snapshot: NetworkSnapshot, route: RouteSocket | None = None) -> Way:
    """Which way a packet to `address` would go, and why. Raises ValueError for what is not an address."""
    if route is None:
        with RouteSocket() as own:
            return way_to(address, snapshot, own)
    choice = choose(Flow(destination=address, uid=os.geteuid()), snapshot.rules, snapshot.routes)
    names = {each.index: each.name for each in snapshot.interfaces}
    try:
        answer = route_to(route, address, names, names_below())
    except OSError as error:
        refusal = os.strerror(error.errno) if error.errno else str(error)
        return Way(
            destination=address,
            kind="refused",
            interface=None,
            gateway=None,
            source=None,
            table=None,
            mtu=None,
            gateway_mac=None,
            gateway_vendor=None,
            neighbour_state=None,
            refusal=refusal,
            choice=choice,
        )
    following = answer.gateway or address.partition("%")[0]
    near = next((n for n in snapshot.neighbours if (n.address, n.interface) == (following, answer.interface)), None)
    return Way(
        destination=address,
        kind=answer.kind,
        interface=answer.interface,
        gateway=answer.gateway,
        source=answer.source,
        table=answer.table,
        mtu=answer.mtu,
        gateway_mac=near.mac if near is not None else None,
        gateway_vendor=near.vendor if near is not None else None,
        neighbour_state=near.state if near is not None else None,
        refusal=None,
        choice=choice,
    )
