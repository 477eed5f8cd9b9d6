"""The fields of interfaces, addresses, routes, neighbours, leases and name servers."""

from __future__ import annotations

from collections.abc import Iterator

from pitop.model.network.rows import Address, Interface, Lease, Nameserver, Neighbour, Route
from pitop.model.network.snapshot import NetworkSnapshot
from pitop.render.field import Field, Tone, record
from pitop.render.units import Unit, Value

__all__ = [
    "ADDRESS_FIELDS",
    "INTERFACE_FIELDS",
    "LEASE_FIELDS",
    "NAMESERVER_FIELDS",
    "NEIGHBOUR_FIELDS",
    "ROUTE_FIELDS",
    "records",
]


def _state_tone(row: Interface) -> Tone:
    if row.state == "UP" or (row.state == "UNKNOWN" and row.up):
        return Tone.GOOD
    return Tone.BAD if row.up else Tone.FAINT


def _trouble(count: int) -> Tone:
    return Tone.WARN if count else Tone.FAINT


def _quiet(value: float | None) -> Tone:
    return Tone.PLAIN if value else Tone.FAINT


INTERFACE_FIELDS: tuple[Field[Interface], ...] = (
    Field(
        "name",
        "INTERFACE",
        12,
        Unit.TEXT,
        lambda row: row.name,
        "The interface's name. Packets enter and leave the machine by interfaces; lo never leaves it.",
        ("interface", "dev"),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "state",
        "STATE",
        8,
        Unit.TEXT,
        lambda row: row.state,
        "UP: it can send. DOWN: switched off, or no cable. LOWERLAYERDOWN: what it stands on is down. "
        "UNKNOWN is normal for lo and tunnels, which have nothing to tell.",
        tone=_state_tone,
    ),
    Field(
        "rx_bytes_per_second",
        "RX/s",
        6,
        Unit.BYTES_PER_SECOND,
        lambda row: row.rx_bytes_per_second,
        "Bytes received in the last second.",
        ("rx",),
        falling=True,
        tone=lambda row: _quiet(row.rx_bytes_per_second),
    ),
    Field(
        "tx_bytes_per_second",
        "TX/s",
        6,
        Unit.BYTES_PER_SECOND,
        lambda row: row.tx_bytes_per_second,
        "Bytes sent in the last second.",
        ("tx",),
        falling=True,
        tone=lambda row: _quiet(row.tx_bytes_per_second),
    ),
    Field(
        "mac",
        "MAC",
        17,
        Unit.TEXT,
        lambda row: row.mac,
        "The link layer address that its neighbours on the cable know it by.",
    ),
    Field(
        "vendor",
        "VENDOR",
        18,
        Unit.TEXT,
        lambda row: row.vendor,
        "Who registered the first bytes of the MAC address. Made-up (locally administered) addresses have no maker.",
    ),
    Field(
        "mtu",
        "MTU",
        5,
        Unit.NUMBER,
        lambda row: row.mtu,
        "The largest packet, in bytes, that it sends in one piece.",
        falling=True,
    ),
    Field(
        "speed_mbit",
        "Mbit/s",
        6,
        Unit.COUNT,
        lambda row: row.speed_mbit,
        "What the link has agreed on with the other end. 100 where 1000 is expected often means a bad cable.",
        ("speed",),
        falling=True,
    ),
    Field(
        "duplex",
        "DUPLEX",
        6,
        Unit.TEXT,
        lambda row: row.duplex,
        "Full: both ends speak at once. Half on a modern network is a fault.",
        tone=lambda row: Tone.BAD if row.duplex == "half" else Tone.PLAIN,
    ),
    Field(
        "signal_dbm",
        "dBm",
        5,
        Unit.NUMBER,
        lambda row: row.signal_dbm,
        "Wi-Fi signal: -50 is strong, -70 is workable, below -80 packets get lost.",
        ("signal",),
        show=lambda row: "–" if row.signal_dbm is None else f"{row.signal_dbm:.0f}",
        tone=lambda row: Tone.WARN if row.signal_dbm is not None and row.signal_dbm < -75 else Tone.PLAIN,
    ),
    Field(
        "rx_packets_per_second",
        "RXpk/s",
        6,
        Unit.PER_SECOND,
        lambda row: row.rx_packets_per_second,
        "Packets received in the last second.",
        falling=True,
        tone=lambda row: _quiet(row.rx_packets_per_second),
    ),
    Field(
        "tx_packets_per_second",
        "TXpk/s",
        6,
        Unit.PER_SECOND,
        lambda row: row.tx_packets_per_second,
        "Packets sent in the last second.",
        falling=True,
        tone=lambda row: _quiet(row.tx_packets_per_second),
    ),
    Field(
        "rx_bytes",
        "RX",
        6,
        Unit.BYTES,
        lambda row: row.counters.rx_bytes,
        "Bytes received since the interface was made.",
        falling=True,
    ),
    Field(
        "tx_bytes",
        "TX",
        6,
        Unit.BYTES,
        lambda row: row.counters.tx_bytes,
        "Bytes sent since the interface was made.",
        falling=True,
    ),
    Field(
        "rx_packets",
        "RXpk",
        6,
        Unit.COUNT,
        lambda row: row.counters.rx_packets,
        "Packets received since the interface was made.",
        falling=True,
    ),
    Field(
        "tx_packets",
        "TXpk",
        6,
        Unit.COUNT,
        lambda row: row.counters.tx_packets,
        "Packets sent since the interface was made.",
        falling=True,
    ),
    Field(
        "rx_errors",
        "RXerr",
        5,
        Unit.COUNT,
        lambda row: row.counters.rx_errors,
        "Received broken: bad checksum or length. A growing number points at the cable or the radio.",
        ("errors",),
        falling=True,
        tone=lambda row: _trouble(row.counters.rx_errors),
    ),
    Field(
        "tx_errors",
        "TXerr",
        5,
        Unit.COUNT,
        lambda row: row.counters.tx_errors,
        "Could not be sent.",
        falling=True,
        tone=lambda row: _trouble(row.counters.tx_errors),
    ),
    Field(
        "rx_dropped",
        "RXdrop",
        6,
        Unit.COUNT,
        lambda row: row.counters.rx_dropped,
        "Received whole and thrown away: no room, or nobody here speaks that protocol.",
        ("dropped",),
        falling=True,
        tone=lambda row: _trouble(row.counters.rx_dropped),
    ),
    Field(
        "tx_dropped",
        "TXdrop",
        6,
        Unit.COUNT,
        lambda row: row.counters.tx_dropped,
        "Thrown away before sending, mostly because the queue was full.",
        falling=True,
        tone=lambda row: _trouble(row.counters.tx_dropped),
    ),
    Field(
        "rx_overruns",
        "RXover",
        6,
        Unit.COUNT,
        lambda row: row.counters.rx_overruns,
        "The card's buffer was full before the kernel fetched the packet.",
        falling=True,
        tone=lambda row: _trouble(row.counters.rx_overruns),
    ),
    Field(
        "tx_overruns",
        "TXover",
        6,
        Unit.COUNT,
        lambda row: row.counters.tx_overruns,
        "The card ran out of data in the middle of a packet.",
        falling=True,
        tone=lambda row: _trouble(row.counters.tx_overruns),
    ),
    Field(
        "collisions",
        "COLL",
        5,
        Unit.COUNT,
        lambda row: row.counters.collisions,
        "Two spoke at once on a half-duplex link.",
        falling=True,
        tone=lambda row: _trouble(row.counters.collisions),
    ),
    Field(
        "link_kind",
        "KIND",
        8,
        Unit.TEXT,
        lambda row: row.link_kind or row.link_type,
        "What it is: ether for a card, or the kind of virtual interface (bridge, veth, vlan, wireguard …).",
    ),
    Field(
        "master",
        "MASTER",
        10,
        Unit.TEXT,
        lambda row: row.master,
        "The bridge or bond that it is part of.",
    ),
    Field(
        "flags",
        "FLAGS",
        30,
        Unit.TEXT,
        lambda row: ",".join(row.flags),
        "Device flags as ip prints them. UP is the administrator's will, LOWER_UP is the cable's answer.",
    ),
)

