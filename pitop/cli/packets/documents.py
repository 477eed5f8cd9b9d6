"""Packets as JSON documents: a file's in one, written as it is read; a live capture's in one after another."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from pitop.model.packets.packet import PacketRow
from pitop.model.packets.row import Row
from pitop.render.document import document
from pitop.render.field import record
from pitop.render.packets import FIELDS

__all__ = ["batch_document", "one_document"]


def one_document(rows: Iterator[Row], path: str) -> int:
    """Print one object on one line with all rows, without holding them in memory."""
    head = document("packets", time.time(), os.uname().nodename, {"file": path}, ())
    write = sys.stdout.write
    write(head.removesuffix("]}"))
    mark = ""
    try:
        for row in rows:
            write(mark + msgspec.json.encode(record(FIELDS, row)).decode())
            mark = ","
    finally:
        write("]}\n")
    sys.stdout.flush()
    return 0


def batch_document(rows: Iterable[PacketRow], summary: Mapping[str, Any]) -> str:
    """One object for the packets of a moment."""
    return document("packets", time.time(), os.uname().nodename, summary, (record(FIELDS, row) for row in rows))
