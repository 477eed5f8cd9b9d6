"""What a packet is, at a glance: addresses, ports, protocol, and where its payload lies.

Much cheaper than its line: a handful of slices and look-ups for the packets that make up most of a capture.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from pitop.model.packets.addresses import ipv4_text, ipv6_text, mac_text
from pitop.model.packets.numbers import ETHERTYPE_NAMES, PROTOCOL_NAMES

__all__ = ["Summary", "summarise"]


class Summary(NamedTuple):
    """Addresses are packed (4 or 16 bytes for IP, 6 for hardware, none when unknown); ports, flags and numbers are -1
    where there are none. `payload` and `size` say where the transport's payload begins in the captured bytes, and how
    long it was on the wire. `network` is where the IP header begins.
    """

    protocol: str
    source: bytes = b""
    destination: bytes = b""
    source_port: int = -1
    destination_port: int = -1
    transport: int = -1
    flags: int = -1
    sequence: int = -1
    ack: int = -1
    window: int = -1
    payload: int = 0
    size: int = 0
    network: int = -1
    ttl: int = -1

    def address(self, packed: bytes) -> str | None:
        """A packed address as text."""
        if len(packed) == 4:
            return ipv4_text(packed)
        if len(packed) == 16:
            return ipv6_text(packed)
        return mac_text(packed) if packed else None


_PREFIXES = {0: 4, 8: 16, 9: 2, 12: 0, 14: 0, 101: 0, 108: 4, 113: 16, 178: 4, 228: 0, 229: 0, 276: 20}
_NAMES = {1: "ICMP", 2: "IGMP", 47: "GRE", 50: "ESP", 51: "AH", 58: "ICMPv6", 89: "OSPF", 103: "PIM", 132: "SCTP"}
_PORTS_UDP = {
    53: "DNS", 5353: "MDNS", 67: "DHCP", 68: "DHCP", 546: "DHCPv6", 547: "DHCPv6", 123: "NTP", 161: "SNMP", 162: "SNMP",
    514: "SYSLOG", 69: "TFTP", 500: "ISAKMP", 4500: "ISAKMP", 4789: "VXLAN", 6081: "GENEVE", 1900: "SSDP",
    5355: "LLMNR", 137: "NBNS", 138: "NBDGM", 1812: "RADIUS", 1813: "RADIUS", 5060: "SIP", 51820: "WIREGUARD",
}  # fmt: skip
_PORTS_TCP = {
    53: "DNS", 22: "SSH", 179: "BGP", 25: "SMTP", 587: "SMTP", 143: "IMAP", 110: "POP", 21: "FTP", 23: "TELNET",
    6379: "RESP", 5432: "PGSQL", 3306: "MYSQL", 445: "SMB2", 389: "LDAP", 2049: "NFS", 1883: "MQTT",
}  # fmt: skip
_LINK_TYPES = {0x0806: "ARP", 0x8035: "RARP", 0x88CC: "LLDP", 0x888E: "EAPOL", 0x8863: "PPPoED", 0x8809: "SLOW"}
_VLANS = frozenset((0x8100, 0x9100, 0x9200, 0x88A8))
_HTTP = (b"GET ", b"POST", b"HTTP", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"PATC", b"CONN")
_EXTENSIONS = frozenset((0, 43, 44, 60))
# A header in one go: this is done for every packet of a capture.
_IPV4 = struct.Struct("!BxH2xHBB2x4s4s")
_TCP = struct.Struct("!HHIIBBH")
_PORTS = struct.Struct("!HH")


def summarise(data: bytes, link: int, length: int) -> Summary:
    """What the packet is. Never raises; what is cut or unknown is said by the protocol's name at most."""
    at = 0
    source = destination = b""
    if link == 1:
        if len(data) < 14:
            return Summary("ETHERNET")
        kind = data[12] << 8 | data[13]
        at = 14
        while kind in _VLANS and len(data) >= at + 4:
            kind = data[at + 2] << 8 | data[at + 3]
            at += 4
        if kind == 0x8864 and len(data) >= at + 8:
            kind = {0x0021: 0x0800, 0x0057: 0x86DD}.get(data[at + 6] << 8 | data[at + 7], 0x8864)
            at += 8 if kind != 0x8864 else 0
        destination, source = data[0:6], data[6:12]
    elif link in _PREFIXES:
        at = _PREFIXES[link]
        if link in (113, 276) and len(data) >= at:
            place = 14 if link == 113 else 0
            kind = data[place] << 8 | data[place + 1]
        else:
            kind = {4: 0x0800, 6: 0x86DD}.get(data[at] >> 4, 0) if len(data) > at else 0
    else:
        return Summary("LINK")
    if kind == 0x0800 and len(data) >= at + 20 and data[at] >> 4 == 4:
        return _ipv4(data, at)
    if kind == 0x86DD and len(data) >= at + 40:
        return _ipv6(data, at)
    if kind in (0x0806, 0x8035) and len(data) >= at + 28 and data[at + 4] == 6 and data[at + 5] == 4:
        return Summary(_LINK_TYPES[kind], data[at + 14 : at + 18], data[at + 24 : at + 28], network=at)
    if kind <= 1500 and link == 1:
        return Summary("STP" if data[14:16] == b"\x42\x42" else "LLC", source, destination)
    name = _LINK_TYPES.get(kind) or ETHERTYPE_NAMES.get(kind, f"0x{kind:04x}").upper()
    return Summary(name, source, destination)


