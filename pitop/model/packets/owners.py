"""How a packet's process is written into a pcapng file, and read back."""

from __future__ import annotations

import re

from pitop.model.packets.row import Owner

__all__ = ["owner_comment", "owner_of_comment"]

_COMMENT = re.compile(r"process (.{1,64}?) pid (\d{1,10})")


def owner_comment(owner: Owner) -> str:
    """The note that stands at a packet: `process wget pid 4711`."""
    return f"process {owner.name} pid {owner.pid}"


def owner_of_comment(comment: str | None) -> Owner | None:
    """The process that a note names; None for any other note."""
    match = None if comment is None else _COMMENT.fullmatch(comment)
    return None if match is None else Owner(int(match[2]), match[1])
