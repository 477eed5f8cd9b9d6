"""The network as text, in the layouts of ifconfig -a, arp -n, netstat -nr, dhclient's leases and resolv.conf."""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Iterable, Iterator, Sequence

from pitop.model.network.changes import route_words
from pitop.model.network.choice import Way
from pitop.model.network.rows import Address, Interface, Lease, Neighbour, Resolver, Route, Rule
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.render.text import visible
from pitop.render.units import duration

__all__ = ["arp", "ifconfig", "leases", "netstat", "resolv_conf", "rule_words", "sheet", "way_lines"]

# SIOCGIFFLAGS in ifconfig's order
_FLAGS = (
    (0x1, "UP"),
    (0x2, "BROADCAST"),
    (0x4, "DEBUG"),
    (0x8, "LOOPBACK"),
    (0x10, "POINTOPOINT"),
    (0x20, "NOTRAILERS"),
    (0x40, "RUNNING"),
    (0x80, "NOARP"),
    (0x100, "PROMISC"),
    (0x200, "ALLMULTI"),
    (0x800, "SLAVE"),
    (0x400, "MASTER"),
    (0x1000, "MULTICAST"),
    (0x8000, "DYNAMIC"),
)
_SCOPES = {"global": "0x0<global>", "host": "0x10<host>", "link": "0x20<link>", "site": "0x40<site>"}
_HARDWARE = {
    "ether": ("ether", "Ethernet"),
    "loopback": ("loop", "Local Loopback"),
    "ppp": ("ppp", "Point-to-Point Protocol"),
}


def sheet(snapshot: NetworkSnapshot) -> Iterator[str]:
    """Everything, one layout after another with an empty line between."""
    yield from ifconfig(snapshot.interfaces, snapshot.addresses)
    for lines in (
        arp(snapshot.neighbours),
        netstat(snapshot.routes, socket.AF_INET),
        netstat(snapshot.routes, socket.AF_INET6),
        _other_tables(snapshot.routes),
        leases(snapshot.leases, snapshot.time),
        resolv_conf(snapshot.resolver),
    ):
        block = list(lines)
        if block:
            yield from block
            yield ""


def _natural(name: str) -> list[tuple[bool, int | str]]:
    """eth2 before eth10."""
    return [(part.isdigit(), int(part) if part.isdigit() else part) for part in re.split(r"(\d+)", name) if part]


def ifconfig(interfaces: Iterable[Interface], addresses: Sequence[Address]) -> Iterator[str]:
    """As `ifconfig -a` of net-tools 2, an empty line behind each; with the secondary addresses that it hides."""
    for each in sorted(interfaces, key=lambda row: _natural(row.name)):
        bits = each.flag_bits & 0xFFFF
        words = ",".join(word for bit, word in _FLAGS if bits & bit)
        yield f"{visible(each.name)}: flags={bits}<{words}>  mtu {each.mtu}"
        for address in addresses:
            if address.index == each.index:
                yield f"        {_inet(address, each)}"
        yield f"        {_hardware(each)}"
        if each.speed_mbit is not None or each.signal_dbm is not None:
            yield f"        {_medium(each)}"
        yield from _statistics(each)
        yield ""


def _inet(address: Address, interface: Interface) -> str:
    if address.family == socket.AF_INET6:
        scope = _SCOPES.get(address.scope, f"0x0<{address.scope}>")
        return f"inet6 {address.address}  prefixlen {address.prefix_length}  scopeid {scope}"
    mask = ipaddress.ip_network(f"0.0.0.0/{address.prefix_length}").netmask
    text = f"inet {address.address}  netmask {mask}"
    if address.peer is not None:
        return f"{text}  destination {address.peer}"
    return f"{text}  broadcast {address.broadcast or '0.0.0.0'}" if "BROADCAST" in interface.flags else text


def _hardware(each: Interface) -> str:
    word, title = _HARDWARE.get(each.link_type, ("unspec", "UNSPEC"))
    if word == "unspec":
        raw = (each.mac or "").replace(":", "-").upper()
        octets = [part for part in raw.split("-") if part][:16]
        mac = " " + "-".join(octets + ["00"] * (16 - len(octets)))
    else:
        mac = f" {each.mac}" if word == "ether" and each.mac is not None else ""
    maker = f", {visible(each.vendor)}" if each.vendor is not None else ""
    return f"{word}{mac}  txqueuelen {each.queue_length}  ({title}{maker})"


def _medium(each: Interface) -> str:
    parts = []
    if each.speed_mbit is not None:
        parts.append(f"speed {each.speed_mbit} Mbit/s")
    if each.duplex is not None:
        parts.append(f"duplex {each.duplex}")
    if each.signal_dbm is not None:
        parts.append(f"signal {each.signal_dbm:.0f} dBm")
    return "  ".join(parts)


