"""Link layers: what a capture's packets begin with, by the numbers of pcap-linktype(7)."""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.packets.addresses import mac_text
from pitop.model.packets.dissection import Dissection, Printer
from pitop.model.packets.ethernet import by_ethertype, ethernet, ethernet_tagged
from pitop.model.packets.ipv4 import ipv4
from pitop.model.packets.ipv6 import any_ip, ipv6
from pitop.model.packets.llc import llc
from pitop.model.packets.numbers import ETHERTYPE_NAMES
from pitop.model.packets.ppp import NAMES, by_ppp, ppp, pppoe

__all__ = ["LINKS", "LINK_NAMES"]

_FAMILIES = {2: "IPv4", 7: "ISO", 16: "Appletalk", 23: "IPX", 24: "IPv6", 28: "IPv6", 30: "IPv6"}
_DIRECTIONS = {0: "In", 1: "B", 2: "M", 3: "P", 4: "Out"}


def _null(d: Dissection, at: int, length: int) -> None:
    """BSD loopback: an address family, in the byte order of the machine that captured."""
    d.protocol = "null"
    d.need(at, 4)
    family = int.from_bytes(d.data[at : at + 4], "little")
    if family & 0xFFFF0000:
        family = int.from_bytes(family.to_bytes(4, "little"), "big")
    if family == 2:
        ipv4(d, at + 4, length - 4)
    elif family in (24, 28, 30):
        ipv6(d, at + 4, length - 4)
    else:
        d.say(f"AF {_FAMILIES.get(family, 'Unknown')} ({family}), length {length}: ")
        d.dump(at + 4, d.left(at + 4))


def _cooked(d: Dissection, at: int, length: int) -> None:
    """Linux cooked capture, version 1."""
    d.protocol = "sll"
    d.need(at, 16)
    _cooked_content(d, at + 16, length - 16, d.u16(at + 14), lambda: _cooked_header(d, at, length))


def _cooked_header(d: Dissection, at: int, length: int) -> None:
    direction = _DIRECTIONS.get(d.u16(at), "?")
    d.say(f"{direction:>3} ")
    if d.u16(at + 4) == 6:
        d.say(mac_text(d.bytes(at + 6, 6)) + " ")
    kind = d.u16(at + 14)
    d.say(f"ethertype {ETHERTYPE_NAMES.get(kind, 'Unknown')} (0x{kind:04x}), length {length}: ")


def _cooked2(d: Dissection, at: int, length: int) -> None:
    """Linux cooked capture, version 2, which names the interface by its number."""
    d.protocol = "sll2"
    d.need(at, 20)
    d.say(f"{'?':<5} {_DIRECTIONS.get(d.u8(at + 10), '?'):<3} ")
    _cooked_content(d, at + 20, length - 20, d.u16(at), lambda: _cooked2_header(d, at, length))


def _cooked2_header(d: Dissection, at: int, length: int) -> None:
    d.say(f"ifindex {d.u32(at + 4)} ")
    if d.u8(at + 11) == 6:
        d.say(mac_text(d.bytes(at + 12, 6)) + " ")
    kind = d.u16(at)
    d.say(f"ethertype {ETHERTYPE_NAMES.get(kind, 'Unknown')} (0x{kind:04x}), length {length}: ")


def _cooked_content(d: Dissection, at: int, length: int, kind: int, header: Callable[[], None]) -> None:
    while kind == 0x8100:
        if d.left(at) < 4:
            d.protocol = "vlan"
            d.cut()
            return
        kind = d.u16(at + 2)
        if kind <= 1500:
            kind = 4
        d.say(f"ethertype {ETHERTYPE_NAMES.get(kind, 'Unknown')}, ")
        at += 4
        length -= 4
    if kind == 4:
        if not llc(d, at, length):
            d.dump(at, d.left(at))
    elif kind <= 1500:
        d.dump(at, d.left(at))
    elif not by_ethertype(d, kind, at, length):
        header()
        d.dump(at, d.left(at))


def _ppp(d: Dissection, at: int, length: int) -> None:
    """PPP as its daemon hands it over."""
    d.protocol = "ppp"
    if d.left(at) < 4:
        d.cut()
        return
    ppp(d, at, length)


def _ppp_hdlc(d: Dissection, at: int, length: int) -> None:
    """PPP in HDLC-like framing (RFC 1662)."""
    d.protocol = "ppp_hdlc"
    if d.left(at) < 2:
        d.cut()
        return
    first = d.u8(at)
    if first in (0x0F, 0x8F):
        _cisco_hdlc(d, at, length)
        return
    if d.left(at) < 4:
        d.cut()
        return
    if first != 0xFF:
        d.say(f"unknown addr {d.u8(at + 2):02x}; ctrl {d.u8(at + 3):02x}")
        return
    kind = d.u16(at + 2)
    d.say(NAMES.get(kind, f"unknown PPP protocol (0x{kind:04x})") + ": ")
    by_ppp(d, kind, at + 4, length - 4)


