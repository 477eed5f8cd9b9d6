"""Ethernet II and 802.3 frames, VLAN tags (IEEE 802.1Q, 802.1ad), the switch tags of DSA and Broadcom."""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.packets.addresses import mac_text
from pitop.model.packets.dissection import Dissection
from pitop.model.packets.llc import llc
from pitop.model.packets.numbers import ETHERTYPE_NAMES
from pitop.model.packets.registry import ETHERTYPES

__all__ = ["VLAN_TYPES", "by_ethertype", "ethernet", "ethernet_tagged"]

VLAN_TYPES = frozenset((0x8100, 0x9100, 0x9200, 0x88A8))
_LONGEST_LENGTH = 1500  # up to here the field after the addresses is a length, above it a type
_JUMBO = 0x8870


def by_ethertype(d: Dissection, kind: int, at: int, length: int) -> bool:
    """Print what an EtherType says; False, and nothing written, when nobody knows it."""
    printer = ETHERTYPES.get(kind)
    if printer is None:
        return False
    printer(d, at, length)
    return True


def ethernet(d: Dissection, at: int, length: int) -> None:
    """A frame from its destination address on; `length` as it was on the wire."""
    d.protocol = "ether"
    ethernet_tagged(d, at, length, 0, None)


def ethernet_tagged(
    d: Dissection, at: int, length: int, tag_size: int, print_tag: Callable[[Dissection, int], None] | None
) -> None:
    """A frame with a switch's tag of `tag_size` bytes between the addresses and the type."""
    d.enter()
    captured = d.left(at)
    if length < captured:
        d.say(f"[length {length} < caplen {captured}]")
        d.invalid()
        return
    if captured < 14 + tag_size:
        d.cut()
        return
    whole = length
    outer, d.link = d.link, (mac_text(d.data[at + 6 : at + 12]), mac_text(d.data[at : at + 6]))
    at += 12
    if print_tag is not None:
        print_tag(d, at)
    at += tag_size
    length -= 12 + tag_size
    kind = d.u16(at)
    at += 2
    length -= 2
    while kind in VLAN_TYPES:
        if d.left(at) < 4 or length < 4:
            d.protocol = "vlan"
            d.cut()
            return
        kind = d.u16(at + 2)
        at += 4
        length -= 4
    _content(d, kind, at, length, whole)
    d.link = outer


def _content(d: Dissection, kind: int, at: int, length: int, whole: int) -> None:
    if kind <= _LONGEST_LENGTH:
        length = min(kind, length)
        end, d.end = d.end, min(d.end, at + length)
        if not llc(d, at, length):
            d.dump(at, d.left(at))
        d.end = end
    elif kind == _JUMBO:
        if not llc(d, at, length):
            d.dump(at, d.left(at))
    elif not by_ethertype(d, kind, at, length):
        assert d.link is not None
        source, destination = d.link
        name = ETHERTYPE_NAMES.get(kind, "Unknown")
        d.say(f"{source} > {destination}, ethertype {name} (0x{kind:04x}), length {whole}: ")
        d.dump(at, d.left(at))
