"""Domain names inside messages: compression followed only backwards, so that it always ends (RFC 1035, 4.1.4)."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection

__all__ = ["name", "skip_name"]

_LONGEST = 255
_POINTER, _BITS = 0xC0, 0x40


def skip_name(d: Dissection, at: int | None) -> int | None:
    """Where the name at `at` ends in the message; None when it is cut or of no known form."""
    if at is None:
        return None
    while True:
        if not d.has(at, 1):
            return None
        size = d.data[at]
        at += 1
        if size == 0:
            return at
        kind = size & 0xC0
        if kind == _POINTER:
            return at + 1
        if kind == _BITS:
            if size & 0x3F != 1 or not d.has(at, 1):
                return None
            at += 1 + ((d.data[at] or 256) + 7) // 8
        elif kind:
            return None
        else:
            at += size


def _label_size(d: Dissection, at: int) -> int | None:
    """How many bytes follow a label's first one."""
    if not d.has(at, 1):
        return None
    size = d.data[at]
    kind = size & 0xC0
    if kind == _BITS:
        if size & 0x3F != 1:
            d.say(f"<ELT {size & 0x3F}>")
            return None
        return ((d.data[at + 1] or 256) + 7) // 8 + 1 if d.has(at + 1, 1) else None
    if kind in (0, _POINTER):
        return size
    d.say("<BAD LABEL TYPE>")
    return None


def name(d: Dissection, at: int, message: int) -> int | None:
    """Write the name at `at` of a message that begins at `message`; gives where it ends, None when it is broken."""
    size = _label_size(d, at)
    if size is None:
        return None
    nearest = at - message
    head = d.data[at]
    at += 1
    end = at + size
    jumped = False
    written = 0
    if head == 0:
        d.say(".")
        return end
    while head and at < d.end:
        d.step()
        if head & 0xC0 == _POINTER:
            if not jumped:
                end = at + 1
                jumped = True
            if not d.has(at, 1):
                return None
            offset = (head << 8 | d.data[at]) & 0x3FFF
            if offset >= nearest:
                d.say("<BAD PTR>")
                return None
            nearest = offset
            at = message + offset
            if not d.has(at, 1):
                return None
            head = d.data[at]
            size = _label_size(d, at)
            if size is None:
                return None
            at += 1
            continue
        if head & 0xC0 == _BITS:
            _bit_string(d, at)
        else:
            room = size if written + size <= _LONGEST else max(0, _LONGEST - written)
            if room and not d.text(at, room):
                return None
            written += size
        at += size
        if written <= _LONGEST:
            d.say(".")
        written += 1
        if not d.has(at, 1):
            return None
        head = d.data[at]
        size = _label_size(d, at)
        if size is None:
            return None
        at += 1
        if not jumped:
            end += size + 1
    if written > _LONGEST:
        d.say("<DOMAIN NAME TOO LONG>")
    return end


def _bit_string(d: Dissection, at: int) -> None:
    """A bit label (RFC 2673, historic)."""
    count = d.u8(at) or 256
    whole, rest = divmod(count, 8)
    d.say("\\[x" + d.bytes(at + 1, whole).hex())
    if rest > 4:
        d.say(f"{d.u8(at + 1 + whole) & (0xFF << (8 - rest) & 0xFF):02x}")
    elif rest:
        d.say(f"{(d.u8(at + 1 + whole) >> 4) & (0x0F << (4 - rest) & 0x0F):1x}")
    d.say(f"/{count}]")
