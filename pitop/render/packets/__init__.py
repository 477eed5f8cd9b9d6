"""Packets on the screen and in text: fields, ladder, dumps, statistics."""

from pitop.render.packets.fields import (
    FIELDS,
    MAIN,
    OPERANDS,
    finished_text,
    packet_text,
    stamp,
    stamp_text,
)

__all__ = ["FIELDS", "MAIN", "OPERANDS", "finished_text", "packet_text", "stamp", "stamp_text"]
