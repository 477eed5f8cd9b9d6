"""The path pane: echoes to many machines, the way to one of them, and what is broken on it.

Ping 3  Trace 5  Diagnose
the table of the section
ping: the selected machine's graph and its last losses; trace: ways in parallel; diagnose: cause and advice
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from msgspec import structs
from textual.binding import BindingType
from textual.widget import Widget

from pitop.collect.source import Source
from pitop.collect.topics import DIAGNOSE, PING, TRACE
from pitop.model.leads import Visit
from pitop.model.path.diagnosis import Step
from pitop.model.path.hops import Hop
from pitop.model.path.snapshot import (
    DiagnoseRequest,
    DiagnoseSnapshot,
    PingRequest,
    PingSnapshot,
    PingTarget,
    TraceRequest,
    TraceSnapshot,
)
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Tone
from pitop.render.units import Unit, say
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.panes.path.parts import DiagnosePart, PingPart, TracePart
from pitop.tui.panes.path.sheets import loss_lines, step_lines, trace_lines
from pitop.tui.sections import SectionedPane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.prompt import Answer
from pitop.tui.widgets.trend import Trend

__all__ = ["PathPane"]

_METHODS = ("icmp", "udp", "tcp")
_FLOWS = 8  # that look for ways in parallel


class PathPane(SectionedPane):
    """Everything between the first router and the far end."""

    stem = "path"
    heading = "Path"
    words = (
        "An echo tells whether a machine answers, and how long the way there and back takes. A trace makes probes die "
        "one router further each time, and so learns who is on the way. Loss at a router that later hops do not share "
        "is no loss: it only has better things to do than to answer."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        key("path.trace", "t", "trace", "Trace", "The way to the selected machine, or to one typed", footer=True),
        key(
            "path.diagnose", "exclamation_mark", "diagnose", "Diagnose",
            "What is broken between here and there: link, address, gateway, DNS, path, port", footer=True, display="!",
        ),
    ]  # fmt: skip

    def __init__(self, settings: PaneSettings | None = None) -> None:
        self._ping, self._trace, self._diagnose = PingPart(settings), TracePart(), DiagnosePart()
        super().__init__(settings, (self._ping, self._trace, self._diagnose))
        self._ping.vacancy = "Nothing is pinged yet: a adds machines, t traces a way, ! says what is broken"
        self._trace.vacancy = "Nothing is traced yet: t asks for a machine"
        self._diagnose.vacancy = "Nothing is examined yet: ! asks for a machine"
        self._pings, self._traces, self._steps = Feed(self, PING), Feed(self, TRACE), Feed(self, DIAGNOSE)
        self.feeds = [self._pings, self._traces, self._steps]
        self._wanted = PingRequest(targets=())
        self._way = TraceRequest(target="")
        self._question: DiagnoseRequest | None = None
        self._traced: TraceSnapshot | None = None
        self._found: DiagnoseSnapshot | None = None
        self._trend = Trend(lambda value: say(value, Unit.MILLISECONDS), Tone.GOOD, losses=True)

    def wake(self, source: Source) -> None:
        """Ask again for what was asked for."""
        super().wake(source)
        self._pings.ask(self._wanted)
        self._traces.ask(self._way)
        if self._question is not None:
            self._steps.ask(self._question)

    def below(self) -> Iterable[Widget]:
        """The selected machine's graph; losses, ways, cause and advice."""
        yield self._trend
        yield Notice(id="detail")

    def on_mount(self) -> None:
        """Room for the graph, where there is some."""
        self._fit()

    def on_resize(self) -> None:
        """Room for the graph, where there is some."""
        self._fit()

    def turned(self) -> None:
        """The graph belongs to the pings."""
        self._fit()
        self._tell()

    def _fit(self) -> None:
        room = self.app.size.height
        height = max(4, min(12, room - 20 - len(self._ping.held))) if room >= 24 else 0
        self._trend.display = height > 0 and self.front is self._ping and bool(self._wanted.targets)
        self._trend.styles.height = max(1, height)

    # --- what comes

    def arrived(self, newest: Snapshot | Failure) -> None:
        """A new snapshot of one of the three."""
        match newest:
            case Failure():
                next((part for part in self.parts if part.stem == newest.topic), self.front).fail(newest)
            case PingSnapshot():
                self._ping.fail(None, newest.missing)
                self._ping.hold(newest.rows)
            case TraceSnapshot():
                self._trace.fail(None, newest.missing)
                self._traced = newest
                self._trace.hold(newest.path())
            case DiagnoseSnapshot():
                self._diagnose.fail(None, newest.missing)
                self._found = newest
                self._diagnose.hold(newest.rows)
        counts: list[int | None] = [len(part.held) or None for part in self.parts]
        self.names.count(counts)
        self._fit()
        self._tell()

    def on_table_moved(self) -> None:
        """The graph and the details are the selected row's."""
        self._tell()

    def _tell(self) -> None:
        row: Any = self.front.table.selected
        lines: list[list[Phrase]] = []
        if isinstance(row, PingTarget):
            self._trend.show("ms", row.recent)
            lines = loss_lines(row)
        elif self.front is self._trace and self._traced is not None:
            lines = trace_lines(self._traced, row if isinstance(row, Hop) else None, self._trend.glyphs)
        elif self.front is self._diagnose and self._found is not None:
            lines = step_lines(self._found, row if isinstance(row, Step) else None)
        most = max(2, self.app.size.height // 3)
        self.query_one("#detail", Notice).say(*lines[:most])

    def _followed(self) -> str:
        """The machine that the scope follows, which is likely meant; "" for none."""
        scope = self.scope
        if scope is None:
            return ""
        far = scope.flow.ends[1][0] if scope.flow is not None else None
        return scope.name or scope.address or far or ""

    # --- from here to elsewhere, and back

    def visit(self, visit: Visit) -> None:
        """Ping a machine, or trace the way to it."""
        super().visit(visit)
        if visit.view == "ping":
            if visit.ask not in self._wanted.targets:
                self._ask_ping((*self._wanted.targets, visit.ask))
            self._ping.table.aim(visit.ask)
        elif visit.view == "trace":
            self._ask_trace(structs.replace(self._way, target=visit.ask))

    def spot(self) -> Spot:
        """The part, and the way that is traced."""
        return structs.replace(super().spot(), own=self._way)

    def restore(self, spot: Spot) -> None:
        """The part, and the way that was traced."""
        super().restore(spot)
        if isinstance(spot.own, TraceRequest) and spot.own != self._way:
            self._way = spot.own
            self._traces.ask(spot.own)

    # --- ping

    def add_targets(self) -> None:
        """Type names and addresses; they are pinged with those that are."""

        def changed(text: str) -> Answer:
            return Answer("names or addresses, with spaces between; Enter pings them")

        def done(text: str | None) -> None:
            new = [word for word in (text or "").replace(",", " ").split() if word not in self._wanted.targets]
            self._ask_ping((*self._wanted.targets, *dict.fromkeys(new)))

        followed = self._followed()
        self.ask_line("Ping", "" if followed in self._wanted.targets else followed, changed, done)

    def drop_target(self, name: str) -> None:
        """Ping a machine no longer."""
        self._ask_ping(tuple(each for each in self._wanted.targets if each != name))

    def _ask_ping(self, targets: tuple[str, ...]) -> None:
        if targets != self._wanted.targets:
            self._wanted = structs.replace(self._wanted, targets=targets)
            self._pings.ask(self._wanted)
            self._fit()

    # --- trace

    def action_trace(self) -> None:
        """Trace the selected machine; in the other sections ask for one."""
        row: Any = self.front.table.pin()
        if isinstance(row, PingTarget):
            self._ask_trace(structs.replace(self._way, target=row.name))
            return

        def changed(text: str) -> Answer:
            return Answer("a name or an address; Enter traces the way there")

        def done(text: str | None) -> None:
            if text and text.strip():
                self._ask_trace(structs.replace(self._way, target=text.strip().split()[0]))

        self.ask_line("Trace", self._way.target or self._followed(), changed, done)

    def _ask_trace(self, request: TraceRequest) -> None:
        self._way = request
        self._traces.ask(request)
        self.choose(1)

    def next_method(self) -> None:
        """Probe in another way."""
        used = self._traced.method if self._traced is not None else "icmp"
        place = _METHODS.index(used) + 1 if used in _METHODS else 0
        self._ask_trace(structs.replace(self._way, method=_METHODS[place % len(_METHODS)]))

    def toggle_flows(self) -> None:
        """One flow, or several that may go other ways."""
        self._ask_trace(structs.replace(self._way, flows=_FLOWS if self._way.flows == 1 else 1))

    # --- diagnose

    def action_diagnose(self) -> None:
        """Ask for a machine, and look for what is broken."""
        row: Any = self.front.table.pin()
        proposed = row.name if isinstance(row, PingTarget) else self._way.target or self._followed()

        def changed(text: str) -> Answer:
            words = text.split()
            if len(words) > 2 or (len(words) == 2 and not (words[1].isdigit() and 0 < int(words[1]) < 65536)):
                return Answer("a name or an address, then perhaps a port number", error=True)
            return Answer("a name or address, and a port that should be open; nothing: up to DNS")

        def done(text: str | None) -> None:
            if text is None:
                return
            words = text.split()
            number = self._question.number + 1 if self._question is not None else 1
            port = int(words[1]) if len(words) > 1 else None
            self._question = DiagnoseRequest(host=words[0] if words else None, port=port, number=number)
            self._steps.ask(self._question)
            self.choose(2)

        self.ask_line("Diagnose", proposed, changed, done)
