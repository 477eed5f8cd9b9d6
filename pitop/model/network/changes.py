"""What became different between two looks at the network, in a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from pitop.model.network.choice import hop_words
from pitop.model.network.rows import Address, Change, Interface, Neighbour, Route, Rule
from pitop.model.network.snapshot import NetworkSnapshot

__all__ = ["changes", "route_words", "row_key"]

R = TypeVar("R")


def row_key(row: object) -> str:
    """What a row is known by from one snapshot to the next."""
    match row:
        case Interface():
            return f"interface {row.name}"
        case Address():
            return f"address {row.interface} {row.address}/{row.prefix_length}"
        case Route():
            ways = " ".join(hop_words(hop) for hop in row.hops)
            return f"route {row.table_id} {row.family} {row.kind} {row.destination} {row.metric} {ways}"
        case Neighbour():
            return f"neighbour {row.interface} {row.address}"
        case Rule():
            selectors = (row.source, row.destination, row.mark, row.table_id, row.action, row.input_interface)
            return f"rule {row.family} {row.priority} {selectors}"
        case _:
            return repr(row)


def route_words(route: Route) -> str:
    """A route in ip's words: `10.0.0.0/8 via 10.0.0.1 dev eth0 metric 5 table 7`."""
    kind = "" if route.kind == "unicast" else f"{route.kind} "
    ways = " ".join(hop_words(hop) for hop in route.hops)
    metric = f" metric {route.metric}" if route.metric else ""
    table = "" if route.table == "main" else f" table {route.table}"
    return f"{kind}{route.destination} {ways}".rstrip() + metric + table


def changes(before: NetworkSnapshot, now: NetworkSnapshot) -> tuple[Change, ...]:
    """What came, went and changed from `before` to `now`, at the time of `now`."""
    time = now.time
    return (
        *_compared("interface", time, before.interfaces, now.interfaces, lambda row: row.name, _interface),
        *_compared("address", time, before.addresses, now.addresses, _address_words, _address),
        *_compared("route", time, before.routes, now.routes, lambda row: f"route {route_words(row)}", _same),
        *_compared("rule", time, before.rules, now.rules, lambda row: f"rule {row.priority}", _same),
        *_compared("neighbour", time, before.neighbours, now.neighbours, _neighbour_words, _neighbour),
    )


def _compared(
    kind: str,
    time: float,
    before: Iterable[R],
    now: Iterable[R],
    say: Callable[[R], str],
    differ: Callable[[R, R], Iterable[str]],
) -> Iterable[Change]:
    was = {row_key(row): row for row in before}
    for row in now:
        key = row_key(row)
        old = was.pop(key, None)
        if old is None:
            yield Change(time=time, kind=kind, key=key, sign="+", words=f"{say(row)} came")
        elif old != row:
            for words in differ(old, row):
                yield Change(time=time, kind=kind, key=key, sign="~", words=words)
    for key, row in was.items():
        yield Change(time=time, kind=kind, key=key, sign="-", words=f"{say(row)} went")


def _same(old: R, new: R) -> Iterable[str]:
    """For rows whose key is all that matters of them."""
    return ()


def _interface(old: Interface, new: Interface) -> Iterable[str]:
    if old.up != new.up:
        yield f"{new.name} was switched {'on' if new.up else 'off'}"
    elif old.carrier != new.carrier and new.carrier is not None:
        yield f"{new.name} {'has carrier again' if new.carrier else 'lost its carrier'}"
    elif old.state != new.state:
        yield f"{new.name} went from {old.state} to {new.state}"
    if old.mac != new.mac:
        yield f"{new.name} changed its MAC address from {old.mac} to {new.mac}"
    if old.mtu != new.mtu:
        yield f"{new.name} changed its MTU from {old.mtu} to {new.mtu}"
    if old.speed_mbit != new.speed_mbit and None not in (old.speed_mbit, new.speed_mbit):
        yield f"{new.name} changed from {old.speed_mbit} to {new.speed_mbit} Mbit/s"


def _address(old: Address, new: Address) -> Iterable[str]:
    if old.flags != new.flags:
        yield f"{_address_words(new)} is now {' '.join(new.flags) or 'plain'}"


def _neighbour(old: Neighbour, new: Neighbour) -> Iterable[str]:
    # Between REACHABLE, STALE, DELAY and PROBE an entry wanders all day; that is no news.
    if old.mac is not None and new.mac is not None and old.mac != new.mac:
        yield f"{new.address} on {new.interface} moved from {old.mac} to {new.mac}"
    elif (old.state == "FAILED") != (new.state == "FAILED"):
        yield f"{new.address} on {new.interface} is now {new.state}"


def _address_words(row: Address) -> str:
    return f"{row.address}/{row.prefix_length} on {row.interface}"


def _neighbour_words(row: Neighbour) -> str:
    return f"neighbour {row.address} on {row.interface}"
