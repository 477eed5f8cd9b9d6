"""ICMP (RFC 792, RFC 950, RFC 1256)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.registry import ip_protocol

__all__ = ["icmp"]

_PLAIN = {
    4: "source quench", 10: "router solicitation", 15: "information request", 16: "information reply",
    17: "address mask request",
}  # fmt: skip
_UNREACHABLE = {
    0: "net {} unreachable", 1: "host {} unreachable", 5: "{} unreachable - source route failed",
    6: "net {} unreachable - unknown", 7: "host {} unreachable - unknown", 8: "{} unreachable - source host isolated",
    9: "net {} unreachable - admin prohibited", 10: "host {} unreachable - admin prohibited",
    11: "net {} unreachable - tos prohibited", 12: "host {} unreachable - tos prohibited",
    13: "host {} unreachable - admin prohibited filter", 14: "host {} unreachable - host precedence violation",
    15: "host {} unreachable - precedence cutoff",
}  # fmt: skip
_REDIRECT = {
    0: "redirect {} to net {}", 1: "redirect {} to host {}", 2: "redirect-tos {} to net {}",
    3: "redirect-tos {} to host {}",
}  # fmt: skip


@ip_protocol(1)
def icmp(d: Dissection, at: int, length: int) -> None:
    """An ICMP message."""
    d.protocol = "icmp"
    text = _message(d, at)
    if text is None:
        d.cut()
    else:
        d.say(f"ICMP {text}, length {length & 0xFFFFFFFF}")


def _message(d: Dissection, at: int) -> str | None:
    """The message's text; None when it is cut but nothing was written. Raises Cut."""
    kind, code = d.u8(at), d.u8(at + 1)
    if kind in (0, 8):
        return f"echo {'request' if kind == 8 else 'reply'}, id {d.u16(at + 4)}, seq {d.u16(at + 6)}"
    if kind == 3:
        return _unreachable(d, at, code)
    if kind == 5:
        form = _REDIRECT.get(code, f"redirect-#{code} {{}} to {{}}")
        return form.format(ipv4_text(d.bytes(at + 24, 4)), ipv4_text(d.bytes(at + 4, 4)))
    if kind == 9:
        return _advertisement(d, at)
    if kind == 11:
        d.need(at + 24, 4)
        return {0: "time exceeded in-transit", 1: "ip reassembly time exceeded"}.get(code, f"time exceeded-#{code}")
    if kind == 12:
        return f"parameter problem - code {code}" if code else f"parameter problem - octet {d.u8(at + 4)}"
    if kind == 13:
        return f"time stamp query id {d.u16(at + 4)} seq {d.u16(at + 6)}"
    if kind == 14:
        d.need(at, 20)
        times = [_clock(d.u32(at + place)) for place in (8, 12, 16)]
        return (
            f"time stamp reply id {d.u16(at + 4)} seq {d.u16(at + 6)}: org {times[0]}, recv {times[1]}, xmit {times[2]}"
        )
    if kind == 18:
        return f"address mask is 0x{d.u32(at + 8):08x}"
    return _PLAIN.get(kind, f"type-#{kind}")


def _clock(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"


def _unreachable(d: Dissection, at: int, code: int) -> str:
    if code == 3:
        inner = at + 8
        d.need(inner + 9, 1)
        port = d.u16(inner + (d.u8(inner) & 0x0F) * 4 + 2)
        protocol = d.u8(inner + 9)
        name = {6: "tcp port", 17: "udp port"}.get(protocol, f"protocol {protocol} port")
        return f"{ipv4_text(d.bytes(inner + 16, 4))} {name} {port} unreachable"
    if code == 4:
        mtu = d.u16(at + 6)
        target = ipv4_text(d.bytes(at + 24, 4))
        return f"{target} unreachable - need to frag" + (f" (mtu {mtu})" if mtu else "")
    target = ipv4_text(d.bytes(at + 24, 4))
    if code == 2:
        return f"{target} protocol {d.u8(at + 17)} unreachable"
    return _UNREACHABLE.get(code, f"{{}} unreachable - #{code}").format(target)


def _advertisement(d: Dissection, at: int) -> str | None:
    if not d.has(at + 4, 4):
        return None
    seconds = d.u16(at + 6)
    minutes, rest = divmod(seconds, 60)
    if seconds < 60:
        life = str(seconds)
    elif seconds < 3600:
        life = f"{minutes}:{rest:02}"
    else:
        life = f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
    count, size = d.u8(at + 4), d.u8(at + 5)
    text = f"router advertisement lifetime {life} {count}:"
    if size != 2:
        return text + f" [size {size}]"
    for number in range(count):
        place = at + 8 + 8 * number
        if not d.has(place, 8):
            return None
        text += f" {{{ipv4_text(d.bytes(place, 4))} {d.u32(place + 4)}}}"
    return text
