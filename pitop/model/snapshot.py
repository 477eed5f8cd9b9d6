"""What every snapshot carries, and what stands in its place when there is none."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Failure", "Missing", "Snapshot"]


class Missing(Struct, frozen=True):
    """One thing that could not be read: what, why, and what would help."""

    what: str
    why: str
    advice: str = ""


class Snapshot(Struct, frozen=True, kw_only=True):
    """The base of every topic's snapshot.

    `time` is in unix seconds, `host` the node name of the machine that it was taken on; `missing` names what
    could not be read while the rest could.
    """

    time: float
    host: str
    missing: tuple[Missing, ...] = ()


class Failure(Struct, frozen=True):
    """A topic's collector raised: shown where its rows would be, while everything else lives on.

    `where` is the place in the code, short enough for one line.
    """

    topic: str
    time: float
    message: str
    advice: str
    where: str