ADDRESS_FIELDS: tuple[Field[Address], ...] = (
    Field(
        "interface",
        "INTERFACE",
        12,
        Unit.TEXT,
        lambda row: row.interface,
        "The interface that holds the address.",
        ("dev", "name"),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "address",
        "ADDRESS",
        26,
        Unit.ADDRESS,
        lambda row: row.address,
        "An address of this machine.",
        ("ip",),
        show=lambda row: f"{row.address}/{row.prefix_length}",
    ),
    Field(
        "prefix_length",
        "LEN",
        4,
        Unit.NUMBER,
        lambda row: row.prefix_length,
        "How many leading bits are the network: what shares them is on the same link.",
        ("prefix",),
    ),
    Field(
        "scope",
        "SCOPE",
        7,
        Unit.TEXT,
        lambda row: row.scope,
        "Where the address means something: global everywhere, link on this cable, host inside this machine.",
    ),
    Field(
        "broadcast",
        "BROADCAST",
        16,
        Unit.ADDRESS,
        lambda row: row.broadcast,
        "The address that reaches everybody on the link.",
    ),
    Field("peer", "PEER", 16, Unit.ADDRESS, lambda row: row.peer, "The other end of a point-to-point link."),
    Field(
        "valid_seconds",
        "VALID",
        9,
        Unit.SECONDS,
        lambda row: row.valid_seconds,
        "How long the address may still be used; unknown here means for ever.",
        ("valid",),
        show=lambda row: "forever" if row.valid_seconds is None else _span(row.valid_seconds),
    ),
    Field(
        "flags",
        "FLAGS",
        24,
        Unit.TEXT,
        lambda row: ",".join(row.flags),
        "dynamic: learnt, with an end. tentative: still being checked for doubles. dadfailed: somebody else has it. "
        "deprecated: for old connections only. temporary: changes, for privacy.",
        tone=lambda row: Tone.BAD if "dadfailed" in row.flags else Tone.PLAIN,
    ),
)


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 86400:
        return f"{whole // 86400}d{whole // 3600 % 24:02d}h"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _gateways(row: Route) -> str | None:
    found = [hop.gateway for hop in row.hops if hop.gateway is not None]
    return ",".join(found) or None


