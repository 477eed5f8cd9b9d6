"""The fields of addresses: this machine's, and those of its neighbours."""

from __future__ import annotations

from pitop.model.network.rows import Address, Neighbour
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["ADDRESS_FIELDS", "NEIGHBOUR_FIELDS"]


def _span(seconds: float) -> str:
    whole = int(seconds)
    if whole >= 86400:
        return f"{whole // 86400}d{whole // 3600 % 24:02d}h"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


ADDRESS_FIELDS: tuple[Field[Address], ...] = (
    Field(
        "interface",
        "INTERFACE",
        12,
        Unit.TEXT,
        lambda row: row.interface,
        "The interface that holds the address.",
        ("dev", "name"),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "address",
        "ADDRESS",
        26,
        Unit.ADDRESS,
        lambda row: row.address,
        "An address of this machine.",
        ("ip",),
        show=lambda row: f"{row.address}/{row.prefix_length}",
    ),
    Field(
        "prefix_length",
        "LEN",
        4,
        Unit.NUMBER,
        lambda row: row.prefix_length,
        "How many leading bits are the network: what shares them is on the same link.",
        ("prefix",),
    ),
    Field(
        "scope",
        "SCOPE",
        7,
        Unit.TEXT,
        lambda row: row.scope,
        "Where the address means something: global everywhere, link on this cable, host inside this machine.",
    ),
    Field(
        "broadcast",
        "BROADCAST",
        16,
        Unit.ADDRESS,
        lambda row: row.broadcast,
        "The address that reaches everybody on the link.",
    ),
    Field("peer", "PEER", 16, Unit.ADDRESS, lambda row: row.peer, "The other end of a point-to-point link."),
    Field(
        "valid_seconds",
        "VALID",
        9,
        Unit.SECONDS,
        lambda row: row.valid_seconds,
        "How long the address may still be used; unknown here means for ever.",
        ("valid",),
        show=lambda row: "forever" if row.valid_seconds is None else _span(row.valid_seconds),
    ),
    Field(
        "flags",
        "FLAGS",
        24,
        Unit.TEXT,
        lambda row: ",".join(row.flags),
        "dynamic: learnt, with an end. tentative: still being checked for doubles. dadfailed: somebody else has it. "
        "deprecated: for old connections only. temporary: changes, for privacy.",
        tone=lambda row: Tone.BAD if "dadfailed" in row.flags else Tone.PLAIN,
    ),
)

NEIGHBOUR_FIELDS: tuple[Field[Neighbour], ...] = (
    Field(
        "address",
        "ADDRESS",
        26,
        Unit.ADDRESS,
        lambda row: row.address,
        "A machine on the same link that this one has spoken with, or tried to.",
        ("ip",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "mac",
        "MAC",
        17,
        Unit.TEXT,
        lambda row: row.mac,
        "Its link layer address, asked for with ARP (IPv4) or neighbour discovery (IPv6); unknown if nobody answered.",
    ),
    Field(
        "vendor",
        "VENDOR",
        22,
        Unit.TEXT,
        lambda row: row.vendor,
        "Who made its network card, by the first bytes of the MAC address.",
    ),
    Field("interface", "INTERFACE", 12, Unit.TEXT, lambda row: row.interface, "The interface it is behind.", ("dev",)),
    Field(
        "state",
        "STATE",
        10,
        Unit.TEXT,
        lambda row: row.state,
        "REACHABLE: heard of lately. STALE: known, not checked since. DELAY and PROBE: being checked. "
        "FAILED, INCOMPLETE: nobody answers at this address.",
        tone=lambda row: Tone.BAD if row.state in ("FAILED", "INCOMPLETE") else Tone.PLAIN,
    ),
    Field(
        "router",
        "ROUTER",
        6,
        Unit.FLAG,
        lambda row: row.router,
        "It said of itself that it is a router (IPv6).",
    ),
    Field(
        "confirmed_seconds",
        "CONFIRMED",
        9,
        Unit.SECONDS,
        lambda row: row.confirmed_seconds,
        "How long ago it was last known to be there.",
        ("confirmed",),
    ),
)