def _ipv4(data: bytes, at: int) -> Summary:
    first, whole, fragment, ttl, protocol, source, destination = _IPV4.unpack_from(data, at)
    header = (first & 0x0F) * 4
    if fragment & 0x1FFF or header < 20:
        return Summary("IPv4", source, destination, network=at, ttl=ttl)
    room = (whole or len(data) - at) - header
    return _transport(data, at, at + header, protocol, source, destination, room, ttl)


def _ipv6(data: bytes, at: int) -> Summary:
    protocol = data[at + 6]
    source, destination = data[at + 8 : at + 24], data[at + 24 : at + 40]
    place = at + 40
    room = data[at + 4] << 8 | data[at + 5]
    for _ in range(8):
        if protocol not in _EXTENSIONS or len(data) < place + 8:
            break
        if protocol == 44 and (data[place + 2] << 8 | data[place + 3]) & 0xFFF8:
            return Summary("IPv6", source, destination, network=at, ttl=data[at + 7])
        size = 8 if protocol == 44 else (data[place + 1] + 1) * 8
        protocol = data[place]
        place += size
        room -= size
    return _transport(data, at, place, protocol, source, destination, room, data[at + 7])


def _transport(
    data: bytes, network: int, at: int, protocol: int, source: bytes, destination: bytes, room: int, ttl: int
) -> Summary:
    if protocol == 6 and len(data) >= at + 20:
        one, other, sequence, ack, offset, flags, window = _TCP.unpack_from(data, at)
        at += (offset >> 4) * 4
        size = max(0, room - (offset >> 4) * 4)
        name = _over_tcp(data, at, one, other) if size else "TCP"
        return Summary(
            name, source, destination, one, other, 6, flags, sequence, ack, window, at, size, network, ttl
        )  # fmt: skip
    if protocol == 17 and len(data) >= at + 8:
        one, other = _PORTS.unpack_from(data, at)
        at += 8
        name = _PORTS_UDP.get(one) or _PORTS_UDP.get(other) or "UDP"
        if name == "UDP" and (one == 443 or other == 443) and len(data) > at and data[at] & 0x40:
            name = "QUIC"
        return Summary(name, source, destination, one, other, 17, -1, -1, -1, -1, at, max(0, room - 8), network, ttl)
    if protocol == 132 and len(data) >= at + 4:
        one, other = _PORTS.unpack_from(data, at)
        return Summary("SCTP", source, destination, one, other, 132, network=network, ttl=ttl)
    name = _NAMES.get(protocol) or PROTOCOL_NAMES.get(protocol, f"IP {protocol}").upper()
    return Summary(
        name, source, destination, transport=protocol, payload=at, size=max(0, room), network=network, ttl=ttl
    )


def _over_tcp(data: bytes, at: int, source: int, destination: int) -> str:
    """What TCP's payload is, by its first bytes, then by the ports."""
    head = data[at : at + 4]
    if len(head) >= 3 and head[0] in (20, 21, 22, 23) and head[1] == 3 and head[2] <= 4:
        return "TLS"
    if head in _HTTP:
        return "HTTP"
    return _PORTS_TCP.get(source) or _PORTS_TCP.get(destination) or "TCP"
