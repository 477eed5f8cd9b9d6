"""The options of EDNS (RFC 6891 and those that define each option)."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, ipv6_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.names import name

__all__ = ["edns_option"]

_NAMES = {
    1: "LLQ", 2: "UL", 3: "NSID", 5: "DAU", 6: "DHU", 7: "N3U", 8: "ECS", 9: "EXPIRE", 10: "COOKIE", 11: "KEEPALIVE",
    12: "PADDING", 13: "CHAIN", 14: "KEY-TAG", 16: "CLIENT-TAG", 17: "SERVER-TAG",
}  # fmt: skip
_SIGNATURES = {
    0: "DELETE", 1: "RSAMD5", 2: "DH", 3: "DS", 5: "RSASHA1", 6: "DSA-NSEC3-SHA1", 7: "RSASHA1-NSEC3-SHA1",
    8: "RSASHA256", 10: "RSASHA512", 12: "ECC-GOST", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519",
    16: "ED448", 252: "INDIRECT", 253: "PRIVATEDNS", 254: "PRIVATEOID",
}  # fmt: skip
_DIGESTS = {1: "SHA-1", 2: "SHA-256", 3: "GOST_R_34.11-94", 4: "SHA-384"}
_ALGORITHMS = {5: _SIGNATURES, 6: _DIGESTS, 7: {1: "SHA-1"}}


def edns_option(d: Dissection, at: int) -> int | None:
    """Write one option; gives where it ends, None when it is cut."""
    if not d.has(at, 2):
        return None
    d.step()
    kind = d.u16(at)
    d.say(_NAMES.get(kind, f"Opt{kind}"))
    if not d.has(at + 2, 2):
        return None
    size = d.u16(at + 2)
    at += 4
    if not d.has(at, size):
        return None
    if size:
        d.say(" ")
        _value(d, kind, at, size)
    return at + size


def _value(d: Dissection, kind: int, at: int, size: int) -> None:
    content = d.data[at : at + size]
    if kind == 8:
        _subnet(d, content)
    elif kind == 10:
        if size < 8 or 8 < size < 16 or size > 40:
            d.invalid()
        else:
            d.say(content[:8].hex() + (" " + content[8:].hex() if size > 8 else ""))
    elif kind == 11:
        if size != 2:
            d.invalid()
        else:
            d.say(f"{d.u16(at) / 10:0.1f} sec")
    elif kind == 9:
        if size != 4:
            d.invalid()
        else:
            d.say(f"{d.u32(at)} sec")
    elif kind == 12:
        d.say(f"({size})")
    elif kind == 14:
        if size % 2:
            d.invalid()
        else:
            d.say(" ".join(str(d.u16(place)) for place in range(at, at + size, 2)))
    elif kind in _ALGORITHMS:
        names = _ALGORITHMS[kind]
        d.say(" ".join(names.get(code, f"Alg_{code}") for code in content))
    elif kind == 13:
        name(d, at, at + size)
    else:
        d.say(content.hex())


def _subnet(d: Dissection, content: bytes) -> None:
    """The client's subnet (RFC 7871)."""
    if len(content) < 4:
        d.invalid()
        return
    family = int.from_bytes(content[:2], "big")
    source, scope = content[2], content[3]
    width = {1: 32, 2: 128}.get(family)
    address = content[4:]
    if (
        width is None
        or len(address) > width // 8
        or source > width
        or scope > width
        or (source + 7) // 8 != len(address)
    ):
        d.invalid()
    elif family == 1:
        d.say(f"{ipv4_text(address.ljust(4, bytes(1)))}/{source}/{scope}")
    else:
        d.say(f"{ipv6_text(address.ljust(16, bytes(1)))}/{source}/{scope}")
