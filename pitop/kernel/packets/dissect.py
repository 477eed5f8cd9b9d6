"""A packet taken apart by scapy, which is imported when the first one is."""

from __future__ import annotations

from typing import Any

from pitop.model.packets.detail import DetailField, Layer

__all__ = ["layers_of", "not_dissected", "preload"]

_MOST_LAYERS, _MOST_FIELDS, _MOST_TEXT = 40, 400, 400


def preload() -> None:
    """Import everything that dissecting needs, while the files can still be read."""
    layers_of(bytes(60), 1)
    layers_of(bytes.fromhex("45000014000000004011000001010101020202020035003500000000") + bytes(20), 101)


def layers_of(data: bytes, link: int) -> tuple[Layer, ...]:
    """Layers with their fields and where those stand. What scapy stumbles over comes as one layer that says so."""
    try:
        packet: Any = _outermost(link)(data)
        return tuple(_layers(packet, len(data)))
    except Exception as error:  # scapy raises whatever its dissectors happen to raise
        return not_dissected(data, f"{type(error).__name__}: {error}")


def not_dissected(data: bytes, reason: str) -> tuple[Layer, ...]:
    """The one layer of a packet that could not be taken apart."""
    return (Layer("not dissected", 0, len(data), (DetailField("reason", reason[:_MOST_TEXT]),)),)


def _outermost(link: int) -> Any:
    import logging

    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    from scapy.layers import dhcp, dhcp6, dns, http, inet, inet6, l2, ntp  # noqa: F401 - they bind themselves
    from scapy.packet import Raw

    table = {1: l2.Ether, 113: l2.CookedLinux, 276: l2.CookedLinuxV2, 0: l2.Loopback, 108: l2.Loopback}
    if link in (12, 14, 101, 228, 229):
        return lambda data: inet6.IPv6(data) if data[:1] and data[0] >> 4 == 6 else inet.IP(data)
    return table.get(link, Raw)


def _layers(packet: Any, whole: int) -> list[Layer]:
    found: list[Layer] = []
    layer = packet
    while layer is not None and layer.name != "NoPayload" and len(found) < _MOST_LAYERS:
        original = bytes(layer.original or b"")
        at = max(0, whole - len(original)) if original else whole
        payload = bytes(getattr(layer.payload, "original", b"") or b"")
        found.append(Layer(str(layer.name), at, max(0, len(original) - len(payload)), tuple(_fields(layer, at))))
        layer = layer.payload
    return found


def _fields(layer: Any, at: int) -> list[DetailField]:
    found = []
    place = at * 8
    for field in layer.fields_desc[:_MOST_FIELDS]:
        try:
            if field.name not in layer.fields and not hasattr(layer, field.name):
                continue
            value = layer.getfieldval(field.name)
            if value is None:
                continue
            if not getattr(field, "cond", lambda _: True)(layer):
                continue
            text = str(field.i2repr(layer, value))
            size = _bits(field, layer, value)
        except Exception:  # a field that cannot be shown is left out, the others are shown
            continue
        found.append(DetailField(str(field.name), text[:_MOST_TEXT], place // 8, (place % 8 + size + 7) // 8))
        place += size
    return found


def _bits(field: Any, layer: Any, value: Any) -> int:
    """How many bits a field takes."""
    inner = getattr(field, "fld", field)
    size = getattr(inner, "size", None)
    if size is not None and "Bit" in type(inner).__name__:
        return abs(int(size))
    if type(inner).__name__ == "FlagsField":
        return abs(int(inner.size))
    return len(inner.addfield(layer, b"", value)) * 8