def _statistics(each: Interface) -> Iterator[str]:
    n = each.counters
    yield f"        RX packets {n.rx_packets}  bytes {n.rx_bytes} ({_size(n.rx_bytes)})"
    dropped = n.rx_dropped + n.rx_missed
    yield f"        RX errors {n.rx_errors}  dropped {dropped}  overruns {n.rx_overruns}  frame {n.rx_frame}"
    yield f"        TX packets {n.tx_packets}  bytes {n.tx_bytes} ({_size(n.tx_bytes)})"
    yield (
        f"        TX errors {n.tx_errors}  dropped {n.tx_dropped} overruns {n.tx_overruns}  "
        f"carrier {n.tx_carrier}  collisions {n.collisions}"
    )


def _size(value: int) -> str:
    """ifconfig's size: one decimal, cut off rather than rounded."""
    for power, unit in ((5, "PiB"), (4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "KiB")):
        if value > 1024**power:
            tenths = value * 10 // 1024**power
            return f"{tenths // 10}.{tenths % 10} {unit}"
    return f"{value}.0 B"


def arp(neighbours: Iterable[Neighbour]) -> Iterator[str]:
    """As `arp -n`, IPv6 neighbours among them, and the maker behind where it is known."""
    rows = list(neighbours)
    if not rows:
        return
    yield "Address                  HWtype  HWaddress           Flags Mask            Iface"
    for each in rows:
        maker = f"  {visible(each.vendor)}" if each.vendor is not None else ""
        iface = visible(each.interface)
        if each.mac is None:
            yield f"{each.address:<24} {'':7} {'(incomplete)':<42}{iface}"
            continue
        flags = "C" + ("M" if each.state == "PERMANENT" else "") + ("P" if each.proxy else "")
        yield f"{each.address:<24} {'ether':7} {each.mac:<19} {flags:<22}{iface}{maker}"


def netstat(routes: Iterable[Route], family: int) -> Iterator[str]:
    """The main table as `netstat -nr` and `netstat -6nr` show it."""
    rows = [each for each in routes if each.family == family and each.table == "main"]
    if not rows:
        return
    if family == socket.AF_INET:
        yield "Kernel IP routing table"
        yield "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface"
        for each in rows:
            yield from _netstat4(each)
        return
    yield "Kernel IPv6 routing table"
    yield "Destination                    Next Hop                   Flag Met  If"
    for each in rows:
        yield from _netstat6(each)


def _flags(each: Route, gateway: str | None, whole: int) -> str:
    if each.kind in ("unreachable", "prohibit", "blackhole"):
        return "!" + ("H" if "/" not in each.destination and each.destination != "default" else "")
    host = "/" not in each.destination and each.destination != "default"
    return "U" + ("G" if gateway is not None else "") + ("H" if host else "")


def _netstat4(each: Route) -> Iterator[str]:
    text = "0.0.0.0/0" if each.destination == "default" else each.destination
    network = ipaddress.ip_network(text, strict=False)
    hops = each.hops or (None,)
    for hop in hops:
        gateway = hop.gateway if hop is not None else None
        name = visible(hop.interface or "*") if hop is not None else "-"
        via = gateway or ("-" if hop is None else "0.0.0.0")
        flags = _flags(each, gateway, 32)
        zeros = f"{0:>5} {0:<5} {0:>6}" if flags[0] != "!" else f"{'-':>5} {'-':<5} {'-':>6}"
        yield f"{network.network_address!s:<15} {via:<15} {network.netmask!s:<15} {flags:<6}{zeros} {name}"


def _netstat6(each: Route) -> Iterator[str]:
    text = "::/0" if each.destination == "default" else each.destination
    text = text if "/" in text else f"{text}/128"
    for hop in each.hops or (None,):
        gateway = hop.gateway if hop is not None else None
        name = visible(hop.interface or "*") if hop is not None else "*"
        yield f"{text:<30} {gateway or '::':<26} {_flags(each, gateway, 128):<4} {each.metric:<4} {name}"


def _other_tables(routes: Iterable[Route]) -> Iterator[str]:
    rows = [each for each in routes if each.table not in ("main", "local")]
    if rows:
        yield "Other routing tables"
        for each in rows:
            yield visible(route_words(each))


