"""Packets inside packets: GRE (RFC 2784, 2890, 2637), VXLAN, Geneve, MPLS, ESP and IPComp, which hide theirs."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text
from pitop.model.packets.dissection import Dissection, bits
from pitop.model.packets.ethernet import by_ethertype, ethernet
from pitop.model.packets.ipv4 import ipv4
from pitop.model.packets.ipv6 import ipv6
from pitop.model.packets.ppp import ppp
from pitop.model.packets.registry import ETHERTYPES, application, ethertype, ip_protocol, ppp_protocol

__all__ = ["geneve", "gre", "mpls", "nsh", "vxlan"]

_BRIDGED = 0x6558
_IN_GRE = frozenset((0x0800, 0x86DD, 0x8847, 0x8137, 0x809B))


@ip_protocol(47)
def gre(d: Dissection, at: int, length: int) -> None:
    """Generic routing encapsulation, version 0, or 1 as PPTP uses it."""
    d.protocol = "gre"
    d.enter()
    if not d.has(at, 2) or length < 2:
        d.cut()
        return
    version = d.u16(at) & 0x0007
    d.say(f"GREv{version}")
    if version == 0:
        _gre0(d, at, length)
    elif version == 1:
        _gre1(d, at, length)
    else:
        d.say(" ERROR: unknown-version")


class _Fields:
    """A walk over the optional fields of a header: what does not fit ends it."""

    def __init__(self, d: Dissection, at: int, length: int) -> None:
        self.d = d
        self.at = at
        self.left = length

    def take(self, size: int) -> int | None:
        """The next field's value; None, and the cut said, when it is not there."""
        if not self.d.has(self.at, size) or self.left < size:
            self.d.cut()
            return None
        value = int.from_bytes(self.d.data[self.at : self.at + size], "big")
        self.at += size
        self.left -= size
        return value


def _gre0(d: Dissection, at: int, length: int) -> None:
    flags = d.u16(at)
    fields = _Fields(d, at + 2, length - 2)
    kind = fields.take(2)
    if kind is None:
        return
    if flags & 0xC000:
        if fields.take(2) is None or (offset := fields.take(2)) is None:
            return
        d.say(f", off 0x{offset:x}")
    for bit, form in ((0x2000, ", key=0x{:x}"), (0x1000, ", seq {}")):
        if flags & bit:
            value = fields.take(4)
            if value is None:
                return
            d.say(form.format(value))
    if flags & 0x4000 and not _routes(d, fields):
        return
    d.say(f", length {length}: ")
    if kind == _BRIDGED:
        ethernet(d, fields.at, fields.left)
    elif kind in _IN_GRE and kind in ETHERTYPES:
        ETHERTYPES[kind](d, fields.at, fields.left)
    elif kind == 0x00FE and 0xFEFE in ETHERTYPES:
        ETHERTYPES[0xFEFE](d, fields.at - 1, fields.left + 1)
    else:
        d.say(f"gre-proto-0x{kind:x}")


def _routes(d: Dissection, fields: _Fields) -> bool:
    """Source route entries (RFC 1701); False when they are cut."""
    while True:
        d.step()
        entry = fields.take(4)
        if entry is None:
            return False
        family, offset, size = entry >> 16, entry >> 8 & 0xFF, entry & 0xFF
        if family == 0 and size == 0:
            return True
        width = {0x0800: 4, 0xFFFE: 2}.get(family)
        if width is None:
            d.say(f", (rtaf=0x{family:x})")
        else:
            d.say(", (rtaf=ip" if width == 4 else ", (rtaf=asn")
            if offset % width:
                d.say(f", badoffset={offset}")
            elif size % width:
                d.say(f", badlength={size}")
            elif offset >= size:
                d.say(f", badoff/len={offset}/{size}")
            else:
                for place in range(0, size, width):
                    if not d.has(fields.at + place, width) or fields.left - place < width:
                        d.say(")")
                        d.cut()
                        return False
                    content = d.bytes(fields.at + place, width)
                    text = ipv4_text(content) if width == 4 else f"{int.from_bytes(content, 'big'):x}"
                    d.say(f" {'*' if place == offset else ''}{text}")
            d.say(")")
        if fields.left < size:
            d.cut()
            return False
        fields.at += size
        fields.left -= size


def _gre1(d: Dissection, at: int, length: int) -> None:
    flags = d.u16(at)
    fields = _Fields(d, at + 2, length - 2)
    kind = fields.take(2)
    if kind is None:
        return
    for bit, form in ((0x2000, ", call {}"), (0x1000, ", seq {}"), (0x0080, ", ack {}")):
        if flags & bit:
            value = fields.take(4)
            if value is None:
                return
            d.say(form.format(value & 0xFFFF if bit == 0x2000 else value))
    if not flags & 0x1000:
        d.say(f", no-payload, length {length}")
        return
    d.say(f", length {length}: ")
    if kind == 0x880B:
        ppp(d, fields.at, fields.left)
    else:
        d.say(f"gre-proto-0x{kind:x}")


@application(90, udp=(4789,))
def vxlan(d: Dissection, at: int, length: int) -> None:
    """A virtual LAN over UDP (RFC 7348); the inner frame stands on a line of its own, as tcpdump prints it."""
    d.protocol = "vxlan"
    d.enter()
    d.say("VXLAN")
    if length < 8:
        d.invalid()
        return
    flags = d.u8(at)
    d.say(f", flags [{bits({0x08: 'I'}, 'invalid', flags, '')}] (0x{flags:02x}), vni {d.u24(at + 4)}\n")
    d.need(at + 7, 1)
    ethernet(d, at + 8, length - 8)


