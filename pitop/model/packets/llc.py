"""IEEE 802.2 logical link control and SNAP, and what lives only there."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection, bits
from pitop.model.packets.numbers import ETHERTYPE_NAMES
from pitop.model.packets.registry import ETHERTYPES, IP_PROTOCOLS
from pitop.model.packets.stp import stp

__all__ = ["llc", "snap"]

_SAPS = {
    0x00: "Null", 0xFF: "Global", 0x02: "802.1B I", 0x03: "802.1B G", 0x06: "IP", 0x04: "SNA", 0x0E: "ProWay NM",
    0x42: "STP", 0x4E: "RS511", 0x7E: "ISO8208", 0x8E: "ProWay", 0xAA: "SNAP", 0xE0: "IPX", 0xF0: "NetBeui",
    0xFE: "OSI",
}  # fmt: skip
_COMMANDS = {
    0x03: "ui", 0xE3: "test", 0xAF: "xid", 0x6F: "sabme", 0x43: "disc", 0x63: "ua", 0x87: "frmr", 0x0F: "dm",
}  # fmt: skip
_SUPERVISORY = {0: "Receiver Ready", 1: "Receiver not Ready", 2: "Reject"}
_POLLS = {0: "Command", 1: "Response", 0x10: "Poll", 0x11: "Final", 0x100: "Poll", 0x101: "Final"}
_OUIS = {
    0x000000: "Ethernet", 0x00000C: "Cisco", 0x00005E: "IANA", 0x000081: "Nortel Networks SONMP",
    0x0000F8: "Cisco bridged", 0x0080C2: "Ethernet bridged", 0x00A03E: "ATM Forum", 0x00E02F: "DOCSIS Spanning Tree",
    0x080007: "Appletalk", 0x009069: "Juniper", 0x080009: "Hewlett-Packard", 0x00120F: "IEEE 802.3 Private",
    0x0012BB: "ANSI/TIA", 0x001B21: "DCBX", 0x002320: "Nicira Networks", 0x5C16C7: "Big Switch Networks",
    0xB0D2F5: "Vello Systems", 0x002481: "HP", 0x0004EA: "HP-Labs", 0x748771: "Infoblox Inc",
    0xA42305: "Open Networking Lab", 0x00049F: "Freescale", 0x0015AD: "Netronome", 0x001018: "Broadcom",
    0x00E004: "PMC-Sierra", 0xD0F0DB: "Ericsson",
}  # fmt: skip
_CISCO = {
    0x0102: "DRiP", 0x0104: "PAgP", 0x010B: "PVST", 0x010C: "VLAN Bridge", 0x0111: "UDLD", 0x2000: "CDP",
    0x2003: "VTP", 0x2004: "DTP",
}  # fmt: skip
_RFC2684 = {
    0x0001: "Ethernet + FCS", 0x0007: "Ethernet w/o FCS", 0x0004: "FDDI + FCS", 0x000A: "FDDI w/o FCS", 0x000E: "BPDU",
}  # fmt: skip
_SPANNING_TREE = ((0x00000C, 0x010B), (0x00000C, 0x010C), (0x0080C2, 0x000E))


def llc(d: Dissection, at: int, length: int) -> bool:
    """What follows an 802.3 length; False when the payload should be dumped."""
    d.protocol = "llc"
    if d.left(at) < 3 or length < 3:
        d.cut()
        return False
    destination, source, control = d.data[at], d.data[at + 1], d.data[at + 2]
    unnumbered = control & 0x03 == 0x03
    size = 3 if unnumbered else 4
    if not unnumbered:
        if d.left(at) < 4 or length < 4:
            d.cut()
            return False
        control = d.little16(at + 2)
    if source == destination == 0xFF:
        d.say("IPX")
        return False
    to, whence = destination & ~1, source & ~1
    whole, at, length = length, at + size, length - size
    if whence == to and control == 0x03:
        if to == 0xAA:
            return snap(d, at, length)
        if to == 0x42:
            stp(d, at, length)
            return True
        if to == 0x06 and 0x0800 in ETHERTYPES:
            ETHERTYPES[0x0800](d, at, length)
            return True
        if to == 0xFE and 0xFEFE in ETHERTYPES:
            ETHERTYPES[0xFEFE](d, at - 1, length + 1)
            return True
    _ends(d, whence, to)
    answer = source & 1
    if unnumbered:
        command = _COMMANDS.get(control & 0xEF, f"{control & 0xEF:02x}")
        d.say(f"Unnumbered, {command}, Flags [{_POLLS.get(answer | control & 0x10, '?')}], length {whole}")
        if control & 0xEF == 0xAF and length:
            if d.left(at) < 1:
                d.cut()
            elif d.data[at] == 0x81:
                if d.left(at) < 3 or length < 3:
                    d.cut()
                else:
                    d.say(f": {d.data[at + 1]:02x} {d.data[at + 2]:02x}")
                return True
    elif control & 0x03 == 0x01:
        name = _SUPERVISORY.get(control >> 2 & 0x03, "?")
        d.say(f"Supervisory, {name}, rcv seq {control >> 9 & 0x7F}")
        d.say(f", Flags [{_POLLS.get(answer | control & 0x100, '?')}], length {whole}")
        return True
    else:
        d.say(f"Information, send seq {control >> 1 & 0x7F}, rcv seq {control >> 9 & 0x7F}")
        d.say(f", Flags [{_POLLS.get(answer | control & 0x100, '?')}], length {whole}")
    return False


def _ends(d: Dissection, whence: int, to: int) -> None:
    arrow = f"Unknown DSAP 0x{to:02x}"
    destination = _SAPS.get(to, arrow)
    source = _SAPS.get(whence, f"Unknown SSAP 0x{whence:02x}")
    if d.link is None:
        d.say(f"{destination} " if whence == to else f"{source} > {destination} ")
    elif whence == to:
        d.say(f"{d.link[0]} > {d.link[1]} {destination} ")
    else:
        d.say(f"{d.link[0]} {source} > {d.link[1]} {destination} ")


def snap(d: Dissection, at: int, length: int) -> bool:
    """The SNAP header: an organisation and its protocol; False when the payload should be dumped."""
    d.protocol = "snap"
    if d.left(at) < 5 or length < 5:
        d.cut()
        return True
    owner, kind = d.u24(at), d.u16(at + 3)
    at += 5
    length -= 5
    if owner in (0x000000, 0x0000F8) or (owner == 0x080007 and kind == 0x809B):
        printer = ETHERTYPES.get(kind)
        if printer is not None:
            printer(d, at, length)
            return True
    elif (owner, kind) in _SPANNING_TREE:
        stp(d, at, length)
        return True
    elif owner == 0x0080C2 and kind in (0x0001, 0x0007):
        d.need(at, 2)
        IP_PROTOCOLS[143](d, at + 2, length - 2)  # the number under which IPv6 carries whole frames
        return True
    elif owner == 0x00000C and kind in (0x2000, 0x0111):
        (_cdp if kind == 0x2000 else _udld)(d, at, length)
        return True
    if d.link is not None:
        d.say(f"{d.link[0]} > {d.link[1]} ")
    if owner == 0:
        d.say(f"SNAP, ethertype {ETHERTYPE_NAMES.get(kind, 'Unknown')} (0x{kind:04x}), length {length}: ")
    else:
        names = {0x00000C: _CISCO, 0x0080C2: _RFC2684}.get(owner, {})
        d.say(f"SNAP, oui {_OUIS.get(owner, 'Unknown')} (0x{owner:06x})")
        d.say(f", pid {names.get(kind, 'Unknown')} (0x{kind:04x}), length {length}: ")
    return False


def _cdp(d: Dissection, at: int, length: int) -> None:
    """The Cisco Discovery Protocol: its version, lifetime and the device's name."""
    d.protocol = "cdp"
    if length < 4:
        d.cut()
        return
    d.say(f"CDPv{d.u8(at)}, ttl: {d.u8(at + 1)}s")
    at += 4
    length -= 4
    while length:
        if length < 4:
            break
        kind, size = d.u16(at), d.u16(at + 2)
        if size < 4 or size > length:
            break
        if kind == 1:
            d.say(", Device-ID '" + d.bytes(at + 4, size - 4).split(b"\0")[0].decode("latin-1") + "'")
        d.need(at, size)
        at += size
        length -= size
        d.step()


_UDLD_CODES = {1: "Probe message", 2: "Echo message", 3: "Flush message"}
_UDLD_FLAGS = {
    0x01: "RT", 0x02: "RSY", 0x04: "MBZ-2", 0x08: "MBZ-3", 0x10: "MBZ-4", 0x20: "MBZ-5", 0x40: "MBZ-6", 0x80: "MBZ-7",
}  # fmt: skip


def _udld(d: Dissection, at: int, length: int) -> None:
    """Unidirectional link detection (RFC 5171)."""
    d.protocol = "udld"
    if length < 4:
        d.invalid()
        return
    first, flags = d.u8(at), d.u8(at + 1)
    code = first & 0x1F
    d.say(f"UDLDv{first >> 5}, Code {_UDLD_CODES.get(code, 'Reserved')} ({code:x})")
    d.say(f", Flags [{bits(_UDLD_FLAGS, 'none', flags)}] (0x{flags:02x}), length {length}")
    d.need(at, length)
