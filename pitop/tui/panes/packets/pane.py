"""The packet pane: a live trace, or a file, with everything there is to know of one packet and of its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.timer import Timer

from pitop.collect.topics import PACKETS
from pitop.model.filter import compile_filter
from pitop.model.leads import Subject, Visit
from pitop.model.packets.about import flow_of, subject_of_packet
from pitop.model.packets.actions import WriteStream
from pitop.model.packets.packet import Packet
from pitop.model.packets.scoping import narrowed, scope_expression
from pitop.model.packets.snapshot import AskAbout, AskOverview, AskRows, Capture, PacketsSnapshot, SaveTo
from pitop.model.scope import Scope, emptiness, of_flow, of_host
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Tone
from pitop.render.packets import FIELDS, OPERANDS
from pitop.render.packets.ladder import ladder_lines
from pitop.render.packets.sheets import (
    conversation_lines,
    detail_lines,
    dump_lines,
    field_places,
    statistics_lines,
    stream_lines,
)
from pitop.render.text import visible
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.pane import TablePane
from pitop.tui.panes.packets.sheet import Sheet
from pitop.tui.panes.packets.status import status_line
from pitop.tui.panes.packets.window import PacketTable, Window
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.prompt import Answer
from pitop.tui.widgets.table import Face, Table

__all__ = ["PacketsPane"]

_AROUND = 100  # rows that are asked for beyond those on the screen, on either side
_LINGER = 60.0  # seconds that a capture goes on when one goes from a packet to another pane
_TIMES = ("time", "since_start_seconds", "since_previous_seconds")
_NARROW = ("time", "process", "info")
_WIDE = 100  # cells from which on the list has all usual columns
_BESIDE = 110  # cells from which on layers and dump stand side by side
_TITLES = {"ladder": "Ladder", "stream": "Stream", "statistics": "Statistics", "conversations": "Conversations"}


class PacketsPane(TablePane[Any]):
    """What goes over the wire, packet by packet."""

    stem = "packets"
    heading = "Packets"
    words = (
        "Every packet as it passes, in tcpdump's words, with the program whose socket it belongs to. What the kernel "
        "had to drop, and what memory could not keep, is said in the line above, always."
    )
    fields = FIELDS
    usual = ("number", "time", "interface", "process", "protocol", "info")
    order = ("number", False)
    main = ("info", "process", "protocol")
    shed = ("interface", "number", "protocol", "pid", "length", "process")
    row_word = "packets"
    filter_example = "port=80 and tcp.flags~S · process=wget · dns.name~example · trouble~retransmission · length>1000"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("packets.follow", "f", "follow", "Follow", "Stay with the newest packet, or stop here", footer=True),
        key(
            "packets.ladder",
            "l",
            "sheet('ladder')",
            "Ladder",
            "The connection as arrows between two hosts",
            footer=True,
        ),
        key("packets.stream", "o", "sheet('stream')", "Stream", "What both sides said", footer=True),
        key("packets.statistics", "g", "sheet('statistics')", "Statistics", "The capture as a whole", footer=True),
        key("packets.conversations", "v", "sheet('conversations')", "Talks", "Who talks with whom", footer=True),
        key("packets.capture", "i", "capture", "Capture", "Choose interface and capture filter", footer=True),
        key("packets.process", "p", "lead('process')", "Process", "Go to the process that the packet belonged to"),
        key("packets.time", "t", "time", "Time", "Time of day, since the start, since the packet before"),
        key("packets.own", "e", "own", "Own SSH", "Show or leave out pitop's own SSH connection"),
        key("packets.write", "w", "write", "Write", "Write packets to a file, while the screen goes on", footer=True),
        key("packets.again", "R", "again", "Start again", "Begin a new capture"),
        key("packets.hex", "x", "hex", "Hex", "The stream in hex, or as text"),
        key("packets.switch", "tab", "switch", "Between list, layers and dump"),
    ]

    DEFAULT_CSS = """
    PacketsPane > #below { height: 45%; display: none; layout: horizontal; }
    PacketsPane > #sheet { display: none; }
    PacketsPane > #title { height: 1; display: none; }
    PacketsPane #dump { width: 76; }
    PacketsPane > #below.narrow { layout: vertical; }
    PacketsPane > #below.narrow > #dump { width: 1fr; }
    """

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self._operands = OPERANDS
        self._main = [self._operands[name] for name in self.main]
        if self.settings.filter and not self._problem:
            self.filter = compile_filter(self.settings.filter, self._operands, self._main)
        self._packets_table = PacketTable(
            self.shown_fields(), self.key, wanted=self._wanted, shed=self.shed, face=self.face, id="table"
        )
        self.table = self._packets_table
        self.feed = Feed(self, PACKETS)
        self.feeds = [self.feed]
        self._snapshot: PacketsSnapshot | None = None
        self._window = Window()
        self._asked: AskRows | None = None
        self._following = True
        self._sheet = ""
        self._detailed = 0
        self._in_hex = False
        self._capture = Capture()
        self._showing_detail = False
        self._coming_back: Spot | None = None
        self._lingering: Timer | None = None

    def compose(self) -> ComposeResult:
        """Status, list, what is below it; a sheet takes the list's place."""
        yield Notice(id="failure")
        yield Notice(id="summary")
        yield self.table
        with Container(id="below"):
            yield Sheet(standing=True, id="layers")
            yield Sheet(id="dump")
        yield Notice(id="title", bar=True)
        yield Sheet(id="sheet")

    def on_mount(self) -> None:
        """Begin with what the command line says."""
        super().on_mount()
        path = getattr(self.app, "reading", None)
        self._capture = Capture(path=path)
        self._following = path is None
        self.table.empty_words = "no packets yet"

    def on_resize(self) -> None:
        """Narrow screens show what tcpdump shows, and the program; the line itself names the protocol."""
        self.query_one("#below").set_class(self.size.width < _BESIDE, "narrow")
        if self.settings.columns is None:
            time = next((each for each in self.columns if each in _TIMES), _TIMES[0])
            usual = _NARROW if self.size.width < _WIDE else self.usual
            columns = tuple(time if each in _TIMES else each for each in usual)
            if columns != self.columns:
                self.columns = columns
                self.table.set_fields(self.shown_fields())

    # --- what comes

    def wake(self, source: Any) -> None:
        """The pane is seen: capture."""
        self._stay()
        super().wake(source)
        self.feed.ask(self._capture)
        self._asked = None
        self._ask(None if self._following else max(0, self.table.place - _AROUND))

    def rest(self) -> None:
        """The pane is left: the capture ends, unless it is being written to a file."""
        self._stay()
        saving = None if self._snapshot is None else self._snapshot.saving
        if saving is None or not self._snapshot_is_live():
            super().rest()
        else:
            self.app.notify(
                f"The capture goes on and is written to {visible(saving)}; w in the packet pane ends that.",
                timeout=5,
                markup=False,
            )

    def linger(self) -> None:
        """A capture that ends is gone: it goes on a while, so that who comes back finds the packets."""
        if not self._snapshot_is_live() or self._snapshot is None or self._snapshot.saving is not None:
            self.rest()
        else:
            self._lingering = self.set_timer(_LINGER, self.rest)

    def on_unmount(self) -> None:
        """The program ends, and with it what is written."""
        self._snapshot = None

    def _stay(self) -> None:
        """No longer wait for somebody to come back."""
        if self._lingering is not None:
            self._lingering.stop()
            self._lingering = None

    def _snapshot_is_live(self) -> bool:
        return self._snapshot is not None and self._snapshot.running and self._snapshot.capture.path is None

    def arrived(self, newest: Snapshot | Failure) -> None:
        """Show a snapshot."""
        if isinstance(newest, Failure):
            self.fail(newest)
            return
        assert isinstance(newest, PacketsSnapshot)
        self._snapshot = newest
        if not self.display:
            return  # it goes on unseen
        self.fail(None)
        problems: list[list[Phrase]] = []
        if newest.problem:
            lines = newest.problem.splitlines()
            words = f" {lines[0]}. {newest.advice} R starts again, i changes what is captured."
            problems.append([(words, Tone.BAD)])
            problems += [[(line, Tone.BAD)] for line in lines[1:3]]
        if newest.save_problem:
            problems.append([(f" {newest.save_problem}", Tone.BAD)])
        if newest.filter_problem:
            problems.append([(f" filter: {newest.filter_problem}", Tone.BAD)])
        self.query_one("#failure", Notice).say(*problems[:3])
        if newest.filter == narrowed(self.filter.text, self.scope):
            oldest = newest.status.first if not newest.filter.strip() else None
            self._window = Window(newest.rows, newest.first, newest.total, oldest)
            self.present()
            self._stand()
        self._renew(newest)

    def present(self) -> None:
        """Show the rows of the window."""
        self.table.empty_words = self._emptiness()
        self.table.show(self._window)
        if self._following:
            self._packets_table.to_end()
        self.tell(len(self._window))

    def _stand(self) -> None:
        """Stand again where one stood, among rows that are here now."""
        spot, self._coming_back = self._coming_back, None
        if spot is not None and len(self._window):
            self.table.come_back(spot.mark)

    def _emptiness(self) -> str:
        """Why there are no rows."""
        scope, filtered = self.scope, bool(self.filter.text.strip())
        captured = self._snapshot is not None and self._snapshot.status.captured > 0
        if scope is not None and scope_expression(scope) is not None and captured:
            return emptiness(scope, self.clock) + " and matches the filter" * filtered
        return "no packet matches the filter" if filtered else "no packets yet"

    def tell(self, shown: int) -> None:
        """The status is shown on every screen, however low: losses are never hidden."""
        self.query_one("#summary", Notice).say(list(self.summary(shown)))

    def summary(self, shown: int) -> Sequence[Phrase]:
        """What is captured, what was lost, what is left out, what is shown."""
        snapshot = self._snapshot
        if snapshot is None:
            return [(" starting to capture …", Tone.FAINT)]
        phrases = status_line(snapshot, self.filter.text, shown, following=self._following)
        if self.scope is not None and scope_expression(self.scope) is None:
            phrases.insert(-1, ("  the scope means nothing here: all are shown", Tone.WARN))
        return phrases

    def key(self, row: Packet) -> int:
        """A packet is its number."""
        return row.number

    def face(self, row: Packet) -> Face:
        """Trouble is marked in the margin."""
        return Face(None, "!", Tone.BAD) if row.trouble else Face()

    # --- which rows

    def _wanted(self, top: int, height: int) -> None:
        if self._following or self._window.holds(top, top + height):
            return
        self._ask(max(0, top - _AROUND))

    def _ask(self, first: int | None) -> None:
        asked = AskRows(self.size.height + 2 * _AROUND, first, narrowed(self.filter.text, self.scope))
        if asked != self._asked:
            self._asked = asked
            self.feed.ask(asked)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Whoever goes to another row stays there, except at the end."""
        event.stop()
        following = self.table.place >= len(self._window) - 1
        if following != self._following:
            self._set_following(following)
        if self._showing_detail:
            self._show_detail()

    def _set_following(self, following: bool) -> None:
        self._following = following
        self._ask(None if following else max(0, self.table.place - self.size.height - _AROUND))
        self.present()

    def action_follow(self) -> None:
        """Follow the newest, or stop."""
        self._set_following(not self._following)

    def set_filter(self, text: str) -> None:
        """Show only what matches; the helper looks for it."""
        self.filter = compile_filter(text, self._operands, self._main)
        self._ask(None if self._following else 0)

    def watch_scope(self, scope: Scope | None) -> None:
        """The helper looks for what belongs to the scope."""
        if not self.is_mounted:
            return
        self._ask(None if self._following else 0)
        self.retell()

    def scope_here(self, below: bool) -> Scope | None:
        """The selected packet's conversation."""
        packet = self.table.selected
        if packet is None or packet.source is None or packet.destination is None:
            return None
        flow = flow_of(packet)
        return of_host(packet.destination) if flow is None else of_flow(flow)

    # --- from here to elsewhere, and back

    def subject(self) -> Subject | None:
        """The selected packet."""
        return subject_of_packet(self.table.pin())

    def visit(self, visit: Visit) -> None:
        """A sheet on the selected packet; else the newest packets of what is followed."""
        if visit.view:
            if self._sheet != visit.view:
                self.action_sheet(visit.view)
            return
        self._close_all()
        super().visit(visit)
        self._set_following(True)

    def spot(self) -> Spot:
        """The sheet, whether the newest are followed, and whether a packet is shown in full."""
        return replace(super().spot(), view=self._sheet, own=(self._following, self._showing_detail))

    def restore(self, spot: Spot) -> None:
        """The rows of another filter or scope come later: then one stands on the same packet again."""
        self._close_all()
        self.filter = compile_filter(spot.filter, self._operands, self._main)
        following, detailed = spot.own if isinstance(spot.own, tuple) else (True, False)
        self._following = following
        self._asked = None
        self._ask(None if following else max(0, spot.mark.top - _AROUND))
        self._coming_back = None if following else spot
        if detailed or spot.view:
            self._reopen(spot.view, detailed)
        self.present()

    def _reopen(self, sheet: str, detailed: bool) -> None:
        if detailed:
            self._showing_detail = True
            self.query_one("#below").styles.display = "block"
            self._show_detail()
        if sheet:
            self.action_sheet(sheet)

    def _close_all(self) -> None:
        """What is open speaks of a packet that may be gone."""
        while self._sheet or self._showing_detail:
            self.action_back()

    def sort_by(self, name: str, falling: bool | None = None) -> None:
        """Packets stay in the order in which they came."""
        self.app.notify("Packets stand in the order in which they came; \\ filters them.", timeout=3)

    def action_sort_menu(self) -> None:
        """See `sort_by`."""
        self.sort_by("number")

    def action_order_beside(self, by: int) -> None:
        """See `sort_by`."""

    def action_invert(self) -> None:
        """See `sort_by`."""

    def action_time(self) -> None:
        """The next way of telling time."""
        shown = next((each for each in self.columns if each in _TIMES), _TIMES[0])
        following = _TIMES[(_TIMES.index(shown) + 1) % len(_TIMES)]
        self.columns = tuple(following if each == shown else each for each in self.columns)
        self.table.set_fields(self.shown_fields())

    # --- one packet

    def on_table_activated(self, event: Table.Activated) -> None:
        """Enter: the packet in full, below the list; the list stops."""
        event.stop()
        if self._following:
            self._set_following(False)
        self._showing_detail = True
        self.query_one("#below").styles.display = "block"
        self._show_detail()

    def _show_detail(self) -> None:
        packet = self.table.selected
        if packet is not None and packet.number:
            self.feed.ask(AskAbout(packet.number))

    def on_sheet_moved(self, event: Sheet.Moved) -> None:
        """Another field: mark its bytes."""
        event.stop()
        self._mark(event.place)

    def _mark(self, place: int) -> None:
        detail = None if self._snapshot is None else self._snapshot.detail
        if detail is None:
            return
        places = field_places(detail.layers)
        mark = places[place] if place < len(places) else (0, 0)
        dump = self.query_one("#dump", Sheet)
        dump.say(dump_lines(detail.data, mark), keep=True)
        dump.reveal(mark[0] // 16)

    def _renew(self, snapshot: PacketsSnapshot) -> None:
        """What stands beside and in place of the list."""
        detail = snapshot.detail
        if self._showing_detail and detail is not None and detail.packet.number != self._detailed:
            self._detailed = detail.packet.number
            self.query_one("#layers", Sheet).say(detail_lines(detail.layers))
            self._mark(0)
        if self._sheet:
            self._show_sheet(snapshot, keep=True)

    def action_switch(self) -> None:
        """The next of list, layers, dump."""
        if not self._showing_detail or self._sheet:
            return
        order = [self.table, self.query_one("#layers"), self.query_one("#dump")]
        focused = self.screen.focused
        place = order.index(focused) if focused in order else 0
        order[(place + 1) % len(order)].focus()

    # --- sheets

    def action_sheet(self, what: str) -> None:
        """Open a sheet in place of the list, or close it."""
        if self._sheet == what:
            self._close_sheet()
            return
        if what in ("ladder", "stream"):
            packet = self.table.pin()
            if packet is None or not packet.number:
                return
            self.feed.ask(AskAbout(packet.number, what))
        self.feed.ask(AskOverview(what if what in ("statistics", "conversations") else ""))
        self._sheet = what
        for name in ("#table", "#below"):
            self.query_one(name).styles.display = "none"
        self.query_one("#title").styles.display = "block"
        sheet = self.query_one("#sheet", Sheet)
        sheet.styles.display = "block"
        sheet.say([[("…", Tone.FAINT)]])
        sheet.focus()
        self._title()

    def _title(self) -> None:
        words = "  x hex or text  w writes it to a file" if self._sheet == "stream" else ""
        self.query_one("#title", Notice).say(
            [(f" {_TITLES[self._sheet]}", Tone.STRONG), (f"   Esc back to the list{words}", Tone.FAINT)]
        )

    def _show_sheet(self, snapshot: PacketsSnapshot, *, keep: bool) -> None:
        sheet = self.query_one("#sheet", Sheet)
        width = self.size.width - 2
        plain = self.table.glyphs.name == "ascii"
        if self._sheet == "ladder" and snapshot.ladder is not None:
            sheet.say(ladder_lines(snapshot.ladder, width, plain=plain), keep=keep)
        elif self._sheet == "stream" and snapshot.stream is not None:
            sheet.say(stream_lines(snapshot.stream, in_hex=self._in_hex), keep=keep)
        elif self._sheet == "statistics" and snapshot.overview is not None:
            sheet.say(statistics_lines(snapshot.overview, width, self.table.glyphs), keep=keep)
        elif self._sheet == "conversations" and snapshot.conversations is not None:
            sheet.say(conversation_lines(snapshot.conversations, width), keep=keep)

    def _close_sheet(self) -> None:
        self._sheet = ""
        self.feed.ask(AskOverview())
        self.query_one("#sheet").styles.display = "none"
        self.query_one("#title").styles.display = "none"
        self.table.styles.display = "block"
        if self._showing_detail:
            self.query_one("#below").styles.display = "block"
            self._detailed = 0
            self._show_detail()
        self.table.focus()

    def action_hex(self) -> None:
        """The stream in hex, or as text."""
        self._in_hex = not self._in_hex
        if self._snapshot is not None and self._sheet == "stream":
            self._show_sheet(self._snapshot, keep=True)

    def action_back(self) -> None:
        """Close the sheet, the details, take off tags, the filter: the last that was opened."""
        if self._sheet:
            self._close_sheet()
        elif self._showing_detail:
            self._showing_detail = False
            self._detailed = 0
            self.query_one("#below").styles.display = "none"
            self.table.focus()
        else:
            super().action_back()

    # --- what is captured

    def action_capture(self) -> None:
        """Type an interface and a capture filter."""
        now = self._capture
        text = f"{now.interface or 'any'} {now.expression}".strip()

        def changed(text: str) -> Answer:
            return Answer("interface (any for all), then a capture filter: eth0 port 53 or icmp")

        def done(said: str | None) -> None:
            if said is None:
                return
            interface, _, expression = said.strip().partition(" ")
            chosen = None if interface in ("", "any") else interface
            self._begin(Capture(chosen, expression.strip(), now.with_own_session, None, now.attempt + 1))

        self.ask_line("Capture", text, changed, done)

    def _begin(self, capture: Capture) -> None:
        self._close_all()
        self._capture = capture
        self._following = True
        self._window = Window()
        self._asked = None
        self.feed.ask(capture)
        self._ask(None)
        self.present()

    def action_again(self) -> None:
        """The same from the beginning."""
        now = self._capture
        again = Capture(now.interface, now.expression, now.with_own_session, now.path, now.attempt + 1)
        self._begin(again)

    def action_own(self) -> None:
        """Capture one's own SSH connection too, or not."""
        now = self._capture
        own = not now.with_own_session
        self._begin(Capture(now.interface, now.expression, own, now.path, now.attempt + 1))
        self.app.notify("pitop's own SSH connection is " + ("captured too" if own else "left out"), timeout=3)

    def _write_stream(self) -> None:
        stream = None if self._snapshot is None else self._snapshot.stream
        if stream is None:
            return

        def changed(text: str) -> Answer:
            return Answer("both sides, in the order in which they spoke, as they are")

        def done(said: str | None) -> None:
            if said:
                self.act(WriteStream(said.strip(), stream))
            self.query_one("#sheet").focus()

        self.ask_line("Write to", "stream.bin", changed, done)

    def action_write(self) -> None:
        """Type the name of a file to write packets to, or the stream that is shown; again ends it."""
        if self._sheet == "stream":
            self._write_stream()
            return
        if self._snapshot is not None and self._snapshot.saving is not None:
            self.feed.ask(SaveTo())
            return

        def changed(text: str) -> Answer:
            return Answer("a name that ends in .pcapng keeps process names; .gz and .zst compress; w again ends it")

        def done(said: str | None) -> None:
            if said:
                self.feed.ask(SaveTo(said.strip()))

        self.ask_line("Write to", "pitop.pcapng", changed, done)
