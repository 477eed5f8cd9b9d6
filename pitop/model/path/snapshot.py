"""Echoes and traces at one moment, and what is asked for."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.path.diagnosis import Step
from pitop.model.path.echoes import Loss, Tally, Window
from pitop.model.path.hops import Hop
from pitop.model.snapshot import Snapshot

__all__ = [
    "DiagnoseRequest",
    "DiagnoseSnapshot",
    "PingRequest",
    "PingSnapshot",
    "PingTarget",
    "TraceRequest",
    "TraceSnapshot",
]


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


class TraceRequest(Struct, frozen=True, kw_only=True):
    """Which way to trace, and how; replaces what was asked before. `method` is udp, icmp, tcp, or "" for what works.

    `flows` is how many flows look for ways in parallel; `port` None is the method's own.
    """

    target: str
    method: str = ""
    port: int | None = None
    interval: float = 1.0
    max_hops: int = 30
    flows: int = 1
    size: int = 32
    timeout: float = 2.0
    family: int = 0


class TraceSnapshot(Snapshot, frozen=True, kw_only=True):
    """The way to one machine: the hops of every flow in order, flow 0 first. `method` is the one that is used.

    `trouble` says why nothing is traced, "" where it is. `mtu` is the path MTU in bytes, None while unknown.
    """

    rows: tuple[Hop, ...]
    request: TraceRequest
    address: str | None
    method: str
    rounds: int
    reached: bool
    trouble: str
    mtu: int | None

    def path(self, flow: int = 0) -> tuple[Hop, ...]:
        """The hops of one flow."""
        return tuple(row for row in self.rows if row.flow == flow)

    def paths(self) -> tuple[tuple[str | None, ...], ...]:
        """The addresses on the way of every flow."""
        flows = dict.fromkeys(row.flow for row in self.rows)
        return tuple(tuple(row.address for row in self.path(flow)) for flow in flows)


class DiagnoseRequest(Struct, frozen=True, kw_only=True):
    """What to examine: the way to `host` (None: up to DNS) and its TCP port. A larger `number` asks again."""

    host: str | None = None
    port: int | None = None
    number: int = 0


class DiagnoseSnapshot(Snapshot, frozen=True, kw_only=True):
    """The steps that are done; `request` is None before anything was asked for."""

    rows: tuple[Step, ...]
    request: DiagnoseRequest | None
    running: bool

    @property
    def broken(self) -> Step | None:
        """The step that failed."""
        return next((step for step in self.rows if step.outcome == "failed"), None)
