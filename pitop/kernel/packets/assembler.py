"""Classic BPF put together by hand: what the kernel shall never hand over (linux/filter.h, bpf(4)).

Offsets from `SKF_NET_OFF` on begin at the network header whatever the link layer is, and those from `SKF_AD_OFF` on
are what the kernel knows besides the bytes; so these programs hold for every interface at once.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = [
    "Session", "combined", "conversations", "first_packets", "leave_out", "once_on_loopback", "per_link",
]  # fmt: skip

_AD, _NET = -0x1000, -0x100000
_AD_PROTOCOL, _AD_PACKET_TYPE, _AD_HARDWARE = 0, 4, 28
_LD_W, _LD_H, _LD_B = 0x20, 0x28, 0x30
_LD_IND_H, _LD_IND_B = 0x48, 0x50
_AND = 0x54
_LDX_MSH = 0xB1
_JEQ, _JSET, _JA, _RET = 0x15, 0x45, 0x05, 0x06
_LOOPBACK, _OUTGOING = 772, 4
_EVERYTHING = 0x40000
_HEADERS = 128  # bytes: link, IP and UDP headers, and enough to tell QUIC
_DOMAIN = 53
_BEGIN_OR_END = 0x07  # TCP's FIN, SYN, RST


class Session(NamedTuple):
    """A TCP connection of this machine, by packed addresses (4 or 16 bytes) and ports."""

    local: bytes
    local_port: int
    remote: bytes
    remote_port: int


class _Step(NamedTuple):
    """An instruction; `yes` and `no` are the labels to jump to, empty for the next one."""

    code: int
    operand: int
    yes: str = ""
    no: str = ""
    label: str = ""


def _assembled(steps: list[_Step]) -> bytes:
    """Instructions with their labels turned into distances; `end` is behind the last."""
    places = {step.label: number for number, step in enumerate(steps) if step.label}
    places["end"] = len(steps)
    code = b""
    for number, step in enumerate(steps):
        yes = places[step.yes] - number - 1 if step.yes else 0
        no = places[step.no] - number - 1 if step.no else 0
        code += struct.pack("=HBBI", step.code, yes, no, step.operand & 0xFFFFFFFF)
    return code


def everything() -> bytes:
    """A program that lets all pass."""
    return struct.pack("=HBBI", _RET, 0, 0, _EVERYTHING)


def once_on_loopback() -> bytes:
    """The loopback interface shows each packet as it leaves and as it arrives: the leaving one is dropped."""
    return _assembled(
        [
            _Step(_LD_B, _AD + _AD_PACKET_TYPE),
            _Step(_JEQ, _OUTGOING, "", "end"),
            _Step(_LD_H, _AD + _AD_HARDWARE),
            _Step(_JEQ, _LOOPBACK, "", "end"),
            _Step(_RET, 0),
        ]
    )


def leave_out(session: Session) -> bytes:
    """A program part that drops the packets of one TCP connection, in both directions, and falls through otherwise."""
    old = len(session.local) == 4
    steps = [
        _Step(_LD_H, _AD + _AD_PROTOCOL),
        _Step(_JEQ, 0x0800 if old else 0x86DD, "", "end"),
        _Step(_LD_B, _NET + (9 if old else 6)),
        _Step(_JEQ, 6, "", "end"),
    ]
    if old:
        steps += [_Step(_LD_H, _NET + 6), _Step(_JSET, 0x1FFF, "end", ""), _Step(_LDX_MSH, _NET)]
    way_out = (session.local, session.local_port, session.remote, session.remote_port)
    way_in = (session.remote, session.remote_port, session.local, session.local_port)
    for number, (source, source_port, destination, destination_port) in enumerate((way_out, way_in)):
        other = "in" if number == 0 else "end"
        first = len(steps)
        words = source + destination
        for place in range(0, len(words), 4):
            steps.append(_Step(_LD_W, _NET + (12 if old else 8) + place))
            steps.append(_Step(_JEQ, int.from_bytes(words[place : place + 4], "big"), "", other))
        for place, port in ((0, source_port), (2, destination_port)):
            steps.append(_Step(_LD_IND_H, _NET + place) if old else _Step(_LD_H, _NET + 40 + place))
            steps.append(_Step(_JEQ, port, "", other))
        steps.append(_Step(_RET, 0))
        if number:
            steps[first] = steps[first]._replace(label="in")
    return _assembled(steps)


def first_packets() -> bytes:
    """A program that lets only those packets pass which begin something short: TCP's SYN, questions to port 53."""
    return _assembled(
        [
            _Step(_LD_H, _AD + _AD_PROTOCOL),
            _Step(_JEQ, 0x0800, "", "six"),
            _Step(_LDX_MSH, _NET),
            _Step(_LD_B, _NET + 9),
            _Step(_JEQ, 6, "", "old udp"),
            _Step(_LD_IND_B, _NET + 13),
            _Step(_AND, 0x12),
            _Step(_JEQ, 0x02, "yes", "no"),
            _Step(_JEQ, 17, "", "no", label="old udp"),
            _Step(_LD_IND_H, _NET + 2),
            _Step(_JEQ, 53, "yes", "no"),
            _Step(_JEQ, 0x86DD, "", "no", label="six"),
            _Step(_LD_B, _NET + 6),
            _Step(_JEQ, 6, "", "new udp"),
            _Step(_LD_B, _NET + 40 + 13),
            _Step(_AND, 0x12),
            _Step(_JEQ, 0x02, "yes", "no"),
            _Step(_JEQ, 17, "", "no", label="new udp"),
            _Step(_LD_H, _NET + 42),
            _Step(_JEQ, 53, "yes", "no"),
            _Step(_RET, 0, label="no"),
            _Step(_RET, 96, label="yes"),
        ]
    )


