"""The topic `talks`: the table of who talks with whom, joined from sockets and traffic."""

from __future__ import annotations

from pitop.model.snapshot import Snapshot
from pitop.model.traffic.table import TrafficRow

__all__ = ["TalksSnapshot"]


class TalksSnapshot(Snapshot, frozen=True, kw_only=True):
    """The rows, since `since` (unix seconds). `capturing` tells whether packets are seen: without, UDP has no counts
    and short connections no owner. `unknown_percent` is the share of ends on this machine whose process was not found,
    None before there are any. `dropped` packets were lost by the kernel. Rates of everything together are a second."""

    since: float
    rows: tuple[TrafficRow, ...] = ()
    capturing: bool = False
    unknown_percent: float | None = None
    dropped: int = 0
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
