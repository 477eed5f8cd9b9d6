"""TCP (RFC 9293) with its options, and the first line of what it carries."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, ipv6_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.mptcp import multipath
from pitop.model.packets.registry import TCP_PORTS, ip_protocol

__all__ = ["ends", "tcp"]

_FLAGS = ((0x01, "F"), (0x02, "S"), (0x04, "R"), (0x08, "P"), (0x10, "."), (0x20, "U"), (0x40, "E"), (0x80, "W"))
_FLAG_TEXT = ["".join(letter for bit, letter in _FLAGS if value & bit) or "none" for value in range(256)]
_OPTIONS = {
    0: "eol", 1: "nop", 2: "mss", 3: "wscale", 4: "sackOK", 5: "sack", 6: "echo", 7: "echoreply", 8: "TS", 11: "cc",
    12: "ccnew", 13: "", 19: "md5", 20: "scps", 28: "uto", 29: "tcp-ao", 30: "mptcp", 34: "tfo", 254: "exp",
}  # fmt: skip
_USUAL = b"\x01\x01\x08\x0a"  # nop, nop, timestamps: what nearly every segment carries


class _BadOption(Exception):
    """An option's length cannot be right."""


class _CutOption(Exception):
    """An option's value was not captured."""


def ends(d: Dissection, source: int | None = None, destination: int | None = None) -> None:
    """Write the two addresses, with ports where they are known."""
    text = ipv4_text if len(d.source) == 4 else ipv6_text
    if source is None:
        d.say(f"{text(d.source)} > {text(d.destination)}:")
    else:
        d.say(f"{text(d.source)}.{source} > {text(d.destination)}.{destination}: ")


@ip_protocol(6)
def tcp(d: Dissection, at: int, length: int) -> None:
    """A TCP segment."""
    d.protocol = "tcp"
    if not d.has(at + 2, 2):
        ends(d)
        d.cut()
        return
    ports = d.u16(at), d.u16(at + 2)
    if d.next_header == 6:
        ends(d, *ports)
    else:
        d.say(f"{ports[0]} > {ports[1]}: ")
    d.need(at, 20)
    data = d.data
    header = (data[at + 12] >> 4) * 4
    if header < 20:
        d.say(f" tcp {(length - header) & 0xFFFFFFFF} [bad hdr length {header} - too short, < 20]")
        return
    flags = data[at + 13]
    d.say(f"Flags [{_FLAG_TEXT[flags]}]")
    sequence, ack, edge = d.sequences.relative(d.source, d.destination, ports, flags, d.u32(at + 4), d.u32(at + 8))
    if header > length:
        d.say(f" [bad hdr length {header} - too long, > {length}]")
        return
    payload = length - header
    if payload > 0 or flags & 0x07:
        d.say(f", seq {sequence}")
        if payload:
            d.say(f":{(sequence + payload) & 0xFFFFFFFF}")
    if flags & 0x10:
        d.say(f", ack {ack}")
    d.say(f", win {d.u16(at + 14)}")
    if flags & 0x20:
        d.say(f", urg {d.u16(at + 18)}")
    if header > 20 and not _options(d, at + 20, header - 20, flags, edge, d.has(at, length)):
        return
    d.say(f", length {payload}")
    if payload > 0:
        if not d.has(at, header):
            d.say(f" [remaining caplen({d.left(at)}) < header length({header})]")
            d.need(at, header)
        _payload(d, at + header, payload, ports)


def _options(d: Dissection, at: int, size: int, flags: int, edge: int, whole: bool) -> bool:
    """Write the options; False when nothing can follow them. `whole` says that all of the segment was captured."""
    d.say(", options [")
    if size == 12 and d.has(at, 12) and d.data[at : at + 4] == _USUAL:
        d.say(f"nop,nop,TS val {d.u32(at + 4)} ecr {d.u32(at + 8)}]")
        return True
    first = True
    try:
        while size > 0:
            if not first:
                d.say(",")
            kind = d.u8(at)
            if kind < 2:
                taken = 1
                d.say(_OPTIONS[kind])
            else:
                taken = d.u8(at + 1)
                if taken < 2 or taken > size:
                    raise _BadOption
                d.say(_OPTIONS.get(kind, f"unknown-{kind}"))
                used = _option(d, kind, at + 2, taken - 2, size - 2, flags, edge, whole) + 2
                if used != taken:
                    d.say(f"[len {taken}]")
                taken = used
            at += taken
            size -= taken
            first = False
            if kind == 0:
                break
    except _BadOption:
        d.say("[bad opt]" if first else "[bad opt]]")
        return False
    except _CutOption:
        d.cut()
        d.say("" if first else ">")
        return False
    d.say("]")
    return True


