"""Protocols over TCP and UDP of which the line says little more than the name: NTP, BGP, OpenFlow, RPKI, BEEP."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection
from pitop.model.packets.registry import application

__all__ = ["ntp"]

_NTP_MODES = (
    "unspecified", "symmetric active", "symmetric passive", "Client", "Server", "Broadcast", "Control Message",
    "Reserved",
)  # fmt: skip
_BEEP = ((b"MSG", "MSG"), (b"RPY ", "RPY"), (b"ERR ", "ERR"), (b"ANS ", "ANS"), (b"NUL ", "NUL"), (b"SEQ ", "SEQ"),
         (b"END", "END"))  # fmt: skip


@application(14, udp=(123,))
def ntp(d: Dissection, at: int, length: int) -> None:
    """The Network Time Protocol (RFC 5905)."""
    d.protocol = "ntp"
    status = d.u8(at)
    d.say(f"NTPv{status >> 3 & 0x07}, {_NTP_MODES[status & 0x07]}, length {length}")


@application(4, tcp=(179,))
def _bgp(d: Dissection, at: int, length: int) -> None:
    d.say(": BGP")


@application(10, tcp=(6633, 6653))
def _openflow(d: Dissection, at: int, length: int) -> None:
    """OpenFlow: each message's version, type and length on a line of its own."""
    d.protocol = "openflow"
    d.say(": OpenFlow")
    end = at + length
    while at < end:
        d.step()
        version = d.u8(at)
        d.say(f"\n\tversion {_OPENFLOW.get(version, f'unknown (0x{version:02x})')}")
        if end - at < 8:
            d.say(" (end of TCP payload)")
            d.need(at, end - at)
            return
        size = d.u16(at + 2)
        d.say(f", type {d.u8(at + 1)}, length {size}, xid 0x{d.u32(at + 4):08x}")
        if size < 8:
            d.invalid()
            return
        at += size


_OPENFLOW = {1: "1.0", 2: "1.1", 3: "1.2", 4: "1.3", 5: "1.4", 6: "1.5"}


@application(16, tcp=(323,))
def _rpki(d: Dissection, at: int, length: int) -> None:
    d.say(", RPKI-RTR")


@application(9, tcp=(10288,))
def _beep(d: Dissection, at: int, length: int) -> None:
    for start, name in _BEEP:
        if d.bytes(at, min(len(start), length, d.left(at))) == start:
            d.say(f" BEEP {name}")
            return
    d.say(" BEEP (payload or undecoded)")