def _cisco_hdlc(d: Dissection, at: int, length: int) -> None:
    """Cisco's HDLC: two bytes and an EtherType."""
    d.protocol = "chdlc"
    if length < 4 or d.left(at) < 4:
        d.cut()
        return
    kind = d.u16(at + 2)
    if kind == 0x0800:
        ipv4(d, at + 4, length - 4)
    elif kind == 0x86DD:
        ipv6(d, at + 4, length - 4)
    elif not by_ethertype(d, kind, at + 4, length - 4):
        d.say(f"unknown CHDLC protocol (0x{kind:04x})")


def _raw(d: Dissection, at: int, length: int) -> None:
    """IP without any link layer."""
    d.protocol = "raw"
    if length < 4:
        d.say(f"truncated-ip {length}")
        return
    any_ip(d, at, length)


def _dsa_tag(d: Dissection, at: int) -> None:
    d.say("DSA ")
    _dsa(d, at)


def _edsa_tag(d: Dissection, at: int) -> None:
    d.say(f"EDSA 0x{d.u16(at):04x}, ")
    _dsa(d, at + 4)


def _dsa(d: Dissection, at: int) -> None:
    """Marvell's switch tag: which port a frame came from or goes to."""
    first, second = d.u8(at), d.u8(at + 1)
    port = f"{first & 0x1F}.{second >> 3}"
    mode = first >> 6
    if mode == 3:
        d.say(f"Forward {'trunk' if second & 0x04 else 'port'} {port}, ")
    elif mode == 1:
        d.say(f"CPU > port {port}, ")
    elif mode == 0:
        d.say(f"port {port} > CPU, ")
    else:
        d.say(f"port {port} > {'Rx' if second & 0x04 else 'Tx'} Sniffer, ")
    d.say(f"VLAN {d.u16(at + 2) & 0x0FFF}{'t' if first & 0x20 else 'u'}, ")


def _broadcom_tag(d: Dissection, at: int) -> None:
    tag = d.bytes(at, 4)
    d.say(f"BRCM tag OP: {'IG' if tag[0] else 'EG'}")
    if tag[0] & 0x20:
        edge = ("None", "Untag", "Header", "Reserved")[tag[1] & 0x03]
        d.say(f", TC: {tag[1] >> 2 & 0x07}, TE: {edge}, TS: {tag[1] >> 7}")
        d.say(f", DST map: 0x{(tag[2] << 8 | tag[3]) & 0x1FF:04x}, ")
    else:
        reasons = {1: "mirror", 2: "MAC learning", 4: "switching", 8: "prot term", 16: "prot snoop", 32: "exception"}
        d.say(f", CID: {tag[1]}, RC: {reasons.get(tag[2], 'reserved')}, TC: {tag[3] >> 5}, port: {tag[3] & 0x1F}, ")


def _dsa_link(d: Dissection, at: int, length: int) -> None:
    d.protocol = "dsa"
    ethernet_tagged(d, at, length, 4, _dsa_tag)


def _edsa_link(d: Dissection, at: int, length: int) -> None:
    d.protocol = "edsa"
    ethernet_tagged(d, at, length, 8, _edsa_tag)


def _broadcom(d: Dissection, at: int, length: int) -> None:
    d.protocol = "brcm-tag"
    ethernet_tagged(d, at, length, 4, _broadcom_tag)


def _broadcom_before(d: Dissection, at: int, length: int) -> None:
    d.protocol = "brcm-tag-prepend"
    d.need(at, 4)
    ethernet(d, at + 4, length - 4)


def _netfilter(d: Dissection, at: int, length: int) -> None:
    """Netfilter's log: attributes, one of which holds the packet."""
    d.protocol = "nflog"
    if d.left(at) < 4 or length < 4:
        d.cut()
        return
    if d.u8(at + 1):
        d.say(f"version {d.u8(at + 1)} (unknown)")
        return
    family = d.u8(at)
    at += 4
    length -= 4
    while length > 0:
        d.step()
        if d.left(at) < 4 or length < 4:
            d.cut()
            return
        size, kind = d.little16(at), d.little16(at + 2)
        if size % 4:
            size += 4 - size % 4
        if size < 4:
            d.say(f"TLV size < {4}")
            return
        if d.left(at) < size or length < size:
            d.cut()
            return
        if kind == 9:
            at += 4
            length -= 4
            break
        at += size
        length -= size
    if family == 2:
        ipv4(d, at, length)
    elif family == 10:
        ipv6(d, at, length)
    else:
        d.say(f"AF Unknown ({family}), length {length}: ")
        d.dump(at, d.left(at))


