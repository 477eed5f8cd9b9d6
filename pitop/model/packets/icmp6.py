"""ICMPv6, neighbour discovery and multicast listeners (RFC 4443, 4861, 2710, 3810, 4620, 2894)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, ipv6_text
from pitop.model.packets.dissection import Cut, Dissection, bits, printable
from pitop.model.packets.registry import ip_protocol

__all__ = ["icmp6"]

_NAMES = {
    1: "destination unreachable", 2: "packet too big", 3: "time exceeded in-transit", 4: "parameter problem",
    128: "echo request", 129: "echo reply", 130: "multicast listener query", 131: "multicast listener report",
    132: "multicast listener done", 133: "router solicitation", 134: "router advertisement",
    135: "neighbor solicitation", 136: "neighbor advertisement", 137: "redirect", 138: "router renumbering",
    139: "who-are-you request", 140: "who-are-you reply", 141: "inverse neighbor solicitation",
    142: "inverse neighbor advertisement", 143: "multicast listener report v2", 144: "ha discovery request",
    145: "ha discovery reply", 146: "mobile router solicitation", 147: "mobile router advertisement",
    155: "RPL", 200: "mtrace response", 201: "mtrace message",
}  # fmt: skip
_UNREACHABLE = {
    0: "unreachable route", 1: " unreachable prohibited", 2: "beyond scope", 3: "unreachable address",
    4: "unreachable port",
}  # fmt: skip
_PROBLEMS = {0: "erroneous", 1: "next header", 2: "option", 3: "incomplete header chain"}
_RPL = {
    0x00: "DODAG Information Solicitation", 0x01: "DODAG Information Object",
    0x02: "Destination Advertisement Object", 0x03: "Destination Advertisement Object Ack",
}  # fmt: skip


@ip_protocol(58)
def icmp6(d: Dissection, at: int, length: int) -> None:
    """An ICMPv6 message."""
    d.protocol = "icmp6"
    if length == 0:
        d.say("ICMP6, length 0")
        d.invalid()
        return
    kind = d.u8(at)
    d.say("ICMP6, " + _NAMES.get(kind, f"unknown icmp6 type ({kind})"))
    code = d.u8(at + 1)
    if kind == 1:
        if not _unreachable(d, at, code, length):
            return
    elif kind == 2:
        d.say(f", mtu {d.u32(at + 4)}")
    elif kind == 3:
        if code == 0:
            d.say(f" for {_address(d, at + 32)}")
        else:
            d.say(" (reassembly)" if code == 1 else f", unknown code ({code})")
    elif kind == 4:
        d.need(at + 32, 16)
        name = _PROBLEMS.get(code)
        d.say(f", code-#{code}" if name is None else f", {name} - octet {d.u32(at + 4)}")
    elif kind in (128, 129):
        d.say(f", id {d.u16(at + 4)}, seq {d.u16(at + 6)}")
    elif kind in (130, 131, 132):
        _listener(d, at, kind, length)
    elif kind == 135:
        d.say(f", who has {_address(d, at + 8)}")
    elif kind == 136:
        d.say(f", tgt is {_address(d, at + 8)}")
    elif kind == 137:
        d.say(f", {_address(d, at + 24)}")
        d.say(f" to {_address(d, at + 8)}")
    elif kind == 138:
        _renumbering(d, at)
    elif kind in (139, 140):
        _node(d, at, length, kind)
    elif kind == 143:
        d.say(f" [invalid len {length}]" if length < 8 else f", {d.u16(at + 6)} group record(s)")
    elif kind in (144, 146):
        d.say(f", id 0x{d.u16(at + 4):04x}")
    elif kind == 155:
        if code & 0x80:
            d.say(", (SEC) [worktodo]")
        else:
            d.say(", (CLR)" + _RPL.get(code & 0x7F, f"RPL message, unknown code {code}"))
    elif kind not in (133, 134, 141, 142, 145, 147):
        d.say(f", length {length & 0xFFFFFFFF}")
        d.dump(at, length)
        return
    d.say(f", length {length & 0xFFFFFFFF}")


def _address(d: Dissection, at: int) -> str:
    return ipv6_text(d.bytes(at, 16))


def _unreachable(d: Dissection, at: int, code: int, length: int) -> bool:
    """What could not be reached; False when the line ends here."""
    d.say(", " + _UNREACHABLE.get(code, f"unknown unreach code ({code})"))
    if code in (0, 1, 3):
        d.say(f" {_address(d, at + 32)}")
    elif code == 2:
        d.say(f" {_address(d, at + 32)}, source address {_address(d, at + 16)}")
    elif code == 4:
        found = _upper(d, at + 8)
        if found is None:
            d.cut()
            return False
        protocol, place = found
        name = "tcp" if protocol == 6 else "udp"
        d.say(f", {_address(d, at + 32)} {name} port {d.u16(place + 2)}")
    else:
        d.dump(at, length)
        return False
    return True


def _upper(d: Dissection, at: int) -> tuple[int, int] | None:
    """Where TCP or UDP begins in the packet that is being answered."""
    if not d.has(at + 6, 1):
        return None
    kind, size = d.data[at + 6], 40
    while at < d.end:
        d.step()
        at += size
        if kind in (6, 17):
            return (kind, at) if d.has(at + 2, 2) else None
        if not d.has(at, 4):
            return None
        if kind in (0, 43, 60):
            size = (d.data[at + 1] + 1) * 8
        elif kind == 44:
            if d.u16(at + 2) & 0xFFF8:
                return None
            size = 8
        elif kind == 51:
            size = (d.data[at + 1] + 2) * 4
        else:
            return None
        kind = d.data[at]
    return None


def _listener(d: Dissection, at: int, kind: int, length: int) -> None:
    if kind == 130 and length != 24:
        if length < 28:
            d.say(f" unknown-version (len {length}) ")
            return
        d.say(f" v2 [gaddr {_address(d, at + 8)}")
        sources = d.u16(at + 26)
        if sources:
            d.say(" [invalid number of sources]" if length < 28 + sources * 16 else f", {sources} source(s)")
        d.say("]")
    elif d.has(at, 24):
        d.say(f"max resp delay: {d.u16(at + 4)} addr: {_address(d, at + 8)}")


def _renumbering(d: Dissection, at: int) -> None:
    if not d.has(at + 12, 4):
        d.cut()
        return
    code = d.u8(at + 1)
    d.say({0: ", command", 1: ", result", 255: ", sequence number reset"}.get(code, f", code-#{code}"))
    d.say(f", seq={d.u32(at + 4)}")
    if code:
        return
    match = at + 16
    if not d.has(match + 8, 16):
        d.cut()
        return
    operation = d.u8(match)
    d.say(" match(" + {1: "add", 2: "change", 3: "setglobal"}.get(operation, f"#{operation}"))
    d.say(f",{_address(d, match + 8)}/{d.u8(match + 3)})")
    count = d.u8(match + 1) - 3
    if count % 4:
        d.cut()
        return
    use = match + 24
    for _ in range(count // 4):
        if not d.has(use + 16, 16):
            d.cut()
            return
        flags = d.u8(use + 12) & 0xC0
        d.say(" use(")
        if d.u8(use + 12):
            d.say(bits({0x80: "V", 0x40: "P"}, "", flags, "") + ",")
        d.say(f"{_address(d, use + 16)}/{d.u8(use)}/{d.u8(use + 1)})")
        use += 32


_NODE_FLAGS = {0x40: "a", 0x20: "G", 0x10: "S", 0x08: "L", 0x04: "C", 0x02: "A"}


def _node(d: Dissection, at: int, length: int, kind: int) -> None:
    """Node information queries and replies (RFC 4620)."""
    size = d.end - at
    if kind == 139 and size == 12:
        d.say(" who-are-you request")
        return
    if kind == 140 and length > size:
        d.cut()
        return
    if not d.has(at, 16):
        d.cut()
        return
    question, flags, code = d.u16(at + 4), d.u16(at + 6), d.u8(at + 1)
    d.say(f" node information {'query' if kind == 139 else 'reply'} (")
    if kind == 140 and code:
        d.say({1: "refused", 2: "unknown"}.get(code, "") + ")")
        return
    d.say({0: "noop", 1: "supported qtypes", 2: "DNS name", 3: "node addresses"}.get(question, "unknown"))
    if question == 1 and flags:
        d.say(f" [{'C' if flags & 1 else ''}]")
    if kind == 139:
        if question == 3 and flags:
            d.say(f" [{bits(_NODE_FLAGS, '', flags, '')}]")
        if question not in (0, 1):
            _subject(d, at, size, code)
        d.say(")")
        return
    if question == 2:
        _name(d, at + 20)
        if flags & 1:
            d.say(f" [TTL={d.u32(at + 16)}]")
    elif question == 3:
        for place in range(at + 16, d.end - 19, 20):
            d.say(f" {_address(d, place + 4)}({d.u32(place)})")
        if flags:
            d.say(f" [{bits(_NODE_FLAGS, '', flags, '')}{'T' if flags & 1 else ''}]")
    d.say(")")


def _subject(d: Dissection, at: int, size: int, code: int) -> None:
    if size == 16:
        d.say(", 03 draft")
    elif code == 0:
        if size == 32:
            d.say(f", subject={_address(d, at + 16)}")
    elif code == 1:
        d.say(", subject=DNS name")
        _name(d, at + 16)
    elif code == 2:
        if size == 20:
            d.say(f", subject={ipv4_text(d.bytes(at + 16, 4))}")
    else:
        d.say(", unknown subject")


def _name(d: Dissection, at: int) -> None:
    if at >= d.end:
        raise Cut
    size = d.u8(at)
    if size == d.end - at - 1:
        d.say(f', "{printable(d.data[at + 1 : d.end])}"')
        return
    d.say(', "')
    while at < d.end:
        d.step()
        size = d.data[at]
        at += 1
        if size == 0:
            left = d.data[at : d.end]
            d.say("." if not left else "" if left == b"\0" else "???")
            break
        if size > d.end - at:
            d.say("???")
            break
        d.say(printable(d.data[at : at + size]))
        at += size
        if at + 1 < d.end and d.data[at]:
            d.say(".")
    d.say('"')
