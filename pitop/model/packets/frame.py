"""One packet as it was captured, before anything is known of it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Frame"]


class Frame(NamedTuple):
    """`seconds` since 1970 and `nanoseconds` on top, `link` the pcap link type, `length` as on the wire, `data` the
    captured bytes.

    Files can hold more than a second in `nanoseconds`; it stays as it was read. `interface` is the name where it is
    known, `outgoing` whether this machine sent it. `comment` is the note that a pcapng file carries, which is where
    the process that a packet belonged to is kept.
    """

    seconds: int
    nanoseconds: int
    link: int
    length: int
    data: bytes
    interface: str | None = None
    outgoing: bool | None = None
    comment: str | None = None

    @property
    def time(self) -> float:
        """Unix seconds."""
        return self.seconds + self.nanoseconds / 1e9
