"""ARP and RARP (RFC 826, RFC 903, RFC 2390)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, link_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.numbers import ETHERTYPE_NAMES
from pitop.model.packets.registry import ethertype

__all__ = ["arp"]

_HARDWARE = {
    1: "Ethernet", 6: "TokenRing", 7: "ArcNet", 15: "FrameRelay", 19: "ATM", 23: "Strip", 24: "IEEE 1394",
    32: "InfiniBand",
}  # fmt: skip
_OPERATIONS = {
    1: "Request", 2: "Reply", 3: "Reverse Request", 4: "Reverse Reply", 8: "Inverse Request", 9: "Inverse Reply",
    10: "NACK Reply",
}  # fmt: skip


@ethertype(0x0806, 0x8035)
def arp(d: Dissection, at: int, length: int) -> None:
    """An ARP packet: who has, is at."""
    d.protocol = "arp"
    d.need(at, 8)
    hardware, protocol, operation = d.u16(at), d.u16(at + 2), d.u16(at + 6)
    hardware_size, protocol_size = d.data[at + 4], d.data[at + 5]
    sender_link = at + 8
    sender = sender_link + hardware_size
    target_link = sender + protocol_size
    target = target_link + hardware_size
    d.need(target, protocol_size)
    d.say("ARP, ")
    if protocol not in (0x0800, 0x1000) or protocol_size != 4 or hardware_size == 0:
        kind = _HARDWARE.get(hardware, f"Unknown Hardware ({hardware})")
        carried = ETHERTYPE_NAMES.get(protocol, f"Unknown Protocol (0x{protocol:04x})")
        d.say(f"{kind} (len {hardware_size}), {carried} (len {protocol_size}), length {length}")
        return
    d.say(_OPERATIONS.get(operation, f"Unknown ({operation})") + " ")
    data = d.data
    sender_text = ipv4_text(data[sender : sender + 4])
    target_text = ipv4_text(data[target : target + 4])
    link = data[sender_link:sender]
    other = data[target_link:target]
    if operation == 1:
        known = f" ({link_text(other)})" if any(other) else ""
        d.say(f"who-has {target_text}{known} tell {sender_text}")
    elif operation == 2:
        d.say(f"{sender_text} is-at {link_text(link)}")
    elif operation in (3, 8):
        d.say(f"who-is {link_text(other)} tell {link_text(link)}")
    elif operation == 4:
        d.say(f"{link_text(other)} at {target_text}")
    elif operation == 9:
        d.say(f"{link_text(link)} at {sender_text}")
    else:
        d.dump(at, d.left(at))
        return
    d.say(f", length {length}")
