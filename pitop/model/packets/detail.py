"""A packet taken apart: layers, their fields, and which bytes each of them stands in."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["DetailField", "Layer"]


class DetailField(Struct, frozen=True):
    """A field as text; `at` and `size` are its bytes in the packet, size 0 where that is not known."""

    name: str
    value: str
    at: int = 0
    size: int = 0


class Layer(Struct, frozen=True):
    """A protocol's part of the packet."""

    name: str
    at: int
    size: int
    fields: tuple[DetailField, ...]
