"""Addresses as text: IPv4, IPv6 (RFC 5952), hardware addresses."""

from __future__ import annotations

import socket
from functools import lru_cache

__all__ = ["ipv4_text", "ipv6_text", "link_text", "mac_text"]


@lru_cache(16384)
def ipv4_text(address: bytes) -> str:
    """Four bytes as a dotted quad."""
    a, b, c, d = address
    return f"{a}.{b}.{c}.{d}"


@lru_cache(16384)
def ipv6_text(address: bytes) -> str:
    """Sixteen bytes as an IPv6 address."""
    return socket.inet_ntop(socket.AF_INET6, address)


@lru_cache(16384)
def mac_text(address: bytes) -> str:
    """Bytes as two hex digits each, with colons between."""
    return address.hex(":")


def link_text(address: bytes) -> str:
    """A hardware address of any length."""
    return mac_text(address) if address else "<empty>"
