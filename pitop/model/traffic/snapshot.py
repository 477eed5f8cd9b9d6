"""The topic `traffic`: what it tells, and what it can be asked."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.dns.live import LiveQuery
from pitop.model.packets.snapshot import CaptureStatus
from pitop.model.snapshot import Snapshot
from pitop.model.traffic.talk import Named, Talk

__all__ = ["AskTraffic", "TrafficSnapshot"]


class AskTraffic(Struct, frozen=True):
    """What is wanted beyond the usual: with `names`, reverse look-ups of addresses that have no other name.

    `attempt` makes two of them differ that are to begin a capture again which could not begin.
    """

    names: bool = False
    attempt: int = 0


class TrafficSnapshot(Snapshot, frozen=True, kw_only=True):
    """The newest conversations and queries, newest first, and the names that are known.

    `problem` and `advice` say why nothing is captured; then there are no talks and queries, and names come from the
    hosts file and reverse look-ups only. `left_out` is how many SSH connections of one's own are not captured. Of the
    ends on this machine of every conversation since the capture began, `attributed` have a process, `unknown` have
    none, and `sought` are being looked for: unknown / (attributed + unknown) is the share that is not known.
    """

    talks: tuple[Talk, ...] = ()
    queries: tuple[LiveQuery, ...] = ()
    names: tuple[Named, ...] = ()
    running: bool = False
    problem: str = ""
    advice: str = ""
    left_out: int = 0
    status: CaptureStatus = CaptureStatus()
    attributed: int = 0
    unknown: int = 0
    sought: int = 0

    @property
    def unknown_percent(self) -> float | None:
        """The share of ends on this machine whose process was not found; None before there are any."""
        settled = self.attributed + self.unknown
        return 100.0 * self.unknown / settled if settled else None
