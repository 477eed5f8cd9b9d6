"""What the packet pane is shown, and what it can ask for."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.packets.conversation import Conversation, Ladder, Stream
from pitop.model.packets.detail import Layer
from pitop.model.packets.packet import Packet
from pitop.model.packets.statistics import Overview
from pitop.model.snapshot import Snapshot

__all__ = [
    "AskAbout", "AskOverview", "AskRows", "Capture", "CaptureStatus", "Detail", "Halt", "PacketsSnapshot", "SaveTo",
]  # fmt: skip


class CaptureStatus(Struct, frozen=True):
    """Counts: what the kernel gave, dropped, and how often its ring stood still; what is stored, gone, not yet looked
    at, never looked at; whether a file is still being read; what was saved and what could not be in time; and what is
    to be said of the interface or file."""

    received: int = 0
    dropped: int = 0
    freezes: int = 0
    captured: int = 0
    octets: int = 0
    first: int = 1
    next: int = 1
    stored_bytes: int = 0
    evicted: int = 0
    lag: int = 0
    skipped: int = 0
    saved: int = 0
    unsaved: int = 0
    reading: bool = False
    note: str = ""


class Capture(Struct, frozen=True):
    """What to look at: an interface (None for all) with a capture filter, or a file. A request; a new one begins anew.

    `attempt` makes two of them differ that are to begin the same again.
    """

    interface: str | None = None
    expression: str = ""
    with_own_session: bool = False
    path: str | None = None
    attempt: int = 0


class AskRows(Struct, frozen=True):
    """Which rows: `count` from `first` on among those that match `filter`; the newest where `first` is None.

    No rows at all (`count` 0) are for who looks away: only the counts are told then.
    """

    count: int
    first: int | None = None
    filter: str = ""


class AskAbout(Struct, frozen=True):
    """One packet in full (`what` is `detail`), or its conversation (`stream`, `ladder`)."""

    number: int
    what: str = "detail"


class AskOverview(Struct, frozen=True):
    """`statistics` or `conversations` of the whole capture; empty for neither any more."""

    what: str = ""


class SaveTo(Struct, frozen=True):
    """Write the capture to this file from the oldest packet on, and go on; None ends it."""

    path: str | None = None


class Halt(Struct, frozen=True):
    """Capture nothing more; what is there stays."""


class Detail(Struct, frozen=True):
    """A packet taken apart; `layers` is None until that is done."""

    packet: Packet
    data: bytes
    layers: tuple[Layer, ...] | None


class PacketsSnapshot(Snapshot, frozen=True, kw_only=True):
    """Rows `first` on of `total` that match, and whatever else was asked for last.

    `problem` and `advice` say why nothing is captured; where `refused` is true, why something else that was asked for
    is not, while `capture` goes on as before. `filter_problem` is what is wrong with the filter, `left_out` how many
    SSH connections of one's own are not captured.
    """

    capture: Capture
    running: bool = False
    problem: str = ""
    advice: str = ""
    refused: bool = False
    left_out: int = 0
    status: CaptureStatus = CaptureStatus()
    first: int = 0
    total: int = 0
    examined: int = 0
    filter: str = ""
    filter_problem: str = ""
    rows: tuple[Packet, ...] = ()
    detail: Detail | None = None
    stream: Stream | None = None
    ladder: Ladder | None = None
    overview: Overview | None = None
    conversations: tuple[Conversation, ...] | None = None
    saving: str | None = None
    saved: int = 0
    save_problem: str = ""
