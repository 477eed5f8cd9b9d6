"""The path pane: echoes to many machines, the way to one of them, and what is broken on it.

Ping 3  Trace 5  Diagnose
the table of the section
ping: the selected machine's graph and its last losses; trace: ways in parallel; diagnose: cause and advice
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar

from msgspec import structs
from textual.binding import BindingType
from textual.widget import Widget

from pitop.collect.source import Source
from pitop.collect.topics import DIAGNOSE, PING, TRACE
from pitop.model.leads import Subject, Visit
from pitop.model.path.about import about_hop, about_target, subject_of_machine
from pitop.model.path.diagnosis import Step
from pitop.model.path.hops import Hop, paths_text, ways
from pitop.model.path.snapshot import (
    DiagnoseRequest,
    DiagnoseSnapshot,
    PingRequest,
    PingSnapshot,
    PingTarget,
    TraceRequest,
    TraceSnapshot,
)
from pitop.model.scope import About, Scope, of_host
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Field, Tone
from pitop.render.glyphs import sparkline
from pitop.render.path.diagnosis import STEP_FIELDS
from pitop.render.path.ping import PING_FIELDS
from pitop.render.path.trace import HOP_FIELDS
from pitop.render.units import Unit, say
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.sections import Part, SectionedPane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.prompt import Answer
from pitop.tui.widgets.trend import Trend

__all__ = ["PathPane"]

_SPARK = 14
_LOSSES = 4  # lines of the last losses
_METHODS = ("icmp", "udp", "tcp")
_FLOWS = 8  # that look for ways in parallel


class _Ping(Part[PingTarget]):
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
        assert isinstance(self.parent, PathPane)
        return self.parent


class _Trace(Part[Hop]):
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
        assert isinstance(self.parent, PathPane)
        return self.parent


class _Diagnose(Part[Step]):
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
        self._ping, self._trace, self._diagnose = _Ping(settings), _Trace(), _Diagnose()
        super().__init__(settings, (self._ping, self._trace, self._diagnose))
        self._ping.vacancy = "Nothing is pinged yet: a adds machines, t traces the way to one, ! says what is broken"
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
            lines = _loss_lines(row)
        elif self.front is self._trace and self._traced is not None:
            lines = self._trace_lines(self._traced, row if isinstance(row, Hop) else None)
        elif self.front is self._diagnose and self._found is not None:
            lines = _step_lines(self._found, row if isinstance(row, Step) else None)
        most = max(2, self.app.size.height // 3)
        self.query_one("#detail", Notice).say(*lines[:most])

    def _trace_lines(self, snapshot: TraceSnapshot, row: Hop | None) -> list[list[Phrase]]:
        said = f" {snapshot.request.target}"
        if snapshot.trouble:
            return [[(f"{said}: {snapshot.trouble}", Tone.BAD)]]
        if snapshot.address is None:
            return [[(f"{said}: being looked up", Tone.FAINT)]] if snapshot.request.target else []
        reached = "reached" if snapshot.reached else "not reached"
        head = f"{said} ({snapshot.address}) by {snapshot.method}, {snapshot.rounds} rounds, {reached}"
        mtu = f", path MTU {snapshot.mtu}" if snapshot.mtu is not None else ""
        lines: list[list[Phrase]] = [[(head + mtu, Tone.PLAIN if snapshot.reached else Tone.WARN)]]
        if row is not None and row.verdict.words:
            lines.append([(f" hop {row.hop}: {row.verdict.words}", Tone.WARN)])
        for change in row.tally.changes[-3:] if row is not None else ():
            clock = time.strftime("%H:%M:%S", time.localtime(change.time))
            lines.append([(f" {clock} hop became {change.after}, was {change.before}", Tone.WARN)])
        paths = snapshot.paths()
        if len(paths) > 1:
            glyphs = self._trend.glyphs
            found = ways(paths)
            lines.append([(f" {len(found)} way{'s' * (len(found) > 1)} with {len(paths)} flows", Tone.STRONG)])
            tree = paths_text(found, (glyphs.branch, glyphs.last, glyphs.pipe, glyphs.blank))
            lines += [[(f" {line}", Tone.FAINT)] for line in tree]
        return lines

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
            return Answer("a name or an address, and a TCP port where one should be open; nothing: up to DNS")

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


def _loss_lines(row: PingTarget) -> list[list[Phrase]]:
    tally = row.tally
    if row.trouble:
        return [[(f" {row.name}: {row.trouble}", Tone.BAD)]]
    figures: list[Phrase] = [
        (f" {tally.transmitted} sent, {tally.received} received, {tally.lost} lost", Tone.PLAIN),
    ]
    if tally.times:
        times = "/".join(f"{value or 0:.3f}" for value in (tally.min_ms, tally.avg_ms, tally.max_ms, tally.mdev_ms))
        figures.append((f"   min/avg/max/mdev {times} ms", Tone.FAINT))
    for count, word in ((tally.duplicates, "double"), (tally.reordered, "out of order"), (tally.damaged, "damaged")):
        if count:
            figures.append((f"   {count} {word}", Tone.WARN))
    lines = [figures]
    for loss in row.losses[:_LOSSES]:
        clock = time.strftime("%H:%M:%S", time.localtime(loss.time))
        lines.append([(f" {clock} ", Tone.FAINT), (f"lost no. {loss.sequence}: {loss.why}", Tone.BAD)])
    return lines


def _step_lines(snapshot: DiagnoseSnapshot, row: Step | None) -> list[list[Phrase]]:
    target = snapshot.request.host if snapshot.request is not None else None
    broken = snapshot.broken
    if snapshot.running:
        lines: list[list[Phrase]] = [[(" looking on …", Tone.FAINT)]]
    elif broken is not None:
        lines = [[(f" {broken.name}: {broken.came}", Tone.BAD)]]
        lines.append([(" likely cause  ", Tone.FAINT), (broken.cause, Tone.STRONG)])
        lines.append([(" next          ", Tone.FAINT), (broken.advice, Tone.PLAIN)])
    elif snapshot.rows:
        where = f"on the way to {target}" if target is not None else "up to DNS"
        lines = [[(f" Nothing is broken {where}", Tone.GOOD)]]
    else:
        return []
    if row is not None and row is not broken:
        lines.append([(f" {row.name}: {row.tried}", Tone.FAINT)])
        if row.cause:
            lines.append([(f" {row.cause} {row.advice}", Tone.WARN)])
    return lines
