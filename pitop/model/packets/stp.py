"""Spanning tree bridge protocol data units (IEEE 802.1D, 802.1w, 802.1s, 802.1aq)."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection, bits

__all__ = ["stp"]

_VERSIONS = {0: "802.1d", 2: "802.1w", 3: "802.1s", 4: "802.1aq"}
_KINDS = {0x00: "Config", 0x02: "Rapid STP", 0x80: "Topology Change"}
_FLAGS = {
    0x01: "Topology change", 0x02: "Proposal", 0x10: "Learn", 0x20: "Forward", 0x40: "Agreement",
    0x80: "Topology change ACK",
}  # fmt: skip
_HEADER = 36


def stp(d: Dissection, at: int, length: int) -> None:
    """One bridge protocol data unit."""
    d.protocol = "stp"
    if length < 4:
        d.invalid()
        return
    if d.u16(at):
        d.say(f"unknown STP version, length {length}")
        return
    version = d.u8(at + 2)
    d.say("STP " + _VERSIONS.get(version, f"Unknown STP protocol (0x{version:02x})"))
    if version not in _VERSIONS:
        return
    kind = d.u8(at + 3)
    d.say(", " + _KINDS.get(kind, f"Unknown BPDU Type (0x{kind:02x})"))
    if kind == 0x00:
        _config(d, at, length, _HEADER - 1)
    elif kind == 0x02 and version == 2:
        _config(d, at, length, _HEADER)
    elif kind == 0x02 and version in (3, 4):
        _multiple(d, at, length, version)


def _config(d: Dissection, at: int, length: int, least: int) -> None:
    if length < least:
        d.invalid()
        return
    d.say(f", Flags [{bits(_FLAGS, 'none', d.u8(at + 4))}]")
    bridge = d.bytes(at + 17, 8)
    d.say(f", bridge-id {bridge[:2].hex()}.{bridge[2:].hex(':')}.{d.u16(at + 25):04x}, length {length}")


def _multiple(d: Dissection, at: int, length: int, version: int) -> None:
    if length < 102 or d.u8(at + 35):
        d.invalid()
        return
    instances = d.u16(at + 36) + 2
    if length < _HEADER + instances:
        d.invalid()
        return
    d.say(f", CIST Flags [{bits(_FLAGS, 'none', d.u8(at + 4))}], length {length}")
    if version == 4:
        bridging = d.u16(at + 36 + instances) + 2
        if length < _HEADER + instances + bridging or bridging < 87:
            d.invalid()
