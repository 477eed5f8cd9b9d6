"""The fields of routes."""

from __future__ import annotations

from pitop.model.network.rows import Route
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["ROUTE_FIELDS"]


def _gateways(row: Route) -> str | None:
    found = [hop.gateway for hop in row.hops if hop.gateway is not None]
    return ",".join(found) or None


def _outputs(row: Route) -> str | None:
    found = [hop.interface for hop in row.hops if hop.interface is not None]
    return ",".join(dict.fromkeys(found)) or None


ROUTE_FIELDS: tuple[Field[Route], ...] = (
    Field(
        "destination",
        "DESTINATION",
        24,
        Unit.TEXT,
        lambda row: row.destination,
        "Where the route leads. Of all that match, the one with the longest prefix wins; default matches everything.",
        ("dst",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "gateway",
        "GATEWAY",
        18,
        Unit.ADDRESS,
        _gateways,
        "The router that takes the packet further; none when the destination is on the link.",
        ("via",),
    ),
    Field(
        "interface",
        "INTERFACE",
        12,
        Unit.TEXT,
        _outputs,
        "The interface that the packet leaves by.",
        ("dev",),
    ),
    Field(
        "source",
        "SOURCE",
        16,
        Unit.ADDRESS,
        lambda row: row.source,
        "The address that this machine speaks from on this route, where the route prefers one.",
        ("src",),
    ),
    Field(
        "metric",
        "METRIC",
        6,
        Unit.NUMBER,
        lambda row: row.metric,
        "Of two routes with the same prefix the lower metric wins.",
    ),
    Field(
        "table",
        "TABLE",
        8,
        Unit.TEXT,
        lambda row: row.table,
        "The routing table. Rules decide which table is asked; local is asked first, main has the usual routes.",
    ),
    Field(
        "type",
        "TYPE",
        11,
        Unit.TEXT,
        lambda row: row.kind,
        "unicast goes out, local comes home, blackhole, unreachable and prohibit refuse.",
        tone=lambda row: Tone.WARN if row.kind in ("blackhole", "unreachable", "prohibit", "throw") else Tone.PLAIN,
    ),
    Field(
        "protocol",
        "PROTOCOL",
        8,
        Unit.TEXT,
        lambda row: row.protocol,
        "Who made it: kernel with an address, boot or static by hand, dhcp, ra from a router, bird or zebra.",
    ),
    Field(
        "scope",
        "SCOPE",
        7,
        Unit.TEXT,
        lambda row: row.scope,
        "How far the destination is: link is on the cable, host is here.",
    ),
)