def _solaris(d: Dissection, at: int, length: int) -> None:
    """Solaris's ipnet: 24 bytes about zones and interfaces, then IP."""
    d.protocol = "ipnet"
    d.need(at, 24)
    family = d.u8(at + 1)
    if family == 2:
        ipv4(d, at + 24, length - 24)
    elif family == 26:
        ipv6(d, at + 24, length - 24)
    else:
        d.say(f"{d.u32(at + 16)} > {d.u32(at + 20)}, family Unknown ({family}), length {length}: ")
        d.dump(at + 24, d.left(at + 24))


def _infiniband(d: Dissection, at: int, length: int) -> None:
    """IP over InfiniBand: addresses of 20 bytes, then an EtherType."""
    d.protocol = "ipoib"
    if d.left(at) < 44 or length < 44:
        d.cut()
        return
    kind = d.u16(at + 40)
    if not by_ethertype(d, kind, at + 44, length - 44):
        name = ETHERTYPE_NAMES.get(kind, "Unknown")
        d.say(f", ethertype {name} (0x{kind:04x}), length {length}: ")
        d.dump(at + 44, d.left(at + 44))


def _slip(d: Dissection, at: int, length: int) -> None:
    """A serial line: 16 bytes about compression, then IP."""
    d.protocol = "slip"
    if not d.has(at, 16):
        d.cut()
        return
    version = d.u8(at + 16) >> 4
    if version == 4:
        ipv4(d, at + 16, length - 16)
    elif version == 6:
        ipv6(d, at + 16, length - 16)
    else:
        d.say(f"ip v{version}")


def _frame_relay(d: Dissection, at: int, length: int) -> None:
    """Frame relay: an address, then what it carries by an NLPID (RFC 2427) or, Cisco's way, by an EtherType."""
    d.protocol = "fr"
    size = 1
    while not d.u8(at + size - 1) & 1:
        size += 1
        if size > 4:
            d.say("Q.922, invalid address")
            return
    inside = at + size
    if d.u8(inside) != 3:
        kind = d.u16(inside)
        if not by_ethertype(d, kind, inside + 2, length - size - 2):
            d.say(f"Q.922, ethertype Unknown (0x{kind:04x}), length {length}: ")
            d.dump(inside + 2, d.left(inside + 2))
        return
    inside += 1 + (d.u8(inside + 1) == 0)  # a byte of padding may stand before the NLPID
    kind = d.u8(inside)
    rest = length - (inside + 1 - at)
    if kind == 0xCC:
        ipv4(d, inside + 1, rest)
    elif kind == 0x8E:
        ipv6(d, inside + 1, rest)
    else:
        d.say(f"Q.922, NLPID unknown (0x{kind:02x}), length {length}: ")
        d.dump(inside + 1, d.left(inside + 1))


def _juniper_ethernet(d: Dissection, at: int, length: int) -> None:
    """Juniper's header with its extensions, then a frame."""
    d.protocol = "juniper_ether"
    flags = d.u8(at + 3)
    if d.u24(at) != 0x4D4743:
        d.say("no magic-number found!")
        return
    size = 4
    if flags & 0x80:
        size += 2 + d.u16(at + 4)
        d.need(at, size)
    ethernet(d, at + size, length - size)


LINKS: dict[int, Printer] = {
    0: _null, 1: ethernet, 8: _slip, 9: _ppp, 12: _raw, 14: _raw, 50: _ppp_hdlc, 51: pppoe, 101: _raw,
    104: _cisco_hdlc, 107: _frame_relay, 108: _null, 113: _cooked, 178: _juniper_ethernet, 226: _solaris,
    228: ipv4, 229: ipv6, 239: _netfilter, 242: _infiniband, 276: _cooked2, 281: _broadcom, 282: _broadcom_before,
    284: _dsa_link, 285: _edsa_link,
}  # fmt: skip
LINK_NAMES = {
    0: "NULL", 1: "EN10MB", 6: "IEEE802", 7: "ARCNET", 8: "SLIP", 9: "PPP", 10: "FDDI", 12: "RAW", 14: "RAW",
    50: "PPP_SERIAL", 51: "PPP_ETHER", 101: "RAW", 104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY", 108: "LOOP",
    113: "LINUX_SLL", 117: "PFLOG", 127: "IEEE802_11_RADIO", 129: "ARCNET_LINUX", 147: "USER0",
    189: "USB_LINUX", 192: "PPI", 195: "IEEE802_15_4", 220: "USB_LINUX_MMAPPED", 226: "IPNET", 227: "CAN_SOCKETCAN",
    228: "IPV4", 229: "IPV6", 231: "DBUS", 239: "NFLOG", 251: "BLUETOOTH_LE_LL", 253: "NETLINK", 271: "VSOCK",
    276: "LINUX_SLL2", 281: "DSA_TAG_BRCM", 282: "DSA_TAG_BRCM_PREPEND", 284: "DSA_TAG_DSA", 285: "DSA_TAG_EDSA",
}  # fmt: skip
