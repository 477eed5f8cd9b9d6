"""The packet pane: a live trace, or a file, with everything there is to know of one packet and of its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.model.filter import compile_filter
from pitop.model.leads import Subject, Visit
from pitop.model.packets.about import flow_of, subject_of_packet
from pitop.model.packets.conversation import Stream
from pitop.model.packets.packet import Packet
from pitop.model.packets.scoping import narrowed, scope_expression
from pitop.model.packets.snapshot import AskAbout, AskOverview, AskRows, Capture, PacketsSnapshot, SaveTo
from pitop.model.scope import Scope, emptiness, of_flow, of_host
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Tone
from pitop.render.packets import FIELDS, OPERANDS
from pitop.render.text import visible
from pitop.render.units import amount
from pitop.tui.history import Spot
from pitop.tui.keys import give_keys, key
from pitop.tui.panes.packets.anatomy import Anatomy
from pitop.tui.panes.packets.capturing import CAPTURE_KEYS, CapturingPane
from pitop.tui.panes.packets.reading import Reading
from pitop.tui.panes.packets.status import status_line, trouble_lines
from pitop.tui.panes.packets.window import PacketTable, Window
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.rowline import Face
from pitop.tui.widgets.table import Table

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
        key("packets.process", "p", "lead('process')", "Process", "Go to the process that the packet belonged to"),
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
        self._coming_back: Spot | None = None
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
        self._look()
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
        self._look()
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
            self._stand()
        self._anatomy.renew(newest.detail)
        self._reading.renew(newest, self.table.glyphs)

    def _changed(self) -> None:
        """Another capture has begun: what was shown of the one before is gone."""
        self._close_all()
        self._typed = None
        self._following = self._capture.path is None
        self._window = Window()
        self._asked = None
        self._packets_table.to_start()
        self._ask(None if self._following else 0)
        self.present()

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
        width = self.app.size.width
        phrases = status_line(snapshot, self.filter.text, shown, following=self._following, width=width)
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

    def _look(self) -> None:
        """Ask for the newest rows, or for those around the selected one."""
        self._ask(None if self._following else max(0, self.table.place - _AROUND))

    def _ask(self, first: int | None) -> None:
        if self._left is not None or not self.size.height:  # once the size is known, it is asked again
            return
        # Who follows sees the newest ones; what is around them is asked for when somebody moves there.
        around = 0 if first is None else 2 * _AROUND
        asked = AskRows(self.size.height + around, first, narrowed(self.filter.text, self.scope))
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
            if self._reading.what != visit.view:
                self.action_sheet(visit.view)
            return
        self._close_all()
        super().visit(visit)
        self._set_following(True)

    def spot(self) -> Spot:
        """The sheet, whether the newest are followed, and whether a packet is shown in full."""
        return replace(super().spot(), view=self._reading.what, own=(self._following, self._anatomy.opened))

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
            self._anatomy.open()
            self._show_detail()
        if sheet:
            self.action_sheet(sheet)

    def _close_all(self) -> None:
        """What is open speaks of a packet that may be gone."""
        while self._reading.what or self._anatomy.opened:
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
        self._anatomy.open()
        self._show_detail()

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
            give_keys(self._reading.query_one("#sheet"))
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
