"""IGMP (RFC 2236, RFC 3376) and what shares its number: DVMRP, PIM version 1, multicast traceroute."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.registry import ip_protocol

__all__ = ["igmp", "span"]

_DVMRP = {
    1: "Probe", 2: "Report", 3: "Ask-neighbors(old)", 4: "Neighbors(old)", 5: "Ask-neighbors2", 6: "Neighbors2",
    7: "Prune", 8: "Graft", 9: "Graft-ACK",
}  # fmt: skip
_PIM1 = {
    0: "Query", 1: "Register", 2: "Register-Stop", 3: "Join/Prune", 4: "RP-reachable", 5: "Assert", 6: "Graft",
    7: "Graft-ACK",
}  # fmt: skip
_NEIGHBOUR_FLAGS = ((0x01, "/tunnel"), (0x02, "/srcrt"), (0x40, "/querier"), (0x20, "/disabled"), (0x10, "/down"))


def span(seconds: int) -> str:
    """Seconds as `1w2d3h4m5s`."""
    text = ""
    for size, letter in ((31536000, "y"), (604800, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            text += f"{count}{letter}"
    return text or "0s"


@ip_protocol(2)
def igmp(d: Dissection, at: int, length: int) -> None:
    """An IGMP message."""
    d.protocol = "igmp"
    kind = d.u8(at)
    if kind == 0x11:
        d.say("igmp query")
        if length >= 12:
            _query3(d, at, length)
            return
        delay = d.u8(at + 1)
        d.say(" v2" if delay else " v1")
        if delay and delay != 100:
            d.say(f" [max resp time {delay}]")
        if d.u32(at + 4):
            d.say(f" [gaddr {_ip(d, at + 4)}]")
        if length != 8:
            d.say(f" [len {length}]")
    elif kind == 0x12:
        d.say(f"igmp v1 report {_ip(d, at + 4)}")
        if length != 8:
            d.say(f" [len {length}]")
    elif kind == 0x16:
        d.say(f"igmp v2 report {_ip(d, at + 4)}")
    elif kind == 0x22:
        d.say("igmp v3 report")
        bad = length < 16 or length & 0x03
        d.say(f" [invalid len {length}]" if bad else f", {d.u16(at + 6)} group record(s)")
    elif kind == 0x17:
        d.say(f"igmp leave {_ip(d, at + 4)}")
    elif kind == 0x13:
        d.say("igmp dvmrp")
        if length < 8:
            d.say(f" [len {length}]")
        else:
            _dvmrp(d, at, length)
    elif kind == 0x14:
        d.say("igmp pimv1")
        _pim1(d, at)
    elif kind in (0x1E, 0x1F):
        _trace(d, at, length, "mresp" if kind == 0x1E else "mtrace")
    else:
        d.say(f"igmp-{kind}")


def _ip(d: Dissection, at: int) -> str:
    return ipv4_text(d.bytes(at, 4))


def _query3(d: Dissection, at: int, length: int) -> None:
    d.say(" v3")
    if length & 0x03:
        d.say(f" [invalid len {length}]")
        return
    code = d.u8(at + 1)
    tenths = code if code < 128 else (code & 0x0F | 0x10) << ((code & 0x70) >> 4) + 3
    if code != 100:
        d.say(f" [max resp time {tenths * 0.1:.1f}s]" if tenths < 600 else f" [max resp time {span(tenths // 10)}]")
    if d.u32(at + 4) == 0:
        return
    d.say(f" [gaddr {_ip(d, at + 4)}")
    sources = d.u16(at + 10)
    if sources:
        d.say(" [invalid number of sources]" if length < 12 + sources * 4 else f", {sources} source(s)")
    d.say("]")


def _trace(d: Dissection, at: int, length: int, word: str) -> None:
    if length < 24:
        d.say(f" [invalid len {length}]")
        return
    d.say(f"{word} {d.u24(at + 21)}: {_ip(d, at + 8)} to {_ip(d, at + 12)} reply-to {_ip(d, at + 16)}")
    if d.u8(at + 16) & 0xF0 == 0xE0:
        d.say(f" with-ttl {d.u8(at + 20)}")


def _dvmrp(d: Dissection, at: int, length: int) -> None:
    d.protocol = "dvmrp"
    kind = d.u8(at + 1)
    major, minor = at + 7, at + 6
    at += 8
    length -= 8
    d.say(" " + _DVMRP.get(kind, f"[type {kind}]"))
    if kind in (4, 6):
        if kind == 6:
            d.say(f" (v {d.u8(major)}.{d.u8(minor)}):")
        _neighbours(d, at, length, kind == 6)
    elif kind in (7, 8, 9):
        d.say(f" src {_ip(d, at)} grp {_ip(d, at + 4)}")
        if kind == 7:
            d.say(f" timer {span(d.u32(at + 8))}")


def _neighbours(d: Dissection, at: int, length: int, second: bool) -> None:
    least = 8 if second else 7
    while length > 0:
        if length < least:
            d.say(f" [length {length} < {least}]")
            d.invalid()
            return
        local = at
        metric, threshold = d.u8(at + 4), d.u8(at + 5)
        flags = d.u8(at + 6) if second else 0
        count = d.u8(at + least - 1)
        at += least
        length -= least
        while count and (length > 0 or not second):
            if length < 4:
                d.say(f" [length {length} < 4]")
                d.invalid()
                return
            d.step()
            words = "".join(word for bit, word in _NEIGHBOUR_FLAGS if flags & bit)
            if second:
                d.say(f" [{_ip(d, local)} -> {_ip(d, at)} ({metric}/{threshold}{words})]")
            else:
                d.say(f" [{_ip(d, local)} -> {_ip(d, at)}, ({metric}/{threshold})]")
            at += 4
            length -= 4
            count -= 1
        if count:
            d.say(" [invalid ncount]")
            d.invalid()
            return


def _pim1(d: Dissection, at: int) -> None:
    d.protocol = "pimv1"
    kind = d.u8(at + 1)
    d.say(" " + _PIM1.get(kind, f"[type {kind}]"))
    if kind == 0 and d.has(at + 8, 1):
        mode = d.u8(at + 8) >> 4
        d.say(" " + {0: "Dense-mode", 1: "Sparse-mode", 2: "Sparse-Dense-mode"}.get(mode, f"mode-{mode}"))
    elif kind == 1:
        if not d.has(at + 8, 20):
            d.cut()
            return
        d.say(f" for {_ip(d, at + 20)} > {_ip(d, at + 24)}")
    elif kind == 2:
        d.say(f" for {_ip(d, at + 8)} > {_ip(d, at + 12)}")
    elif kind == 5:
        d.say(f" for {_ip(d, at + 16)} > {_ip(d, at + 8)}")
        if d.u32(at + 12) != 0xFFFFFFFF:
            d.say(f"/{_ip(d, at + 12)}")
        way = "RP-tree" if d.u8(at + 20) & 0x80 else "SPT"
        d.say(f" {way} pref {d.u32(at + 20) & 0x7FFFFFFF} metric {d.u32(at + 24)}")
    version = d.u8(at + 4) >> 4
    if version != 1:
        d.say(f" [v{version}]")
