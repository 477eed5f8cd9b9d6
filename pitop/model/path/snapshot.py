"""Echoes and traces at one moment, and what is asked for."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.path.echoes import Loss, Tally, Window
from pitop.model.snapshot import Snapshot

__all__ = ["PingRequest", "PingSnapshot", "PingTarget"]


class PingRequest(Struct, frozen=True, kw_only=True):
    """Which machines to ping, and how; replaces what was asked before. `dont_fragment` None leaves it to the kernel."""

    targets: tuple[str, ...]
    interval: float = 1.0
    size: int = 56
    ttl: int | None = None
    dont_fragment: bool | None = None
    timeout: float = 2.0
    family: int = 0  # 4, 6, or 0 for what the resolver prefers


class PingTarget(Struct, frozen=True, kw_only=True):
    """One machine and how it answers. `recent` are the last times in ms in the order of sending, None for a loss.

    `trouble` says why it is not pinged (no such name, no way to it), "" where it is.
    """

    name: str
    address: str | None
    trouble: str
    tally: Tally
    window: Window
    recent: tuple[float | None, ...]
    losses: tuple[Loss, ...]
    reply_address: str | None
    ttl: int | None

    @property
    def silent(self) -> bool:
        """Whether the last echo that is decided was lost."""
        return bool(self.recent) and self.recent[-1] is None


class PingSnapshot(Snapshot, frozen=True, kw_only=True):
    """Every target in the order it was asked for."""

    rows: tuple[PingTarget, ...]
    request: PingRequest
