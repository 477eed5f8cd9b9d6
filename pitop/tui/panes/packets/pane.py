"""The packet pane: a live trace, or a file, with everything there is to know of one packet and of its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.model.filter import compile_filter
from pitop.model.packets.conversation import Stream
from pitop.model.packets.packet import Packet
from pitop.model.packets.scoping import narrowed, scope_expression
from pitop.model.packets.snapshot import AskAbout, AskOverview, AskRows, Capture, PacketsSnapshot, SaveTo
from pitop.model.scope import Flow, Scope, of_flow, of_host
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Tone
from pitop.render.packets import FIELDS, OPERANDS
from pitop.render.text import visible
from pitop.render.units import amount
from pitop.tui.keys import key
from pitop.tui.pane import TablePane
from pitop.tui.panes.packets.anatomy import Anatomy
from pitop.tui.panes.packets.capturing import CAPTURE_KEYS, CapturingPane
from pitop.tui.panes.packets.reading import Reading
from pitop.tui.panes.packets.status import status_line, trouble_lines
from pitop.tui.panes.packets.window import PacketTable, Window
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.table import Face, Table

__all__ = ["PacketsPane"]

_AROUND = 100  # rows that are asked for beyond those on the screen, on either side
_TIMES = ("time", "since_start_seconds", "since_previous_seconds")
_NARROW = ("time", "process", "info")
_WIDE = 100  # cells from which on the list has all usual columns


class PacketsPane(CapturingPane):
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
    filter_example = "port=80 and tcp.flags~S · process=wget · dns.name~example · trouble~dup"

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
        *CAPTURE_KEYS,
        key("packets.process", "p", "process", "Process", "Go to the process that the packet belonged to"),
        key("packets.time", "t", "time", "Time", "Time of day, since the start, since the packet before"),
        key("packets.hex", "x", "hex", "Hex", "The stream in hex, or as text"),
        key("packets.switch", "tab", "switch", "Between list, layers and dump"),
    ]

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
        self._window = Window()
        self._asked: AskRows | None = None
        self._following = True
        self._left: PacketsSnapshot | None = None  # how the capture stood when the pane was left
        self._reading = Reading(id="reading")
        self._anatomy = Anatomy(id="below")

    def compose(self) -> ComposeResult:
        """Status, list, what is below it; a sheet takes the list's place."""
        yield Notice(id="failure")
        yield Notice(id="summary")
        yield self.table
        yield self._anatomy
        yield self._reading

    def on_mount(self) -> None:
        """Begin with what the command line says."""
        super().on_mount()
        path = getattr(self.app, "reading", None)
        self._capture = Capture(path=path)
        self._following = path is None
        self.table.empty_words = "no packets yet"

    def on_resize(self) -> None:
        """Narrow screens show what tcpdump shows, and the program; the line itself names the protocol."""
        if self.settings.columns is None:
            time = next((each for each in self.columns if each in _TIMES), _TIMES[0])
            usual = _NARROW if self.size.width < _WIDE else self.usual
            columns = tuple(time if each in _TIMES else each for each in usual)
            if columns != self.columns:
                self.columns = columns
                self.table.set_fields(self.shown_fields())

    # --- what comes

    def wake(self, source: Any) -> None:
        """The pane is seen: capture, or show what has been captured meanwhile."""
        super().wake(source)
        left, self._left = self._left, None
        self.feed.ask(self._capture)
        self._asked = None
        self._ask(None if self._following else max(0, self.table.place - _AROUND))
        if left is not None and self._snapshot is not None and self._snapshot.running:
            self._tell_meanwhile(left, self._snapshot)

    def _tell_meanwhile(self, left: PacketsSnapshot, now: PacketsSnapshot) -> None:
        came = now.status.captured - left.status.captured
        gone = now.status.evicted - left.status.evicted
        words = f"The capture went on meanwhile: {amount(came)} packets came"
        words += f", and the {amount(gone)} oldest had to go." if gone else "."
        self.app.notify(words, timeout=4)

    def rest(self) -> None:
        """The pane is left: a capture goes on, as far as its store reaches; the reading of a file does not."""
        now = self._snapshot
        if now is None or now.capture.path is not None or (now.problem and not now.refused):
            super().rest()
            return
        if now.saving is not None:
            where = f"and is written to {visible(now.saving)}; w in the packet pane ends that"
            self.app.notify(f"The capture goes on {where}.", timeout=5, markup=False)
        elif now.running:
            self.app.notify("The capture goes on; S in the packet pane ends it.", timeout=3)
        self.feed.ask(AskRows(0, None, narrowed(self.filter.text, self.scope)))
        self._left = now

    def on_unmount(self) -> None:
        """The program ends, and with it the capture."""
        self._snapshot = None

    def arrived(self, newest: Snapshot | Failure) -> None:
        """Show a snapshot."""
        if isinstance(newest, Failure):
            self.fail(newest)
            return
        assert isinstance(newest, PacketsSnapshot)
        before, self._snapshot = self._snapshot, newest
        if before is not None and before.capture != newest.capture:
            self._changed()
        if newest.refused:
            self._capture = newest.capture
        if self._left is not None:
            return
        self.query_one("#failure", Notice).say(
            *trouble_lines(newest, self.app.size.width - 2, 6 if self.app.size.height >= 20 else 3)
        )
        if newest.filter == narrowed(self.filter.text, self.scope):
            oldest = newest.status.first if not newest.filter.strip() else None
            self._window = Window(newest.rows, newest.first, newest.total, oldest)
            self.present()
        self._anatomy.renew(newest.detail)
        self._reading.renew(newest, self.table.glyphs)

    def _changed(self) -> None:
        """Another capture has begun: what was shown of the one before is gone."""
        while self._reading.what or self._anatomy.opened:
            self.action_back()
        self._typed = None
        self._following = self._capture.path is None
        self._window = Window()
        self._asked = None
        self._packets_table.to_start()
        self._ask(None if self._following else 0)
        self.present()

    def present(self) -> None:
        """Show the rows of the window."""
        narrow = narrowed(self.filter.text, self.scope).strip()
        self.table.empty_words = "no packet matches the filter or scope" if narrow else "no packets yet"
        self.table.show(self._window)
        if self._following:
            self._packets_table.to_end()
        self.tell(len(self._window))

    def tell(self, shown: int) -> None:
        """The status is shown on every screen, however low: losses are never hidden."""
        self.query_one("#summary", Notice).say(list(self.summary(shown)))

    def summary(self, shown: int) -> Sequence[Phrase]:
        """What is captured, what was lost, what is left out, what is shown."""
        snapshot = self._snapshot
        if snapshot is None:
            return [(" starting to capture …", Tone.FAINT)]
        width = self.app.size.width
        return status_line(snapshot, self.filter.text, shown, following=self._following, width=width)

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
        if self._left is not None:
            return
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
        if self._anatomy.opened:
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
        if scope is not None and scope_expression(scope) is None:
            self.app.notify(f"A {scope.kind.value} means nothing to packets: all are shown.", timeout=3)

    def scope_here(self, below: bool) -> Scope | None:
        """The selected packet's conversation."""
        packet = self.table.selected
        if packet is None or packet.source is None or packet.destination is None:
            return None
        if packet.source_port is None or packet.destination_port is None:
            return of_host(packet.destination)
        protocol = "udp" if packet.tcp_flags is None else "tcp"
        ends = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
        return of_flow(Flow.between(protocol, *ends))

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
        self._anatomy.open()
        self._show_detail()

    async def action_process(self) -> None:
        """Go to the process that the packet belonged to."""
        packet = self.table.pin()
        if packet is None or packet.pid is None:
            self.app.notify("No process is known for this packet.", timeout=3)
            return
        pane = await self.app.go("processes")  # type: ignore[attr-defined]
        if isinstance(pane, TablePane):
            row = next((each for each in pane.table.rows if getattr(each, "pid", None) == packet.pid), None)
            if row is None:
                self.app.notify(f"Process {packet.pid} ({packet.process}) is not there any more.", timeout=3)
            else:
                pane.table.aim(pane.key(row))

    def _show_detail(self) -> None:
        packet = self.table.selected
        if packet is not None and packet.number:
            self.feed.ask(AskAbout(packet.number))

    def action_switch(self) -> None:
        """The next of list, layers, dump."""
        if not self._anatomy.opened or self._reading.what:
            return
        order = [self.table, self.query_one("#layers"), self.query_one("#dump")]
        focused = self.screen.focused
        place = order.index(focused) if focused in order else 0
        order[(place + 1) % len(order)].focus()

    # --- sheets

    def action_sheet(self, what: str) -> None:
        """Open a sheet in place of the list, or close it."""
        if self._reading.what == what:
            self._close_sheet()
            return
        if what in ("ladder", "stream"):
            packet = self.table.pin()
            if packet is None or not packet.number:
                return
            self.feed.ask(AskAbout(packet.number, what))
        self.feed.ask(AskOverview(what if what in ("statistics", "conversations") else ""))
        self.table.styles.display = self._anatomy.styles.display = "none"
        self._reading.open(what)

    def _close_sheet(self) -> None:
        self._reading.shut()
        self.feed.ask(AskOverview())
        self.table.styles.display = "block"
        if self._anatomy.opened:
            self._anatomy.open()
            self._anatomy.forget()
            self._show_detail()
        self.table.focus()

    def focus_pane(self) -> None:
        """The sheet that is read has the keys, else the list."""
        if self._reading.what:
            self._reading.query_one("#sheet").focus()
        else:
            super().focus_pane()

    def _stream_shown(self) -> Stream | None:
        return self._snapshot.stream if self._snapshot is not None and self._reading.what == "stream" else None

    def action_hex(self) -> None:
        """The stream in hex, or as text."""
        self._reading.in_hex = not self._reading.in_hex
        if self._snapshot is not None and self._reading.what == "stream":
            self._reading.renew(self._snapshot, self.table.glyphs)

    def action_back(self) -> None:
        """Close the sheet, the details, take off tags, the filter: the last that was opened."""
        if self._reading.what:
            self._close_sheet()
        elif self._anatomy.opened:
            self._anatomy.shut()
            self.table.focus()
        elif self._snapshot is not None and self._snapshot.save_problem:
            self.feed.ask(SaveTo())  # which takes the words about what was not written away
        elif self._snapshot is not None and self._snapshot.refused:
            self.feed.ask(self._capture)  # which takes the words about what was refused away
        else:
            super().action_back()
