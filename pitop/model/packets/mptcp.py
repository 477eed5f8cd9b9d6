"""Multipath TCP options (RFC 8684)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, ipv6_text
from pitop.model.packets.dissection import Dissection

__all__ = ["multipath"]

_NAMES = ("capable", "join", "dss", "add-addr", "rem-addr", "prio", "fail", "fast-close", "unknown")
_ECHOES = {0x6: "v0-ip6", 0x4: "v0-ip4", 0x1: "v1-echo", 0x0: "v1"}
_SYN, _ACK = 0x02, 0x10


def multipath(d: Dissection, at: int, size: int, flags: int) -> bool:
    """An option from its kind on, `size` bytes; False when its length does not fit its subtype."""
    d.protocol = "mptcp"
    if size < 3:
        return False
    kind = min(d.u8(at + 2) >> 4, 8)
    d.say(f" {size} {_NAMES[kind]}")
    match kind:
        case 0:
            return _capable(d, at, size, flags)
        case 1:
            return _join(d, at, size, flags)
        case 2:
            return _sequence(d, at, size, flags)
        case 3:
            return _address(d, at, size)
        case 4:
            if size < 4:
                return False
            d.say(" id" + "".join(f" {d.u8(at + 3 + number)}" for number in range(size - 3)))
        case 5:
            if size not in (3, 4):
                return False
            d.say(" backup" if d.u8(at + 2) & 0x01 else " non-backup")
            if size == 4:
                d.say(f" id {d.u8(at + 3)}")
        case 6 | 7:
            if size != 12:
                return False
            d.say(f" seq {d.u64(at + 4)}" if kind == 6 else f" key 0x{d.u64(at + 4):x}")
    return True


def _capable(d: Dissection, at: int, size: int, flags: int) -> bool:
    opening = size in (4, 12) and flags & _SYN
    answering = size in (20, 22) and flags & (_SYN | _ACK) == _ACK
    if not opening and not answering:
        return False
    version = d.u8(at + 2) & 0x0F
    if version > 1:
        d.say(f" Unknown Version ({version})")
        return True
    d.say(f" v{version}")
    if d.u8(at + 3) & 0x80:
        d.say(" csum")
    if size >= 12:
        d.say(f" {{0x{d.u64(at + 4):x}")
        if size >= 20:
            d.say(f",0x{d.u64(at + 12):x}")
        d.say("}")
    return True


def _join(d: Dissection, at: int, size: int, flags: int) -> bool:
    fits = (
        (size == 12 and flags & _SYN)
        or (size == 16 and flags & (_SYN | _ACK) == _SYN | _ACK)
        or (size == 24 and flags & _ACK)
    )
    if not fits:
        return False
    if size != 24:
        if d.u8(at + 2) & 0x01:
            d.say(" backup")
        d.say(f" id {d.u8(at + 3)}")
    if size == 12:
        d.say(f" token 0x{d.u32(at + 4):x} nonce 0x{d.u32(at + 8):x}")
    elif size == 16:
        d.say(f" hmac 0x{d.u64(at + 4):x} nonce 0x{d.u32(at + 12):x}")
    else:
        d.say(" hmac 0x" + d.bytes(at + 4, 20).hex())
    return True


def _sequence(d: Dissection, at: int, size: int, flags: int) -> bool:
    """The data sequence signal."""
    if size < 4 or flags & _SYN:
        return False
    what = d.u8(at + 3)
    if what & 0x10:
        d.say(" fin")
    at += 4
    size -= 4
    for present, wide, word in ((0x01, 0x02, "ack"), (0x04, 0x08, "seq")):
        if not what & present:
            continue
        d.say(f" {word} ")
        width = 8 if what & wide else 4
        if size < width:
            return False
        d.say(str(d.u64(at) if width == 8 else d.u32(at)))
        at += width
        size -= width
    if what & 0x04:
        if size < 4:
            return False
        d.say(f" subseq {d.u32(at)}")
        if size < 6:
            return False
        d.say(f" len {d.u16(at + 4)}")
        at += 6
        size -= 6
        if size >= 2:
            d.say(f" csum 0x{d.u16(at):x}")
            size -= 2
    return size == 0


def _address(d: Dissection, at: int, size: int) -> bool:
    if size not in (8, 10, 16, 18, 20, 22, 28, 30):
        return False
    d.say(f" {_ECHOES.get(d.u8(at + 2) & 0x0F, '[bad version/echo]')} id {d.u8(at + 3)}")
    wide = size >= 20
    d.say(" " + (ipv6_text(d.bytes(at + 4, 16)) if wide else ipv4_text(d.bytes(at + 4, 4))))
    rest = at + (20 if wide else 8)
    if size in (10, 18, 22, 30):
        d.say(f":{d.u16(rest)}")
        rest += 2
    if size in (16, 18, 28, 30):
        d.say(f" hmac 0x{d.u64(rest):x}")
    return True