def _room(d: Dissection, at: int, size: int, room: int) -> None:
    if size > room:
        raise _BadOption
    if not d.has(at, size):
        raise _CutOption


def _option(d: Dissection, kind: int, at: int, size: int, room: int, flags: int, edge: int, whole: bool) -> int:
    """One option's value, `size` bytes by its length, at most `room` in the header; gives how many were used."""
    if kind == 2:
        _room(d, at, 2, room)
        d.say(f" {d.u16(at)}")
        return 2
    if kind == 3:
        _room(d, at, 1, room)
        d.say(f" {d.u8(at)}")
        return 1
    if kind == 4:
        return 0
    if kind == 5:
        if size % 8:
            d.say(" invalid sack")
            return size
        d.say(f" {size // 8} ")
        for place in range(at, at + size, 8):
            _room(d, place, 8, room)
            d.say(f"{{{(d.u32(place) - edge) & 0xFFFFFFFF}:{(d.u32(place + 4) - edge) & 0xFFFFFFFF}}}")
        return size
    if kind in (6, 7, 11, 12, 13):
        _room(d, at, 4, room)
        d.say(f" {d.u32(at)}")
        return 4
    if kind == 8:
        _room(d, at, 8, room)
        d.say(f" val {d.u32(at)} ecr {d.u32(at + 4)}")
        return 8
    if kind == 19:
        _room(d, at, 16, room)
        d.say(" shared secret not supplied with -M," if whole else " snaplen too short,")
        d.say(" can't check - " + d.bytes(at, 16).hex())
        return 16
    if kind == 20:
        _room(d, at, 2, room)
        d.say(f" cap {d.u8(at):02x} id {d.u8(at + 1)}")
        return 2
    if kind == 28:
        _room(d, at, 2, room)
        value = d.u16(at)
        d.say(f" 0x{value:x} {(value >> 1) * 60 if value & 1 else value >> 1}")
        return 2
    if kind == 29:
        return _authentication(d, at, size, room)
    _room(d, at, size, room)
    if kind == 30:
        end, d.end = d.end, min(d.end, at + size)
        fine = multipath(d, at - 2, size + 2, flags)
        d.end = end
        if not fine:
            raise _BadOption
    elif kind == 34:
        d.say(" ")
        _fast_open(d, at, size)
    elif kind == 254:
        if size < 2:
            raise _BadOption
        d.say("-")
        if d.u16(at) == 0xF989:
            d.say("tfo")
            _fast_open(d, at + 2, size - 2)
        else:
            d.say(f"{d.u16(at):04x}")
    elif size:
        d.say(" 0x" + d.bytes(at, size).hex())
    return size


def _authentication(d: Dissection, at: int, size: int, room: int) -> int:
    """The TCP authentication option (RFC 5925)."""
    if size < 2:
        d.invalid()
        return size
    _room(d, at, size, room)
    d.say(f" keyid {d.u8(at)} rnextkeyid {d.u8(at + 1)}")
    if size > 2:
        d.say(" mac 0x" + d.bytes(at + 2, size - 2).hex())
    return size


def _fast_open(d: Dissection, at: int, size: int) -> None:
    """TCP Fast Open (RFC 7413)."""
    if size == 0:
        d.say(" cookiereq")
    elif size % 2 or not 4 <= size <= 16:
        d.invalid()
    else:
        d.say(" cookie " + d.bytes(at, size).hex())


def _payload(d: Dissection, at: int, length: int, ports: tuple[int, int]) -> None:
    one, other = TCP_PORTS.get(ports[0]), TCP_PORTS.get(ports[1])
    best = min((each for each in (one, other) if each is not None), default=None, key=lambda each: each[0])
    if best is not None:
        best[1](d, at, length)
