"""UDP (RFC 768)."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection
from pitop.model.packets.registry import UDP_PORTS, ip_protocol
from pitop.model.packets.tcp import ends

__all__ = ["udp"]


@ip_protocol(17)
def udp(d: Dissection, at: int, length: int) -> None:
    """A UDP datagram."""
    d.protocol = "udp"
    if not d.has(at + 2, 2):
        ends(d)
        d.cut()
        return
    source, destination = d.u16(at), d.u16(at + 2)
    if d.next_header == 17:
        ends(d, source, destination)
    else:
        d.say(f"{source} > {destination}: ")
    if length < 8:
        d.say(f"truncated-udp {length}")
        return
    if not d.has(at + 4, 2):
        d.cut()
        return
    size = d.u16(at + 4)
    if size == 0 and length > 65535:
        size = length
    if size < 8:
        d.say(f"truncated-udplength {size}")
        return
    size -= 8
    length = min(length - 8, size)
    at += 8
    if at > d.end:
        d.cut()
        return
    one, other = UDP_PORTS.get(source), UDP_PORTS.get(destination)
    best = min((each for each in (one, other) if each is not None), default=None, key=lambda each: each[0])
    if best is not None:
        best[1](d, at, length)
    elif size > length:
        d.say(f"UDP, bad length {size} > {length}")
    else:
        d.say(f"UDP, length {size}")