_GENEVE_FLAGS = {0x80: "O", 0x40: "C", 0x20: "R1", 0x10: "R2", 0x08: "R3", 0x04: "R4", 0x02: "R5", 0x01: "R6"}


@application(91, udp=(6081,))
def geneve(d: Dissection, at: int, length: int) -> None:
    """Generic network virtualisation encapsulation (RFC 8926)."""
    d.protocol = "geneve"
    d.enter()
    d.say("Geneve")
    if length < 8:
        d.say(f" [length {length} < 8]")
        d.invalid()
        return
    if not d.has(at, 8):
        d.cut()
        return
    first, flags, kind, network, reserved = d.u8(at), d.u8(at + 1), d.u16(at + 2), d.u24(at + 4), d.u8(at + 7)
    if first >> 6:
        d.say(f" ERROR: unknown-version {first >> 6}")
        return
    d.say(f", Flags [{bits(_GENEVE_FLAGS, 'none', flags, '')}], vni 0x{network:x}")
    if reserved:
        d.say(f", rsvd 0x{reserved:x}")
    at += 8
    length -= 8
    options = (first & 0x3F) * 4
    if length < options:
        d.say(f" truncated-geneve - {options - length} bytes missing")
        return
    if not d.has(at, options):
        d.cut()
        return
    if options:
        d.say(f", options [{options} bytes]")
    d.say(": ")
    at += options
    length -= options
    if kind == _BRIDGED:
        ethernet(d, at, length)
    elif not by_ethertype(d, kind, at, length):
        d.say(f"geneve-proto-0x{kind:x}")


@application(94, udp=(4790,))
def _vxlan_gpe(d: Dissection, at: int, length: int) -> None:
    """VXLAN that says what it carries."""
    d.protocol = "vxlan_gpe"
    d.enter()
    d.say("VXLAN-GPE, ")
    if length < 8:
        d.say(f" (len {length} < 8)")
        d.invalid()
        return
    flags = bits({0x08: "I", 0x04: "P", 0x02: "B", 0x01: "O"}, "none", d.u8(at), "")
    kind = d.u8(at + 3)
    d.say(f"flags [{flags}], vni {d.u24(at + 4)}: ")
    d.need(at + 7, 1)
    _next(d, kind, at + 8, length - 8)


def _next(d: Dissection, kind: int, at: int, length: int) -> None:
    if kind == 1:
        ipv4(d, at, length)
    elif kind == 2:
        ipv6(d, at, length)
    elif kind == 3:
        ethernet(d, at, length)
    elif kind == 4 and d.protocol != "nsh":
        nsh(d, at, length)
    else:
        d.say("ERROR: unknown-next-protocol")
        if d.protocol != "nsh":
            d.invalid()


@ethertype(0x894F)
def nsh(d: Dissection, at: int, length: int) -> None:
    """The network service header (RFC 8300)."""
    d.protocol = "nsh"
    if length < 8:
        d.say(f" (packet length {length} < 8)")
        d.invalid()
        return
    base = d.u32(at)
    words = base >> 16 & 0x3F
    d.say("NSH, ")
    if base >> 30:
        return
    d.say(f"flags [{bits({0x2: 'O'}, 'none', base >> 28 & 0x3)}], ")
    if length < words * 4:
        d.say(f" (too many headers for packet length {length})")
        d.invalid()
        return
    d.say(f"service-path-id 0x{d.u24(at + 4):06x}, service-index 0x{d.u8(at + 7):x}")
    if words < 2:
        d.say(" (less than two headers)")
        d.invalid()
        return
    d.need(at, words * 4)
    d.say(": ")
    _next(d, base & 0xFF, at + words * 4, length - words * 4)


@application(95, udp=(6635,))
@ppp_protocol(0x0281, 0x0283)
@ethertype(0x8847, 0x8848)
def mpls(d: Dissection, at: int, length: int) -> None:
    """A stack of labels (RFC 3032), and the packet under it by its first byte."""
    d.protocol = "mpls"
    d.say("MPLS")
    while True:
        if length < 4:
            d.invalid()
            d.need(at, length)
            return
        d.step()
        entry = d.u32(at)
        bottom = entry >> 8 & 1
        d.say(f" (label {entry >> 12}, tc {entry >> 9 & 0x07}{', [S]' if bottom else ''}, ttl {entry & 0xFF})")
        at += 4
        length -= 4
        if bottom:
            break
    label = entry >> 12
    if label not in (0, 2, 3) and length < 1:
        return
    first = 0x45 if label in (0, 3) else 0x60 if label == 2 else d.u8(at)
    if 0x45 <= first <= 0x4F:
        d.say(" ")
        ipv4(d, at, length)
    elif 0x60 <= first <= 0x6F:
        d.say(" ")
        ipv6(d, at, length)
    elif 0x81 <= first <= 0x83 and 0xFEFE in ETHERTYPES:
        d.say(" ")
        ETHERTYPES[0xFEFE](d, at - 1, length + 1)
    else:
        d.dump(at, length)


@ip_protocol(143)
def _bridged(d: Dissection, at: int, length: int) -> None:
    ethernet(d, at, length)


@ip_protocol(50)
def _esp(d: Dissection, at: int, length: int) -> None:
    """An encrypted payload (RFC 4303)."""
    d.protocol = "esp"
    if at + 8 >= d.end:
        d.cut()
        return
    d.say(f"ESP(spi=0x{d.u32(at):08x},seq=0x{d.u32(at + 4):x}), length {length & 0xFFFFFFFF}")


@ip_protocol(108)
def _compressed(d: Dissection, at: int, length: int) -> None:
    """A compressed payload (RFC 3173)."""
    d.protocol = "ipcomp"
    d.say(f"IPComp(cpi=0x{d.u16(at + 2):04x})")
