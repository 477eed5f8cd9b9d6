"""Which families of addresses matter."""

from __future__ import annotations

import ipaddress
import socket

__all__ = ["families_of"]


def families_of(target: str | None) -> tuple[int, ...]:
    """Which families matter: that of an address, both for a name."""
    try:
        version = ipaddress.ip_address((target or "").partition("%")[0]).version
    except ValueError:
        return (socket.AF_INET, socket.AF_INET6)
    return (socket.AF_INET,) if version == 4 else (socket.AF_INET6,)
