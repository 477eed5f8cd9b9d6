"""The Precision Time Protocol, version 2 (IEEE 1588-2008)."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection, bits
from pitop.model.packets.registry import application, ethertype

__all__ = ["ptp"]

_MESSAGES = {
    0: "sync msg", 1: "delay req msg", 2: "peer delay req msg", 3: "peer delay resp msg", 8: "follow up msg",
    9: "delay resp msg", 10: "pdelay resp fup msg", 11: "announce msg", 12: "signalling msg", 13: "management msg",
}  # fmt: skip
_CONTROLS = {0: "Sync", 1: "Delay_Req", 2: "Follow_Up", 3: "Delay_Resp", 4: "Management", 5: "Other"}
_FLAGS = {
    0x1: "l1 61", 0x2: "l1 59", 0x4: "utc reasonable", 0x8: "timescale", 0x10: "time tracable",
    0x20: "frequency tracable", 0x100: "alternate master", 0x200: "two step", 0x400: "unicast",
    0x1000: "profile specific 1", 0x2000: "profile specific 2", 0x4000: "security mask", 0x18C0: "unknown",
}  # fmt: skip
_STAMPS = {0: "originTimeStamp", 1: "originTimeStamp", 8: "preciseOriginTimeStamp"}
_STAMPS_WITH_PORT = {2: "preciseOriginTimeStamp", 3: "receiveTimeStamp", 9: "receiveTimeStamp",
                     10: "preciseOriginTimeStamp"}  # fmt: skip


@application(99, udp=(319, 320))
@ethertype(0x88F7)
def ptp(d: Dissection, at: int, length: int) -> None:
    """A PTP message with its header and time stamps."""
    d.protocol = "ptp"
    if length < 34:
        d.invalid()
        return
    version = d.u16(at) & 0xFF
    d.say(f"PTPv{version}")
    if version == 1:
        d.say(" (not implemented)")
    if version != 2:
        return
    first = d.u8(at)
    kind = first & 0x0F
    d.say(f", v1 compat : {'yes' if first & 0x10 else 'no'}, msg type : {_MESSAGES.get(kind, 'Reserved')}")
    d.say(f", length : {d.u16(at + 2)}")
    domain = d.u16(at + 4)
    d.say(f", domain : {domain >> 8}, reserved1 : {domain & 0xFF}")
    d.say(f", Flags [{_flags(d.u16(at + 6))}]")
    d.say(f", NS correction : {int.from_bytes(d.bytes(at + 8, 6), 'big')}")
    d.say(f", sub NS correction : {d.u16(at + 14)}")
    d.say(f", reserved2 : {d.u32(at + 16)}")
    d.say(f", clock identity : 0x{d.u64(at + 20):x}")
    d.say(f", port id : {d.u16(at + 28)}")
    d.say(f", seq id : {d.u16(at + 30)}")
    control = d.u8(at + 32)
    d.say(f", control : {control} ({_CONTROLS.get(control, 'Reserved')})")
    d.say(f", log message interval : {d.u8(at + 33)}")
    _body(d, kind, at + 34)


def _flags(value: int) -> str:
    named = {bit: name for bit, name in _FLAGS.items() if bit != 0x18C0}
    text = bits(named, "", value)
    if value & 0x18C0:
        text += ", unknown" if text else "unknown"
    return text or "none"


def _body(d: Dissection, kind: int, at: int) -> None:
    if kind in _STAMPS:
        _stamp(d, at, _STAMPS[kind], ",")
    elif kind in _STAMPS_WITH_PORT:
        _stamp(d, at, _STAMPS_WITH_PORT[kind], ",")
        _port(d, at + 10)
    elif kind == 11:
        _stamp(d, at, "originTimeStamp", "")
        d.say(f", origin cur utc :{d.u16(at + 10)}")
        d.say(f", rsvd : {d.u8(at + 12)}")
        d.say(f", gm priority_1 : {d.u8(at + 13)}")
        d.say(f", gm clock class : {d.u8(at + 14)}")
        d.say(f", gm clock accuracy : {d.u8(at + 15)}")
        d.say(f", gm clock variance : {d.u16(at + 16)}")
        d.say(f", gm priority_2 : {d.u8(at + 18)}")
        d.say(f", gm clock id : 0x{d.u64(at + 19):x}")
        d.say(f", steps removed : {d.u16(at + 27)}")
        d.say(f", time source : 0x{d.u8(at + 29):x}")
    elif kind in (12, 13):
        _port(d, at)
        if kind == 13:
            first = d.u8(at)  # tcpdump reads these four from where the port's identity begins
            d.say(f", , start boundary hops  {first}, , boundary hops  {first}")
            d.say(f", , flags  0x{first:x}, , reserved  0x{first:x}")


def _stamp(d: Dissection, at: int, name: str, mark: str) -> None:
    d.say(f", {name} :")
    d.say(f" {int.from_bytes(d.bytes(at, 6), 'big')} seconds{mark}")
    d.say(f" {d.u32(at + 6)} nanoseconds")


def _port(d: Dissection, at: int) -> None:
    d.say(f", port identity : 0x{d.u64(at):x}")
    d.say(f", port id : {d.u16(at + 8)}")
