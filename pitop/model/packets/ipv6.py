"""IPv6 and its extension headers (RFC 8200, RFC 6275, RFC 8754, RFC 2675)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv6_text
from pitop.model.packets.dissection import Dissection, bits
from pitop.model.packets.ipv4 import PORTED, ip_payload, ipv4
from pitop.model.packets.registry import ethertype, ip_protocol, ppp_protocol

__all__ = ["any_ip", "ipv6"]

_MOBILITY = {0: "BRR", 1: "HoTI", 2: "CoTI", 3: "HoT", 4: "CoT", 5: "BU", 6: "BA", 7: "BE"}
_MOBILITY_LEAST = {0: 8, 1: 16, 2: 16, 3: 24, 4: 24, 5: 12, 6: 12, 7: 24}


class _Enough(Exception):
    """A header has said what there was to say; nothing after it can be read."""


def any_ip(d: Dissection, at: int, length: int) -> None:
    """An IP packet of the version that its first four bits say."""
    d.protocol = "ipn"
    if length < 1:
        d.say(f"truncated-ip {length}")
        return
    version = d.u8(at) >> 4
    if version == 4:
        ipv4(d, at, length)
    elif version == 6:
        ipv6(d, at, length)
    else:
        d.say(f"unknown ip {version}")


@ip_protocol(41)
@ppp_protocol(0x0057)
@ethertype(0x86DD)
def ipv6(d: Dissection, at: int, length: int) -> None:
    """An IPv6 packet."""
    d.protocol = "ip6"
    d.enter()
    d.need(at, 40)
    if length < 40:
        d.say(f"truncated-ip6 {length}")
        return
    d.say("IP6 ")
    version = d.data[at] >> 4
    if version != 6:
        d.say(f"version error: {version} != 6")
        return
    payload = d.u16(at + 4)
    size = payload + 40 if payload else length + 40
    if payload and length < size:
        d.say(f"truncated-ip6 - {size - length} bytes missing!")
    end, d.end = d.end, min(d.end, at + size)
    outer = d.source, d.destination, d.next_header
    d.source, d.destination, d.next_header = d.data[at + 8 : at + 24], d.data[at + 24 : at + 40], d.data[at + 6]
    try:
        _Headers(d, at, length, payload, size).walk()
    except _Enough:
        pass
    d.source, d.destination, d.next_header = outer
    d.end = end


class _Headers:
    """The walk along the chain of extension headers."""

    def __init__(self, d: Dissection, at: int, length: int, payload: int, size: int) -> None:
        self.d = d
        self.start = at
        self.length = length
        self.payload = payload
        self.left = size
        self.jumbo = False

    def walk(self) -> None:
        d = self.d
        at = self.start
        step = 40
        kind = d.next_header
        before = -1
        extended = hop_by_hop = fragmented = False
        while at < d.end:
            if self.left < step:
                d.cut()
                return
            at += step
            self.left -= step
            d.step()
            if at == self.start + 40 and kind not in PORTED:
                d.say(f"{ipv6_text(d.source)} > {ipv6_text(d.destination)}: ")
            if kind == 0:
                if hop_by_hop:
                    d.say("[The Hop-by-Hop Options header was already found]")
                    d.invalid()
                    return
                if before >= 0:
                    d.say("[The Hop-by-Hop Options header don't follow the IPv6 header]")
                    d.invalid()
                    return
                step = self._options(at, "hbhopt", "HBH ")
                hop_by_hop = True
            elif kind == 60:
                step = self._options(at, "dstopt", "DSTOPT ")
            elif kind == 44:
                step = self._fragment(at)
                fragmented = True
                if d.end <= at + step:
                    return
            elif kind == 43:
                step = self._routing(at)
            elif kind in (62, 135):
                _mobility(d, at)
                return
            else:
                self._rest(at, kind, extended, fragmented)
                return
            extended = True
            before, kind = kind, d.u8(at)
            d.protocol = "ip6"

    def _rest(self, at: int, kind: int, extended: bool, fragmented: bool) -> None:
        d = self.d
        length = self.left
        if self.jumbo:
            whole = self.payload + 40
            if whole < at - self.start:
                d.cut()
                return
            if self.length < whole:
                d.say(f"truncated-ip6 - {whole - self.length} bytes missing!")
            length = whole - (at - self.start)
        elif self.payload == 0:
            if extended:
                d.cut()
                return
            d.end = min(d.end, self.start + 40)
            length = 0
        ip_payload(d, at, length, kind, 6)

    def _options(self, at: int, protocol: str, word: str) -> int:
        d = self.d
        d.protocol = protocol
        size = (d.u8(at + 1) + 1) * 8
        d.need(at, size)
        d.say(word)
        if protocol == "hbhopt" and not self._hop_options(at + 2, size - 2):
            d.cut()
            raise _Enough
        return size

    def _hop_options(self, at: int, size: int) -> bool:
        d = self.d
        walked = 0
        while walked < size:
            d.step()
            kind = d.u8(at + walked)
            if kind == 0:
                walked += 1
                continue
            if walked + 1 >= size:
                return False
            option = d.u8(at + walked + 1) + 2
            if walked + option > size:
                return False
            if kind == 5 and option != 4:
                short = size - walked < 4
                d.say("(rtalert: trunc)" if short else f"(rtalert: invalid len {option - 2})")
                return False
            if kind == 0xC2:
                if option != 6:
                    d.say("(jumbo: trunc)" if size - walked < 6 else f"(jumbo: invalid len {option - 2})")
                    return False
                jumbo = d.u32(at + walked + 2)
                if not self.jumbo and self.payload == 0 and jumbo >= 65536:
                    self.jumbo = True
                    self.payload = jumbo
            walked += option
        if self.payload == 0 and not self.jumbo:
            d.say("[No valid Jumbo Payload Hop-by-Hop option found]")
            d.invalid()
            raise _Enough
        return True

    def _fragment(self, at: int) -> int:
        d = self.d
        d.protocol = "frag6"
        place = d.u16(at + 2)
        size = 40 + d.u16(self.start + 4) - (at - self.start) - 8
        d.say(f"frag ({place & 0xFFF8}|{size & 0xFFFFFFFFFFFFFFFF})")
        if place & 0xFFF8:
            raise _Enough
        d.say(" ")
        return 8

    def _routing(self, at: int) -> int:
        d = self.d
        d.need(at, 1)
        d.protocol = "rt6"
        size, kind = d.u8(at + 1), d.u8(at + 2)
        d.say(f"RT6 (len={size}, type={kind}{' [Deprecated]' if kind == 0 else ''}, segleft={d.u8(at + 3)}")
        if kind in (0, 2):
            reserved = d.u32(at + 4)
            if reserved:
                d.say(f", rsv=0x{reserved:x}")
        elif kind == 4:
            d.say(f", last-entry={d.u8(at + 4)}")
            flags = d.u8(at + 5)
            if flags:
                d.say(f", flags=0x{flags:x}")
            d.say(f", tag={d.u16(at + 6):x}")
        else:
            d.say(" (unknown type)")
            d.invalid()
            raise _Enough
        if size % 2:
            d.say(f" (invalid length {size})")
            d.invalid()
            raise _Enough
        for number in range(size // 2):
            d.say(f", [{number}]{ipv6_text(d.bytes(at + 8 + 16 * number, 16))}")
        d.say(") ")
        return (size + 1) * 8


def _mobility(d: Dissection, at: int) -> None:
    """The mobility header (RFC 6275)."""
    d.protocol = "mobility"
    if not d.has(at + 1, 1):
        d.cut()
        return
    size = (d.u8(at + 1) + 1) * 8
    kind = d.u8(at + 2)
    if size < _MOBILITY_LEAST.get(kind, 0):
        d.say(f"(header length {size} is too small for type {kind})")
        d.cut()
        return
    d.say("mobility: " + _MOBILITY.get(kind, f"type-#{kind}"))
    if kind not in _MOBILITY:
        d.say(f" len={d.u8(at + 1)}")
    elif kind in (3, 4):
        d.say(f" nonce id=0x{d.u16(at + 6):x}")
    elif kind == 5:
        d.say(f" seq#={d.u16(at + 6)}")
        d.need(at + 8, 2)
        flags = d.u8(at + 8)
        if flags & 0xF0:
            d.say(" " + bits({0x80: "A", 0x40: "H", 0x20: "L", 0x10: "K"}, "", flags, ""))
        d.say(f" lifetime={d.u16(at + 10) << 2}")
    elif kind == 6:
        d.say(f" status={d.u8(at + 6)}")
        if d.u8(at + 7) & 0x80:
            d.say(" K")
        d.say(f" seq#={d.u16(at + 8)}")
        d.say(f" lifetime={d.u16(at + 10) << 2}")
    elif kind == 7:
        d.say(f" status={d.u8(at + 6)}")
        d.say(f" homeaddr {ipv6_text(d.bytes(at + 8, 16))}")
