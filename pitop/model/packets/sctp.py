"""SCTP chunks (RFC 9260) and DCCP's first words (RFC 4340)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, ipv6_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.registry import ip_protocol

__all__ = ["sctp"]

_CHUNKS = {
    0: "DATA", 1: "INIT", 2: "INIT ACK", 3: "SACK", 4: "HB REQ", 5: "HB ACK", 6: "ABORT", 7: "SHUTDOWN",
    8: "SHUTDOWN ACK", 9: "OP ERR", 10: "COOKIE ECHO", 11: "COOKIE ACK", 12: "ECN ECHO", 13: "ECN CWR",
    14: "SHUTDOWN COMPLETE", 0xC0: "FOR CUM TSN", 0xC1: "REL CTRL", 0x81: "REL CTRL ACK",
}  # fmt: skip
_FORCES = {6704: "ForCES HP", 6705: "ForCES MP", 6706: "ForCES LP"}
_PAYLOADS = {
    1: "ISDN Q.921", 2: "M2UA", 3: "M3UA", 4: "SUA", 5: "M2PA", 6: "V5.2", 7: "H.248", 8: "BICC", 9: "TALI",
    10: "DUA", 11: "ASAP", 12: "ENRP", 13: "H.323", 14: "Q.IPC", 15: "SIMCO", 16: "DDPSC", 17: "DDPSSC", 18: "S1AP",
    19: "RUA", 20: "HNBAP", 21: "ForCES HP", 22: "ForCES MP", 23: "ForCES LP", 24: "SBc-AP", 25: "NBAP", 27: "X2AP",
}  # fmt: skip


@ip_protocol(132)
def sctp(d: Dissection, at: int, length: int) -> None:
    """An SCTP packet: its ports and its chunks."""
    d.protocol = "sctp"
    if length < 12:
        d.say(f"truncated-sctp - {12 - length} bytes missing!")
        return
    if not d.has(at, 12):
        d.cut()
        return
    source, destination = d.u16(at), d.u16(at + 2)
    text = ipv4_text if len(d.source) == 4 else ipv6_text
    d.say(f"{text(d.source)}.{source} > {text(d.destination)}.{destination}: sctp")
    for port in (source, destination):
        if port in _FORCES:
            d.say(f"[{_FORCES[port]}]")
    at += 12
    length -= 12
    number = 0
    mark = " ("
    while length != 0:
        number += 1
        d.step()
        if length < 4:
            d.say(f"{mark}{number}) [chunk descriptor cut off at end of packet]")
            return
        if not d.has(at, 4):
            d.cut()
            return
        kind, flags, size = d.u8(at), d.u8(at + 1), d.u16(at + 2)
        padding = -size % 4
        if size < 4:
            d.say(f"{mark}{number}) [Bad chunk length {size}, < size of chunk descriptor]")
            return
        if length < padding:
            d.say(f"{mark}{number}) [Bad chunk length {size}, > remaining data in packet]")
            return
        if not d.has(at, size):
            d.cut()
            return
        d.say(f"{mark}{number}) [{_CHUNKS.get(kind, f'Unknown chunk type: 0x{kind:x}')}] ")
        if not _chunk(d, kind, flags, at + 4, size):
            return
        mark = ", ("
        if padding and not d.has(at + size, padding):
            d.cut()
            return
        at += size + padding
        length -= size + padding


def _chunk(d: Dissection, kind: int, flags: int, at: int, size: int) -> bool:
    """A chunk's own words; False when its length cannot be."""
    least = {0: 13, 1: 16, 2: 16, 3: 12}.get(kind, 0)
    if kind == 0:
        d.say("".join(word for bit, word in ((0x04, "(U)"), (0x02, "(B)"), (0x01, "(E)")) if flags & bit))
        d.say(" " if flags & 0x07 else "")
    if size - 4 < least and not (kind == 0 and size - 4 == 12):
        d.say(f"bogus chunk length {size}]")
        return False
    if kind == 0:
        payload = d.u32(at + 8)
        d.say(f"[TSN: {d.u32(at)}] [SID: {d.u16(at + 4)}] [SSEQ {d.u16(at + 6)}]")
        d.say(f" [PPID {_PAYLOADS.get(payload, f'0x{payload:x}')}] ")
        if size - 4 == 12:
            d.say(f"bogus chunk length {size}]")
            return False
    elif kind in (1, 2):
        d.say(f"[init tag: {d.u32(at)}] [rwnd: {d.u32(at + 4)}] [OS: {d.u16(at + 8)}]")
        d.say(f" [MIS: {d.u16(at + 10)}] [init TSN: {d.u32(at + 12)}] ")
    elif kind == 3:
        gaps, duplicates = d.u16(at + 8), d.u16(at + 10)
        base = d.u32(at)
        d.say(f"[cum ack {base}] [a_rwnd {d.u32(at + 4)}] [#gap acks {gaps}] [#dup tsns {duplicates}] ")
        left, place = size - 16, at + 12
        for number in range(gaps + duplicates):
            if left == 0:
                break
            if left < 4:
                d.say(f"bogus chunk length {size}]")
                return False
            d.step()
            if number < gaps:
                start, end = (base + d.u16(place)) & 0xFFFFFFFF, (base + d.u16(place + 2)) & 0xFFFFFFFF
                d.say(f"\n\t\t[gap ack block #{number + 1}: start = {start}, end = {end}] ")
            else:
                d.say(f"\n\t\t[dup TSN #{number - gaps + 1}: {d.u32(place)}] ")
            place += 4
            left -= 4
    return True