def conversations() -> bytes:
    """A program that lets pass what tells who talks with whom: TCP segments that begin or end a connection, UDP's
    headers, and everything to and from port 53, whole. Of fragments only the first ones tell their ports."""
    tail = [
        _Step(_RET, 0, label="no"),
        _Step(_RET, _HEADERS, label="head"),
        _Step(_RET, _EVERYTHING, label="whole"),
    ]
    old = [
        _Step(_LD_H, _NET + 6),
        _Step(_JSET, 0x1FFF, "no", ""),
        _Step(_LDX_MSH, _NET),
        _Step(_LD_IND_H, _NET),
        _Step(_JEQ, _DOMAIN, "old port", ""),
        _Step(_LD_IND_H, _NET + 2),
        _Step(_JEQ, _DOMAIN, "old port", ""),
        _Step(_LD_B, _NET + 9),
        _Step(_JEQ, 17, "head", ""),
        _Step(_JEQ, 6, "", "no"),
        _Step(_LD_IND_B, _NET + 13),
        _Step(_JSET, _BEGIN_OR_END, "whole", "no"),
        _Step(_LD_B, _NET + 9, label="old port"),
        _Step(_JEQ, 17, "whole", ""),
        _Step(_JEQ, 6, "whole", "no"),
    ]
    new = [
        _Step(_LD_H, _NET + 40, label="six"),
        _Step(_JEQ, _DOMAIN, "new port", ""),
        _Step(_LD_H, _NET + 42),
        _Step(_JEQ, _DOMAIN, "new port", ""),
        _Step(_LD_B, _NET + 6),
        _Step(_JEQ, 17, "head", ""),
        _Step(_JEQ, 6, "", "no"),
        _Step(_LD_B, _NET + 40 + 13),
        _Step(_JSET, _BEGIN_OR_END, "whole", "no"),
        _Step(_LD_B, _NET + 6, label="new port"),
        _Step(_JEQ, 17, "whole", ""),
        _Step(_JEQ, 6, "whole", "no"),
    ]
    start = [
        _Step(_LD_H, _AD + _AD_PROTOCOL),
        _Step(_JEQ, 0x86DD, "six", ""),
        _Step(_JEQ, 0x0800, "", "no"),
    ]
    return _assembled([*start, *old, *new, *tail])


def per_link(programs: dict[int, bytes], hardware: dict[int, int], otherwise: int) -> bytes:
    """One program for interfaces of several kinds: each packet goes through the one compiled for its link type.

    `hardware` gives the link type of an ARPHRD number (linux/if_arp.h); `otherwise` is the link type of all others.
    """
    code = b""
    for kind, link in hardware.items():
        if link == otherwise or link not in programs:
            continue
        program = programs[link]
        code += struct.pack("=HBBI", _LD_H, 0, 0, (_AD + _AD_HARDWARE) & 0xFFFFFFFF)
        code += struct.pack("=HBBI", _JEQ, 1, 0, kind)
        code += struct.pack("=HBBI", _JA, 0, 0, len(program) // 8) + program
    return code + programs[otherwise]


def combined(parts: list[bytes], program: bytes | None) -> bytes:
    """Parts that drop or fall through, then the program that decides."""
    return b"".join(parts) + (program or everything())
