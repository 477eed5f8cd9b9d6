"""The fields of what a network has given: leases and name servers."""

from __future__ import annotations

from pitop.model.network.rows import Lease, Nameserver
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["LEASE_FIELDS", "NAMESERVER_FIELDS"]

LEASE_FIELDS: tuple[Field[Lease], ...] = (
    Field(
        "interface",
        "INTERFACE",
        12,
        Unit.TEXT,
        lambda row: row.interface,
        "The interface that the address was lent to.",
        ("dev",),
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "address",
        "ADDRESS",
        22,
        Unit.ADDRESS,
        lambda row: row.address,
        "The address that the DHCP server lent.",
        ("ip",),
    ),
    Field(
        "prefix_length", "LEN", 4, Unit.NUMBER, lambda row: row.prefix_length, "How many leading bits are the network."
    ),
    Field("client", "CLIENT", 16, Unit.TEXT, lambda row: row.client, "The program here that keeps the lease."),
    Field("server", "SERVER", 16, Unit.ADDRESS, lambda row: row.server, "The DHCP server that lent it."),
    Field(
        "routers",
        "ROUTERS",
        16,
        Unit.TEXT,
        lambda row: " ".join(row.routers) or None,
        "The gateways that came with the lease.",
    ),
    Field(
        "nameservers",
        "NAMESERVERS",
        20,
        Unit.TEXT,
        lambda row: " ".join(row.nameservers) or None,
        "The name servers that came with the lease.",
    ),
    Field("domain", "DOMAIN", 14, Unit.TEXT, lambda row: row.domain, "The domain that came with the lease."),
    Field(
        "obtained_time",
        "OBTAINED",
        8,
        Unit.MOMENT,
        lambda row: row.obtained_time,
        "When the lease was given or renewed.",
    ),
    Field(
        "renew_time",
        "RENEW",
        8,
        Unit.MOMENT,
        lambda row: row.renew_time,
        "When the client asks the same server for more time (T1, half of the lease).",
    ),
    Field(
        "rebind_time",
        "REBIND",
        8,
        Unit.MOMENT,
        lambda row: row.rebind_time,
        "When it starts to ask any server (T2, seven eighths): seen only when the first one is silent.",
    ),
    Field(
        "expiry_time",
        "EXPIRES",
        8,
        Unit.MOMENT,
        lambda row: row.expiry_time,
        "When the address must be given up.",
        ("expires",),
    ),
)

NAMESERVER_FIELDS: tuple[Field[Nameserver], ...] = (
    Field(
        "address",
        "NAMESERVER",
        26,
        Unit.ADDRESS,
        lambda row: row.address,
        "A name server that this machine asks.",
        ("ip",),
    ),
    Field("interface", "INTERFACE", 12, Unit.TEXT, lambda row: row.interface, "The link that it is for."),
    Field(
        "used",
        "USED",
        5,
        Unit.FLAG,
        lambda row: row.used,
        "The C library asks the first three of resolv.conf and never looks at the rest.",
        tone=lambda row: Tone.PLAIN if row.used else Tone.FAINT,
    ),
    Field("origin", "FROM", 30, Unit.TEXT, lambda row: row.origin, "The file that names it."),
)
