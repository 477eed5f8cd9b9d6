"""Routing and neighbour protocols, each in one honest line: its name, its message where that is one byte, its size."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text
from pitop.model.packets.dissection import Dissection, Printer, bits
from pitop.model.packets.registry import application, ethertype, ip_protocol
from pitop.model.packets.tcp import ends

__all__ = ["hsrp", "vrrp"]

_OSPF = {1: "Hello", 2: "Database Description", 3: "LS-Request", 4: "LS-Update", 5: "LS-Ack"}
_PIM2 = {
    0: "Hello", 1: "Register", 2: "Register-Stop", 3: "Join / Prune", 4: "Bootstrap", 5: "Assert", 6: "Graft",
    7: "Graft-ACK", 8: "Candidate RP Advertisement", 9: "Prune-Refresh", 10: "DF Election", 11: "ECMP Redirect",
}  # fmt: skip
_EIGRP = {1: "Update", 3: "Query", 4: "Reply", 5: "Hello", 6: "IPX SAP"}
_DCCP = {
    0: "DCCP-Request", 1: "DCCP-Response", 2: "DCCP-Data", 3: "DCCP-Ack", 4: "DCCP-DataAck", 5: "DCCP-CloseReq",
    6: "DCCP-Close", 7: "DCCP-Reset", 8: "DCCP-Sync", 9: "DCCP-SyncAck",
}  # fmt: skip
_HSRP = {0: "hello", 1: "coup", 2: "resign"}
_HSRP_STATES = {0: "initial", 1: "learn", 2: "listen", 4: "speak", 8: "standby", 16: "active"}


@ip_protocol(89)
def _ospf(d: Dissection, at: int, length: int) -> None:
    d.protocol = "ospf"
    version, kind = d.u8(at), d.u8(at + 1)
    name = _OSPF.get(kind)
    d.say(f"OSPFv{version}, {name or f'unknown packet type ({kind})'}, length {length}")


@ip_protocol(103)
def _pim(d: Dissection, at: int, length: int) -> None:
    d.protocol = "pim"
    first = d.u8(at)
    d.say(f"PIMv{first >> 4}")
    if first >> 4 == 2:
        d.say(f", {_PIM2.get(first & 0x0F, 'Unknown')}, length {length}")
    else:
        d.say(f", length {length}")


@ip_protocol(88)
def _eigrp(d: Dissection, at: int, length: int) -> None:
    d.protocol = "eigrp"
    d.need(at, 20)
    version, kind = d.u8(at), d.u8(at + 1)
    if version != 2:
        d.say(f"EIGRP version {version} packet not supported")
        return
    d.say(f"EIGRP {_EIGRP.get(kind, f'unknown, type: {kind}')}, length: {length}")


@ip_protocol(112)
def vrrp(d: Dissection, at: int, length: int) -> None:
    """The Virtual Router Redundancy Protocol (RFC 5798)."""
    d.protocol = "vrrp"
    if length < 8:
        d.cut()
        return
    first = d.u8(at)
    version, kind = first >> 4, first & 0x0F
    name = "Advertisement" if kind == 1 else f"[type#{kind}]"
    d.say(f"VRRPv{version}, {name}, ")
    d.say(f"vrid {d.u8(at + 1)}, prio {d.u8(at + 2)}")
    if version == 2:
        authority = {0: "none", 1: "simple", 2: "ah"}.get(d.u8(at + 4), f"type#{d.u8(at + 4)}")
        d.say(f", authtype {authority}, intvl {d.u8(at + 5)}s, length {length}")
    elif version == 3:
        d.say(f", intvl {d.u16(at + 4) & 0x0FFF}cs, length {length}")
    else:
        d.say(f", length {length}")


@ip_protocol(33)
def _dccp(d: Dissection, at: int, length: int) -> None:
    d.protocol = "dccp"
    ends(d, d.u16(at), d.u16(at + 2))
    kind = d.u8(at + 8) >> 1 & 0x0F
    d.say(f"DCCP, {_DCCP.get(kind, f'unknown packet type {kind}')}, length {length}")


@application(60, udp=(1985,))
def hsrp(d: Dissection, at: int, length: int) -> None:
    """The Hot Standby Router Protocol (RFC 2281)."""
    d.protocol = "hsrp"
    version, kind, state = d.u8(at), d.u8(at + 1), d.u8(at + 2)
    d.say(f"HSRPv{version}-{_HSRP.get(kind, f'unknown ({kind})')} {length}: ")
    d.say(f"state={_HSRP_STATES.get(state, f'Unknown ({state})')} group={d.u8(at + 6)} ")
    if d.u8(at + 7):
        d.say(f"reserved=0x{d.u8(at + 7):02x} ")
    d.say(f"addr={ipv4_text(d.bytes(at + 16, 4))}")


@application(12, udp=(520,))
def _rip(d: Dissection, at: int, length: int) -> None:
    d.protocol = "rip"
    if not d.has(at, 1) or length < 4:
        d.cut()
        return
    kind, version = d.u8(at), d.u8(at + 1)
    names = {1: "Request", 2: "Response", 3: "Trace on", 4: "Trace off", 9: "Poll", 10: "Update Request",
             11: "Update Response", 12: "Update Acknowledge"}  # fmt: skip
    d.say(f"RIPv{version}, {names.get(kind, 'unknown')}, length: {length}")


@application(70, udp=(514,))
def _syslog(d: Dissection, at: int, length: int) -> None:
    """A syslog message: who says how urgent it is."""
    d.protocol = "syslog"
    if d.u8(at) != 0x3C:
        d.cut()
        return
    digits = ""
    for place in range(1, 5):
        code = d.u8(at + place)
        if code == 0x3E:
            break
        if not 0x30 <= code <= 0x39:
            d.cut()
            return
        digits += chr(code)
    if not digits:
        d.cut()
        return
    value = int(digits)
    facility = _FACILITIES[value >> 3] if value >> 3 < len(_FACILITIES) else f"unknown ({value >> 3})"
    d.say(f"SYSLOG {facility}.{_SEVERITIES[value & 0x07]}, length: {length}")


_FACILITIES = (
    "kernel", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "security", "console", "cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
_SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")


def _named(name: str, text: str) -> Printer:
    def printer(d: Dissection, at: int, length: int) -> None:
        d.protocol = name
        d.say(f"{text}, length {length & 0xFFFFFFFF}")

    return printer


for _number, _name in ((8, "egp"), (9, "igrp"), (46, "rsvp"), (55, "mobile"), (113, "pgm")):
    ip_protocol(_number)(_named(_name, _name.upper()))
for _number, _name in (
    (0x88CC, "LLDP"), (0x8808, "MPCP"), (0x8902, "CFM"), (0x9000, "Loopback"),
    (0x8137, "IPX"), (0x809B, "AppleTalk"), (0x80F3, "AARP"), (0x6003, "DECnet"), (0x88CA, "TIPC"),
    (0x886F, "MS NLB heartbeat"), (0xFEFE, "OSI"),
):  # fmt: skip
    ethertype(_number)(_named(_name.lower(), _name))


@ethertype(0x88A2)
def _aoe(d: Dissection, at: int, length: int) -> None:
    """Disks over Ethernet (the AoE protocol definition)."""
    d.protocol = "aoe"
    d.say(f"AoE length {length}")
    if length < 10:
        d.say(" [length < 10]")
        d.invalid()
        return
    d.need(at, 1)
    version = d.u8(at) >> 4
    d.say(f", Ver {version}")
    if version == 1:
        d.say(f", Flags: [{bits({0x08: 'Response', 0x04: 'Error'}, 'none', d.u8(at) & 0x0F)}]")


@ethertype(0x8809)
def _slow(d: Dissection, at: int, length: int) -> None:
    """Slow protocols (IEEE 802.3): link aggregation."""
    d.protocol = "slow"
    kind = d.u8(at)
    name = {1: "LACP", 2: "MARKER", 3: "OAM"}.get(kind, f"unknown ({kind})")
    d.say(f"{name}v{d.u8(at + 1)}, length {length}" if kind in (1, 2) else f"{name}, length {length}")


@ethertype(0x888E)
def _eapol(d: Dissection, at: int, length: int) -> None:
    """Port authentication (IEEE 802.1X)."""
    d.protocol = "eap"
    d.need(at, 4)
    names = {0: "EAP packet", 1: "EAPOL start", 2: "EAPOL logoff", 3: "EAPOL key", 4: "EAPOL encapsulated ASF alert"}
    kind = d.u8(at + 1)
    d.say(f"{names.get(kind, 'unknown')} ({kind}) v{d.u8(at)}, len {d.u16(at + 2)}")