def leases(rows: Iterable[Lease], now: float) -> Iterator[str]:
    """In dhclient's words, whichever client wrote them; times are UTC, with what is left of them behind."""
    for each in rows:
        yield f"lease {{  # {each.client}, {visible(each.path)}"
        yield f'  interface "{visible(each.interface)}";'
        yield f"  fixed-address {each.address};"
        if each.prefix_length is not None and ":" not in each.address:
            mask = ipaddress.ip_network(f"0.0.0.0/{each.prefix_length}").netmask
            yield f"  option subnet-mask {mask};"
        if each.routers:
            yield f"  option routers {visible(','.join(each.routers))};"
        if each.lease_seconds is not None:
            yield f"  option dhcp-lease-time {each.lease_seconds};"
        if each.server is not None:
            yield f"  option dhcp-server-identifier {visible(each.server)};"
        if each.nameservers:
            yield f"  option domain-name-servers {visible(','.join(each.nameservers))};"
        if each.domain is not None:
            yield f'  option domain-name "{visible(each.domain)}";'
        if each.hostname is not None:
            yield f'  option host-name "{visible(each.hostname)}";'
        for word, moment in (("renew", each.renew_time), ("rebind", each.rebind_time), ("expire", each.expiry_time)):
            if moment is not None:
                yield f"  {word} {_moment(moment)};  # {_left(moment, now)}"
        yield "}"


def _moment(moment: float) -> str:
    utc = time.gmtime(moment)
    return f"{(utc.tm_wday + 1) % 7} {time.strftime('%Y/%m/%d %H:%M:%S', utc)}"


def _left(moment: float, now: float) -> str:
    seconds = moment - now
    return f"in {duration(seconds)}" if seconds >= 0 else f"{duration(-seconds)} ago"


def resolv_conf(found: Resolver) -> Iterator[str]:
    """As resolv.conf(5); what the C library does not look at is said so."""
    for each in found.servers:
        zone = f"%{each.interface}" if each.interface is not None else ""
        note = "" if each.used else "  # never asked: only the first three are"
        if each.used and each.origin and each.origin != "/etc/resolv.conf":
            note = f"  # asked by the local stub, {each.origin}"
        yield f"nameserver {visible(each.address + zone)}{note}"
    if found.search:
        yield f"search {visible(' '.join(found.search))}"
    if found.options:
        yield f"options {visible(' '.join(found.options))}"


def rule_words(rule: Rule) -> str:
    """A rule as `ip rule` prints it."""
    parts = [f"{rule.priority}:", *(["not"] if rule.inverted else []), f"from {rule.source or 'all'}"]
    if rule.destination is not None:
        parts.append(f"to {rule.destination}")
    if rule.tos:
        parts.append(f"tos {rule.tos:#x}")
    if rule.mark is not None:
        mask = "" if rule.mark_mask == 0xFFFFFFFF else f"/{rule.mark_mask:#x}"
        parts.append(f"fwmark {rule.mark:#x}{mask}")
    if rule.input_interface is not None:
        parts.append(f"iif {rule.input_interface}")
    if rule.output_interface is not None:
        parts.append(f"oif {rule.output_interface}")
    if rule.users is not None:
        parts.append(f"uidrange {rule.users[0]}-{rule.users[1]}")
    if rule.action == "goto":
        parts.append(f"goto {rule.goto}")
    else:
        parts.append(f"lookup {rule.table}" if rule.action == "lookup" else rule.action)
    if rule.suppress_prefix_length is not None:
        parts.append(f"suppress_prefixlength {rule.suppress_prefix_length}")
    return " ".join(parts)


def way_lines(way: Way, uid: int) -> Iterator[str]:
    """The line of `ip route get`, then the next machine, the rules in the order they were asked, and the routes."""
    if way.refusal is not None:
        yield f"{way.destination}: {way.refusal}"
    else:
        parts = [*([way.kind] if way.kind != "unicast" else []), way.destination]
        if way.gateway is not None:
            parts.append(f"via {way.gateway}")
        parts.append(f"dev {visible(way.interface or '?')}")
        if way.table not in (None, "main"):
            parts.append(f"table {way.table}")
        if way.source is not None:
            parts.append(f"src {way.source}")
        yield f"{' '.join(parts)} uid {uid}"
        yield from _next_machine(way)
    for step in way.choice.steps:
        yield f"  rule {visible(rule_words(step.rule))}  ({step.why})"
    for candidate in way.choice.candidates:
        mark = "->" if candidate.wins else "  "
        yield f"  {mark} {visible(route_words(candidate.route))}  ({candidate.why})"


def _next_machine(way: Way) -> Iterator[str]:
    if way.kind != "unicast" or way.interface == "lo":
        return
    word = "gateway" if way.gateway is not None else "neighbour"
    address = way.gateway or way.destination
    if way.gateway_mac is not None:
        maker = f" ({visible(way.gateway_vendor)})" if way.gateway_vendor is not None else ""
        yield f"  {word} {address} is at {way.gateway_mac}{maker}, {way.neighbour_state}"
    elif way.neighbour_state is not None:
        yield f"  {word} {address} does not answer: {way.neighbour_state}"
    else:
        yield f"  {word} {address} has not been asked for its MAC address yet"
