"""The parts of the path pane: echoes, the way, what is broken on it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import BindingType

from pitop.model.leads import Subject
from pitop.model.path.about import about_hop, about_target, subject_of_machine
from pitop.model.path.diagnosis import Step
from pitop.model.path.hops import Hop
from pitop.model.path.snapshot import PingTarget
from pitop.model.scope import About, Scope, of_host
from pitop.render.field import Field, Tone
from pitop.render.glyphs import sparkline
from pitop.render.path.diagnosis import STEP_FIELDS
from pitop.render.path.ping import PING_FIELDS
from pitop.render.path.trace import HOP_FIELDS
from pitop.render.units import Unit
from pitop.tui.keys import key
from pitop.tui.sections import Part
from pitop.tui.settings import PaneSettings

if TYPE_CHECKING:
    from pitop.tui.panes.path.pane import PathPane

__all__ = ["DiagnosePart", "PingPart", "TracePart"]

_SPARK = 14


class PingPart(Part[PingTarget]):
    """Echoes to many machines."""

    stem = "ping"
    heading = title = "Ping"
    fields = PING_FIELDS
    usual = (
        "name", "address", "loss_percent", "last_ms", "p50_ms", "p95_ms", "p99_ms", "jitter_ms", "transmitted",
        "history", "trouble",
    )  # fmt: skip
    order = ("name", False)
    main = ("name", "address")
    shed = ("transmitted", "p99_ms", "jitter_ms", "address", "p95_ms")
    row_word = "machines"
    filter_example = "loss>0 · p95>20ms · address in 10.0.0.0/8"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("path.add", "a,insert", "add", "Add", "Ping more machines: names or addresses", footer=True, display="a"),
        key("path.drop", "delete,d", "drop", "Remove", "Ping the selected machine no longer", footer=True, display="d"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        history = Field[PingTarget](
            "history",
            "HISTORY",
            _SPARK,
            Unit.TEXT,
            lambda row: row.tally.last_ms,
            "The last replies, newest at the right; a full cell is the slowest of them, x is a loss.",
            show=self._spark,
            tone=lambda row: Tone.BAD if None in row.recent[-_SPARK:] else Tone.GOOD,
        )
        super().__init__(settings, (history,))

    def key(self, row: PingTarget) -> Hashable:
        return row.name

    def about(self, row: PingTarget) -> About:
        return about_target(row)

    def scope_here(self, below: bool) -> Scope | None:
        row = self.table.selected
        return None if row is None or row.address is None else of_host(row.address)

    def subject(self) -> Subject | None:
        return subject_of_machine(self.table.pin())

    def _spark(self, row: PingTarget) -> str:
        recent = row.recent[-_SPARK:]
        top = max((time for time in recent if time is not None), default=0.0)
        lost = "x" if self.table.glyphs.name == "ascii" else "╳"
        return "".join(
            lost if time is None else sparkline((time,), 1, top, self.table.glyphs) for time in recent
        ).rjust(_SPARK)

    def action_add(self) -> None:
        """The pane knows the targets."""
        self.pane.add_targets()

    def action_drop(self) -> None:
        """The pane knows the targets."""
        row = self.table.pin()
        if row is not None:
            self.pane.drop_target(row.name)

    @property
    def pane(self) -> PathPane:
        """The pane that this is a part of."""
        return cast("PathPane", self.parent)


class TracePart(Part[Hop]):
    """The way to one, hop by hop."""

    stem = "trace"
    heading = title = "Trace"
    fields = HOP_FIELDS
    usual = (
        "hop", "address", "name", "loss_percent", "sent", "last_ms", "avg_ms", "best_ms", "worst_ms", "history", "mtu",
        "verdict",
    )  # fmt: skip
    order = ("hop", False)
    main = ("address", "name")
    shed = ("mtu", "history", "best_ms", "sent", "worst_ms", "name")
    row_word = "hops"
    filter_example = "loss>0 · avg>20ms · not verdict=silent"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("path.method", "m", "method", "Method", "ICMP, UDP or TCP probes", footer=True),
        key("path.flows", "v", "flows", "Ways", "Vary the flow to find ways in parallel", footer=True),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        history = Field[Hop](
            "history",
            "HISTORY",
            12,
            Unit.TEXT,
            lambda row: row.tally.last_ms,
            "The last answers' times, newest at the right; a gap is none.",
            show=lambda row: sparkline(
                row.recent[-24:],
                12,
                max((t for t in row.recent[-24:] if t is not None), default=0.0),
                self.table.glyphs,
            ),
            tone=lambda row: Tone.GOOD,
        )
        super().__init__(settings, (history,))

    def key(self, row: Hop) -> Hashable:
        return row.flow, row.hop

    def about(self, row: Hop) -> About:
        return about_hop(row)

    def within(self, rows: Sequence[Hop]) -> Sequence[Hop]:
        """A way makes sense as a whole: all of it, if the scope is on it."""
        return rows if super().within(rows) else ()

    def scope_here(self, below: bool) -> Scope | None:
        row = self.table.selected
        return None if row is None or row.address is None else of_host(row.address)

    def subject(self) -> Subject | None:
        return subject_of_machine(self.table.pin())

    def action_method(self) -> None:
        """The pane knows what is traced."""
        self.pane.next_method()

    def action_flows(self) -> None:
        """The pane knows what is traced."""
        self.pane.toggle_flows()

    @property
    def pane(self) -> PathPane:
        """The pane that this is a part of."""
        return cast("PathPane", self.parent)


class DiagnosePart(Part[Step]):
    """What was looked at on the way, step by step."""

    stem = "diagnose"
    heading = title = "Diagnose"
    fields = STEP_FIELDS
    usual = ("step", "outcome", "time_ms", "came")
    order = ("step", False)
    main = ("step", "came")
    row_word = "steps"

    def key(self, row: Step) -> Hashable:
        return row.name

    def ordered(self, rows: list[Step]) -> tuple[Sequence[Step], Sequence[str] | None]:
        """In the order in which they were taken, which is the point of them."""
        return rows, None

    def shown_order(self) -> tuple[str | None, bool]:
        """No column orders them."""
        return None, False
