"""IPv4 (RFC 791), and the table of what it and IPv6 carry."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.numbers import PROTOCOL_NAMES
from pitop.model.packets.registry import IP_PROTOCOLS, ethertype, ip_protocol, ppp_protocol

__all__ = ["PORTED", "ip_payload", "ipv4"]

PORTED = frozenset((6, 17, 33, 132))  # these print the addresses themselves, with their ports
_ONLY = {1: 4, 2: 4, 58: 6, 143: 6}  # protocols that belong to one version of IP


@ip_protocol(4)
@ppp_protocol(0x0021)
@ethertype(0x0800)
def ipv4(d: Dissection, at: int, length: int) -> None:
    """An IPv4 packet."""
    d.protocol = "ip"
    first = d.u8(at)
    if first >> 4 != 4:
        d.say("IP6, wrong link-layer encapsulation" if first >> 4 == 6 else f"IP{first >> 4}")
        d.invalid()
        return
    d.enter()
    d.say("IP ")
    d.need(at, 20)
    if length < 20:
        d.say(f"truncated-ip {length}")
        return
    header = (first & 0x0F) * 4
    if header < 20:
        d.say(f"bad-hlen {header}")
        return
    data = d.data
    size = data[at + 2] << 8 | data[at + 3]
    if length < size:
        d.say(f"truncated-ip - {size - length} bytes missing! ")
    if size < header:
        if size:
            d.say(f"bad-len {size}")
            return
        size = length  # a segment that the network card was to cut up
    end, d.end = d.end, min(d.end, at + size)
    offset = data[at + 6] << 8 | data[at + 7]
    protocol = data[at + 9]
    outer = d.source, d.destination, d.next_header
    d.source, d.destination, d.next_header = data[at + 12 : at + 16], data[at + 16 : at + 20], protocol
    if offset & 0x1FFF:
        d.say(f"{ipv4_text(d.source)} > {ipv4_text(d.destination)}: ip-proto-{protocol}")
    else:
        if protocol not in PORTED:
            d.say(f"{ipv4_text(d.source)} > {ipv4_text(d.destination)}: ")
        if not d.has(at, header):
            d.say(f" [remaining caplen({d.left(at)}) < header length({header})]")
            d.need(at, header)
        ip_payload(d, at + header, size - header, protocol, 4)
    d.source, d.destination, d.next_header = outer
    d.end = end


def ip_payload(d: Dissection, at: int, length: int, protocol: int, version: int) -> None:
    """What an IP header says it carries."""
    while protocol == 51:
        d.protocol = "ah"
        if not d.has(at, 1):
            d.cut()
            return
        protocol = d.data[at]
        size = _authentication(d, at)
        d.step()
        at += size
        length -= size
    if _ONLY.get(protocol, version) != version:
        d.say(f"[{PROTOCOL_NAMES[protocol]} requires IPv{_ONLY[protocol]}]")
        d.invalid()
        return
    printer = IP_PROTOCOLS.get(protocol)
    if printer is not None:
        printer(d, at, length)
    elif protocol == 59:
        d.say("no next header")
    else:
        d.say(f" ip-proto-{protocol} {length & 0xFFFFFFFF}")


def _authentication(d: Dissection, at: int) -> int:
    """The IP authentication header (RFC 4302): its size in bytes."""
    size = (d.u8(at + 1) + 2) * 4
    d.say("AH(")
    reserved = d.u16(at + 2)
    if reserved:
        d.say(f"reserved=0x{reserved:x}[MustBeZero],")
    d.say(f"spi=0x{d.u32(at + 4):08x},seq=0x{d.u32(at + 8):x},icv=0x")
    stop = min(at + size, d.end)
    d.say(d.data[at + 12 : stop].hex())
    d.need(at, size)
    d.say("): ")
    return size