def _outputs(row: Route) -> str | None:
    found = [hop.interface for hop in row.hops if hop.interface is not None]
    return ",".join(dict.fromkeys(found)) or None


ROUTE_FIELDS: tuple[Field[Route], ...] = (
    Field(
        "destination",
        "DESTINATION",
        24,
        Unit.TEXT,
        lambda row: row.destination,
        "Where the route leads. Of all that match, the one with the longest prefix wins; default matches everything.",
        ("dst",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "gateway",
        "GATEWAY",
        18,
        Unit.ADDRESS,
        _gateways,
        "The router that takes the packet further; none when the destination is on the link.",
        ("via",),
    ),
    Field(
        "interface",
        "INTERFACE",
        12,
        Unit.TEXT,
        _outputs,
        "The interface that the packet leaves by.",
        ("dev",),
    ),
    Field(
        "source",
        "SOURCE",
        16,
        Unit.ADDRESS,
        lambda row: row.source,
        "The address that this machine speaks from on this route, where the route prefers one.",
        ("src",),
    ),
    Field(
        "metric",
        "METRIC",
        6,
        Unit.NUMBER,
        lambda row: row.metric,
        "Of two routes with the same prefix the lower metric wins.",
    ),
    Field(
        "table",
        "TABLE",
        8,
        Unit.TEXT,
        lambda row: row.table,
        "The routing table. Rules decide which table is asked; local is asked first, main has the usual routes.",
    ),
    Field(
        "type",
        "TYPE",
        11,
        Unit.TEXT,
        lambda row: row.kind,
        "unicast goes out, local comes home, blackhole, unreachable and prohibit refuse.",
        tone=lambda row: Tone.WARN if row.kind in ("blackhole", "unreachable", "prohibit", "throw") else Tone.PLAIN,
    ),
    Field(
        "protocol",
        "PROTOCOL",
        8,
        Unit.TEXT,
        lambda row: row.protocol,
        "Who made it: kernel with an address, boot or static by hand, dhcp, ra from a router, bird or zebra.",
    ),
    Field(
        "scope",
        "SCOPE",
        7,
        Unit.TEXT,
        lambda row: row.scope,
        "How far the destination is: link is on the cable, host is here.",
    ),
)

NEIGHBOUR_FIELDS: tuple[Field[Neighbour], ...] = (
    Field(
        "address",
        "ADDRESS",
        26,
        Unit.ADDRESS,
        lambda row: row.address,
        "A machine on the same link that this one has spoken with, or tried to.",
        ("ip",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "mac",
        "MAC",
        17,
        Unit.TEXT,
        lambda row: row.mac,
        "Its link layer address, asked for with ARP (IPv4) or neighbour discovery (IPv6); unknown if nobody answered.",
    ),
    Field(
        "vendor",
        "VENDOR",
        22,
        Unit.TEXT,
        lambda row: row.vendor,
        "Who made its network card, by the first bytes of the MAC address.",
    ),
    Field("interface", "INTERFACE", 12, Unit.TEXT, lambda row: row.interface, "The interface it is behind.", ("dev",)),
    Field(
        "state",
        "STATE",
        10,
        Unit.TEXT,
        lambda row: row.state,
        "REACHABLE: heard of lately. STALE: known, not checked since. DELAY and PROBE: being checked. "
        "FAILED, INCOMPLETE: nobody answers at this address.",
        tone=lambda row: Tone.BAD if row.state in ("FAILED", "INCOMPLETE") else Tone.PLAIN,
    ),
    Field(
        "router",
        "ROUTER",
        6,
        Unit.FLAG,
        lambda row: row.router,
        "It said of itself that it is a router (IPv6).",
    ),
    Field(
        "confirmed_seconds",
        "CONFIRMED",
        9,
        Unit.SECONDS,
        lambda row: row.confirmed_seconds,
        "How long ago it was last known to be there.",
        ("confirmed",),
    ),
)

LEASE_FIELDS: tuple[Field[Lease], ...] = (
    Field(
        "interface",
        "INTERFACE",
        12,
        Unit.TEXT,
        lambda row: row.interface,
        "The interface that the address was lent to.",
        ("dev",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "address",
        "ADDRESS",
        22,
        Unit.ADDRESS,
        lambda row: row.address,
        "The address that the DHCP server lent.",
        ("ip",),
    ),
    Field(
        "prefix_length", "LEN", 4, Unit.NUMBER, lambda row: row.prefix_length, "How many leading bits are the network."
    ),
    Field("client", "CLIENT", 16, Unit.TEXT, lambda row: row.client, "The program here that keeps the lease."),
    Field("server", "SERVER", 16, Unit.ADDRESS, lambda row: row.server, "The DHCP server that lent it."),
    Field(
        "routers",
        "ROUTERS",
        16,
        Unit.TEXT,
        lambda row: " ".join(row.routers) or None,
        "The gateways that came with the lease.",
    ),
    Field(
        "nameservers",
        "NAMESERVERS",
        20,
        Unit.TEXT,
        lambda row: " ".join(row.nameservers) or None,
        "The name servers that came with the lease.",
    ),
    Field("domain", "DOMAIN", 14, Unit.TEXT, lambda row: row.domain, "The domain that came with the lease."),
    Field(
        "obtained_time",
        "OBTAINED",
        8,
        Unit.MOMENT,
        lambda row: row.obtained_time,
        "When the lease was given or renewed.",
    ),
    Field(
        "renew_time",
        "RENEW",
        8,
        Unit.MOMENT,
        lambda row: row.renew_time,
        "When the client asks the same server for more time (T1, half of the lease).",
    ),
    Field(
        "rebind_time",
        "REBIND",
        8,
        Unit.MOMENT,
        lambda row: row.rebind_time,
        "When it starts to ask any server (T2, seven eighths): seen only when the first one is silent.",
    ),
    Field(
        "expiry_time",
        "EXPIRES",
        8,
        Unit.MOMENT,
        lambda row: row.expiry_time,
        "When the address must be given up.",
        ("expires",),
    ),
)

NAMESERVER_FIELDS: tuple[Field[Nameserver], ...] = (
    Field(
        "address",
        "NAMESERVER",
        26,
        Unit.ADDRESS,
        lambda row: row.address,
        "A name server that this machine asks.",
        ("ip",),
    ),
    Field("interface", "INTERFACE", 12, Unit.TEXT, lambda row: row.interface, "The link that it is for."),
    Field(
        "used",
        "USED",
        5,
        Unit.FLAG,
        lambda row: row.used,
        "The C library asks the first three of resolv.conf and never looks at the rest.",
        tone=lambda row: Tone.PLAIN if row.used else Tone.FAINT,
    ),
    Field("origin", "FROM", 30, Unit.TEXT, lambda row: row.origin, "The file that names it."),
)


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
