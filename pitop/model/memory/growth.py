"""How an address space changed since somebody began to look at it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pitop.model.memory.mappings import Mapping

__all__ = ["Change", "changes", "gone"]


class Change(Struct, frozen=True):
    """What a mapping grew by (negative: shrank), in bytes; `start` is where it begins now, `new` tells that it was not
    there at first."""

    start: int
    size_bytes: int
    rss_bytes: int | None
    new: bool = False


def changes(first: Sequence[Mapping], now: Sequence[Mapping]) -> tuple[Change, ...]:
    """What changed, by address.

    A mapping is the same as before when it begins at the same address, or ends at the same one (stacks grow down)
    with the same path.
    """
    begins = {(each.start, each.path): each for each in first}
    ends = {(each.end, each.path): each for each in first}
    found: list[Change] = []
    for each in now:
        before = begins.get((each.start, each.path)) or ends.get((each.end, each.path))
        if before is None:
            found.append(Change(each.start, each.size_bytes, each.rss_bytes, new=True))
            continue
        size = each.size_bytes - before.size_bytes
        resident = None if each.rss_bytes is None or before.rss_bytes is None else each.rss_bytes - before.rss_bytes
        if size or resident:
            found.append(Change(each.start, size, resident))
    return tuple(found)


def gone(first: Sequence[Mapping], now: Sequence[Mapping]) -> tuple[Mapping, ...]:
    """The mappings that were there at first and are no more."""
    begins = {(each.start, each.path) for each in now}
    ends = {(each.end, each.path) for each in now}
    return tuple(each for each in first if (each.start, each.path) not in begins and (each.end, each.path) not in ends)
