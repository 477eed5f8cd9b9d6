"""BOOTP and DHCP (RFC 951, RFC 2131), DHCPv6 (RFC 8415): who asks, and for what."""

from __future__ import annotations

from pitop.model.packets.addresses import mac_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.registry import application

__all__ = ["dhcp", "dhcp6"]

_MESSAGES = {
    1: "solicit", 2: "advertise", 3: "request", 4: "confirm", 5: "renew", 6: "rebind", 7: "reply", 8: "release",
    9: "decline", 10: "reconfigure", 11: "inf-req", 12: "relay-fwd", 13: "relay-reply", 14: "leasequery",
    15: "leasequery-reply",
}  # fmt: skip


@application(5, udp=(67, 68))
def dhcp(d: Dissection, at: int, length: int) -> None:
    """A BOOTP or DHCP message."""
    d.protocol = "bootp"
    operation = d.u8(at)
    d.say("BOOTP/DHCP, " + {1: "Request", 2: "Reply"}.get(operation, f"unknown (0x{operation:02x})"))
    if d.u8(at + 1) == 1 and d.u8(at + 2) == 6 and operation == 1:
        d.say(f" from {mac_text(d.bytes(at + 28, 6))}")
    d.say(f", length {length}")


@application(40, udp=(546, 547))
def dhcp6(d: Dissection, at: int, length: int) -> None:
    """A DHCPv6 message."""
    d.protocol = "dhcp6"
    d.say("dhcp6")
    if not d.has(at, 4):
        d.cut()
        return
    kind = d.u8(at)
    d.say(" " + _MESSAGES.get(kind, f"msgtype-{kind}"))
