"""The socket pane: every endpoint as a list, or summed by process, peer, port, state, or as what is open here."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.collect.source import Source
from pitop.collect.topics import SOCKETS, TRAFFIC
from pitop.model.leads import Subject, Visit
from pitop.model.scope import About, Scope, of_flow, of_process
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.sockets import AskSockets, Socket, SocketsSnapshot, summary
from pitop.model.sockets.about import about_socket, subject_of_socket
from pitop.model.traffic import TrafficSnapshot
from pitop.model.traffic.owning import Owning
from pitop.render.field import Field, Tone, by_key
from pitop.render.glyphs import sparkline
from pitop.render.sockets import COLUMNS, FIELDS, FLAGS, address_port
from pitop.render.sockets.detail import detail
from pitop.render.units import Unit, say
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.panes.sockets.acting import ActingSocketsPane
from pitop.tui.panes.sockets.views import VIEWS, followed, subject_of_group
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.rowline import Face
from pitop.tui.widgets.table import Table

__all__ = ["SocketsPane"]

_NEW = 3.0  # seconds that a new socket is marked
_SPARK = 8  # cells of the history
_FITTING = 137  # cells that all columns need with addresses of IPv4
_LOOKED_AT = 200  # rows whose addresses decide how wide their columns are
_DETAIL_ROOM = 16  # lines of the pane from which on there is room for details below the table


class SocketsPane(ActingSocketsPane):
    """Every socket, whose it is and how it is doing."""

    stem = "sockets"
    heading = "Sockets"
    words = (
        "Who talks to whom. A socket is one end of a conversation: what a program reads and writes, and the kernel "
        "carries. LISTEN waits for others, ESTABLISHED talks, TIME_WAIT is over."
    )
    fields = FIELDS
    asked = FLAGS
    usual = (*COLUMNS[:8], "history", *COLUMNS[8:])
    order = ("received_bytes_per_second", True)
    main = ("process", "local_address", "remote_address")
    shed = (
        "retransmits", "send_queue", "pid", "history", "receive_queue", "rtt_ms", "protocol", "sent_bytes_per_second",
        "listening", "bytes_sent", "bytes_received", "drops", "service",
    )  # fmt: skip
    row_word = "rows"
    filter_example = "port=22 and not process~ssh · remote in 10.0.0.0/8 · rtt>100ms"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("sockets.view", "v", "view", "View", "By process, peer, port, state, or what is open here", footer=True),
        key("sockets.open", "o", "show('open')", "Open here", "Listening ports and who can reach them", footer=True),
        key("sockets.by-process", "t", "show('process')", "By process", "Sums by process, or the list"),
        key("sockets.process", "p", "lead('process')", "Process", "Go to the process that has it", footer=True),
        key("sockets.capture", "c", "lead('packets')", "Capture", "Capture this flow's packets"),
        key("sockets.trace", "r", "lead('trace')", "Trace", "Trace the path to the other side"),
        key("sockets.names", "N", "names", "Names", "Names of remote hosts in place of addresses"),
        key("sockets.unix", "u", "unix", "Unix", "Show or hide unix sockets, which stay on this machine"),
        key("sockets.closed", "d", "closed", "Closed", "Show or hide those that closed in the last seconds"),
        key("sockets.namespaces", "e", "namespaces", "Elsewhere", "Also sockets of other network namespaces"),
        key("sockets.by-down", "D", "by('received_bytes_per_second')", "Order by bytes received"),
        key("sockets.by-up", "S", "by('sent_bytes_per_second')", "Order by bytes sent"),
    ]

    DEFAULT_CSS = """
    SocketsPane > #detail { height: 0; display: none; }
    """

    def __init__(self, settings: PaneSettings | None = None) -> None:
        history = Field[Socket](
            "history",
            "HISTORY",
            _SPARK,
            Unit.TEXT,
            lambda row: sum(row.history) if row.history else None,
            "Bytes a second of the last samples, both ways, newest at the right; each line has its own scale.",
            show=self._spark,
            tone=lambda row: Tone.GOOD,
        )
        super().__init__(settings, (history,))
        self._list_fields = self.all_fields
        self.feed = Feed(self, SOCKETS)
        self.feeds = [self.feed]
        self._wire = Feed(self, TRAFFIC)  # listened to while something is followed: it is recorded then anyway
        self._owning: Owning | None = None
        self._source: Source | None = None
        self._snapshot: SocketsSnapshot | None = None
        self._view = "list"
        self._orders: dict[str, tuple[str, bool]] = {name: view.order for name, view in VIEWS.items()}
        self._orders["list"] = (self.sort_key, self.falling)
        self._columns: dict[str, tuple[str, ...]] = {name: tuple(view.columns) for name, view in VIEWS.items()}
        self._columns["list"] = self.columns
        self._within: tuple[str, Callable[[Socket], bool], str] | None = None
        self._longest: dict[str, int] = {}
        self._abouts: dict[Hashable, tuple[Socket, About]] = {}
        self._made: dict[Hashable, Any] = {}
        self._asked_for = AskSockets()
        self._unix_shown = False
        self._closed_shown = True
        self._detailed = False

    def compose(self) -> ComposeResult:
        """The table, and details of the selected socket below it."""
        yield from super().compose()
        yield Notice(id="detail")

    # --- what it shows

    @property
    def snapshot(self) -> SocketsSnapshot | None:
        """What is shown now."""
        return self._snapshot

    @property
    def view(self) -> str:
        """The name of the way to look that is in force."""
        return self._view

    def arrived(self, newest: Snapshot | Failure) -> None:
        """A new sample of all sockets."""
        if isinstance(newest, Failure):
            if newest.topic != TRAFFIC.name:  # without it the sockets tell what they know themselves
                self.fail(newest)
        elif isinstance(newest, TrafficSnapshot):
            self._owning = Owning(newest)
            self.present()
        elif isinstance(newest, SocketsSnapshot):
            self._snapshot = newest
            if self._abouts:
                there = {row.key for row in (*newest.rows, *newest.closed)} if self.scope is not None else set()
                self._abouts = {key: known for key, known in self._abouts.items() if key in there}
            self.fail(None, newest.missing)
            self.present()

    def everything(self) -> Sequence[Socket]:
        """The sockets that are shown or summed up: in the list also those that closed lately."""
        snapshot = self._snapshot
        if snapshot is None:
            return ()
        rows: Sequence[Socket] = snapshot.rows
        if self._closed_shown and self._view == "list" and snapshot.closed:
            there = {row.key for row in snapshot.rows if row.endpoint.state == "TIME_WAIT"}
            rows = [*rows, *(row for row in snapshot.closed if row.key not in there)]
        if self._owning is not None:
            rows = self._owning.told(rows)
        if not self._unix_shown and self._view != "state":
            rows = [row for row in rows if row.endpoint.unix is None]
        if self._within is not None:
            _, belongs, _ = self._within
            rows = [row for row in rows if belongs(row)]
        return self.within(rows)

    def about(self, row: Any) -> About:
        """Its owners, user and ends; worked out once for each row, since there may be very many."""
        known = self._abouts.get(row.key)
        if known is None or known[0] is not row:
            known = self._abouts[row.key] = (row, about_socket(row))
        return known[1]

    def emptiness(self, scope: Scope) -> str:
        """Sockets that are hidden are something, too."""
        words = super().emptiness(scope)
        if self._unix_shown or self._snapshot is None:
            return words
        unix = sum(scope.holds(self.about(row)) is True for row in self._snapshot.rows if row.endpoint.unix is not None)
        return f"{words} but unix sockets, {unix} of them: u shows them" if unix else words

    def scope_here(self, below: bool) -> Scope | None:
        """The flow of a connection, or the process that has the socket; of a group what its sockets have in common."""
        row = self.table.selected
        if not isinstance(row, Socket):
            return followed(self._view, row)
        flow = about_socket(row).flow
        if flow is not None and row.endpoint.remote_port:
            return of_flow(flow)
        owner = next((owner for owner in row.owners if owner.key is not None), None)
        return None if owner is None or owner.key is None else of_process(owner.key, owner.name)

    def present(self) -> None:
        """Arrange the rows of the view anew; groups that did not change stay the same objects."""
        if self._snapshot is None:
            return
        rows: list[Any] = self.passing(self.everything())
        if self._view != "list":
            before = self._made
            rows = [row if (known := before.get(row.key)) != row else known for row in VIEWS[self._view].rows(rows)]
            self._made = {row.key: row for row in rows}
        ordered, prefixes = self.ordered(rows)
        self.table.show(ordered, prefixes)
        if self.size.width > _FITTING:
            self._fit_addresses()
        self.tell(len(ordered))
        self._tell_detail()

    def face(self, row: Any) -> Face:
        """New ones are marked, closed and closing ones dimmed, one's own SSH session signed."""
        if not isinstance(row, Socket):
            return _USUAL
        if row.closed_time is not None:
            return _CLOSED
        snapshot = self._snapshot
        if snapshot is not None:
            if row.key in snapshot.own_session:
                return _OWN
            if row.first_seen is not None and snapshot.time - row.first_seen < _NEW:
                return _NEW_FACE
        return _WAITING if row.endpoint.state == "TIME_WAIT" else _USUAL

    def _spark(self, row: Socket) -> str:
        return sparkline(row.history, _SPARK, max(row.history, default=0.0), self.table.glyphs)

    def summary(self, shown: int) -> Sequence[Phrase]:
        """Counts as `ss -s` gives them, the traffic of all, and what listeners lost."""
        if self._snapshot is None:
            return ()
        counts = summary(self._snapshot)
        phrases: list[Phrase] = (
            [(f" {VIEWS[self._view].label}  ", Tone.ACCENT)] if self._view != "list" else [(" ", Tone.FAINT)]
        )
        phrases += [(f"{counts['tcp']}", Tone.PLAIN), (" tcp (", Tone.FAINT)]
        parts = [
            f"{counts[name]} {word}"
            for name, word in (
                ("tcp_established", "established"),
                ("tcp_listen", "listening"),
                ("tcp_time_wait", "time-wait"),
                ("tcp_close_wait", "close-wait"),
                ("tcp_syn_recv", "half open"),
            )
            if counts[name]
        ]
        phrases += [(", ".join(parts) or "none", Tone.FAINT), (")  ", Tone.FAINT)]
        for name in ("udp", "raw", "packet", "unix"):
            if counts[name]:
                hidden = " (u)" if name == "unix" and not self._unix_shown and self._view != "state" else ""
                phrases += [(f"{counts[name]}", Tone.PLAIN), (f" {name}{hidden}  ", Tone.FAINT)]
        glyphs = self.table.glyphs
        for arrow, name in ((glyphs.down, "received_bytes_per_second"), (glyphs.up, "sent_bytes_per_second")):
            phrases.append((f"{arrow}{say(counts[name], Unit.BYTES_PER_SECOND)} ", Tone.PLAIN))
        if counts["listen_drops_per_second"]:
            lost = say(counts["listen_drops_per_second"], Unit.PER_SECOND)
            phrases.append((f"  listeners drop {lost}/s", Tone.BAD))
        if self._within is not None:
            phrases.append((f"  of {self._within[0]}", Tone.WARN))
        if self._asked_for.namespaces:
            count = len(self._snapshot.namespaces)
            phrases.append((f"  and {count} other namespace{'' if count == 1 else 's'}", Tone.WARN))
        return phrases

    # --- details

    def on_table_moved(self) -> None:
        """The details are of the selected socket."""
        self._tell_detail()

    def on_table_activated(self, event: Table.Activated) -> None:
        """Enter: details of a socket, or the sockets of a group."""
        row = self.table.selected
        if isinstance(row, Socket):
            self._detailed = not self._detailed
            self._tell_detail()
        elif row is not None:
            self._enter(row)

    def _tell_detail(self) -> None:
        row = self.table.selected
        notice = self.query_one("#detail", Notice)
        if not self._detailed or not isinstance(row, Socket) or self.size.height < _DETAIL_ROOM:
            notice.say()
            return
        lines = detail(row, self._snapshot)
        ends = address_port(row.endpoint.local_address, row.endpoint.local_port)
        if row.endpoint.remote_port is not None:
            arrow = "<->" if self.table.glyphs.name == "ascii" else "↔"
            ends += f" {arrow} {address_port(row.endpoint.remote_address, row.endpoint.remote_port, row.remote_name)}"
        title = [(f" {ends if row.endpoint.unix is None else row.endpoint.local_address or 'unix'} ", Tone.ACCENT)]
        notice.say(title, *lines[: self.size.height - _DETAIL_ROOM + 5])

    def on_resize(self) -> None:
        """Addresses take what room there is; details need some."""
        super().on_resize()
        self._fit_addresses()
        self._tell_detail()

    def _fit_addresses(self) -> None:
        """Widen the addresses where the screen is wide, so that those of IPv6 fit."""
        room = 21 + max(0, self.size.width - _FITTING) // 2
        for name in ("local_address", "remote_address"):
            field = by_key(FIELDS)[name]
            longest = max(
                (len(field.text(row)) for row in self.table.rows[:_LOOKED_AT] if isinstance(row, Socket)), default=0
            )
            self._longest[name] = max(self._longest.get(name, 21), longest)
            self.table.set_width(name, min(room, self._longest[name]))

    # --- views

    def action_view(self) -> None:
        """Choose a way to look."""
        from pitop.tui.widgets.choice import Choice, Item

        items = [Item(name, view.label, view.words) for name, view in VIEWS.items()]

        def chosen(name: Hashable) -> None:
            if isinstance(name, str):
                self._look(name)

        self.app.push_screen(Choice("View", items, self._view), chosen)

    def action_show(self, name: str) -> None:
        """A view, or back to the list where it is shown already."""
        self._look("list" if self._view == name else name)

    def _look(self, name: str) -> None:
        """Change the view; each keeps its own order and columns."""
        self._orders[self._view] = (self.sort_key, self.falling)
        self._columns[self._view] = self.columns
        self._view = name
        self._made = {}
        self.all_fields = self._list_fields if name == "list" else VIEWS[name].fields
        self._known = by_key(self.all_fields)
        self.columns = self._columns[name]
        self.sort_key, self.falling = self._orders[name]
        self.table.set_fields(self.shown_fields())
        self.table.set_sorted(*self.shown_order())
        self.table.action_first()
        self.present()

    def _enter(self, row: Any) -> None:
        """Show the sockets of a group."""
        keys = {each.key for each in row.sockets} if hasattr(row, "sockets") else None
        view, known = self._view, row.key
        label = getattr(row, "label", None) or " ".join(str(part) for part in known[:2] if part)
        rows = VIEWS[view].rows

        def belongs(one: Socket) -> bool:
            return (keys is not None and one.key in keys) or any(group.key == known for group in rows((one,)))

        if view == "state" and row.protocol == "unix":
            self._unix_shown = True
        self._within = (label, belongs, view)
        self._look("list")

    def action_back(self) -> None:
        """Close the details, take back tags, leave a group, drop the filter, return to the list."""
        if self._detailed and isinstance(self.table.selected, Socket):
            self._detailed = False
            self._tell_detail()
        elif self.table.tags:
            self.action_untag()
        elif self._within is not None:
            _, _, view = self._within
            self._within = None
            self._look(view)
        elif self.filter.text.strip():
            self.set_filter("")
        elif self._view != "list":
            self._look("list")
        else:
            super().action_back()

    # --- what the keys do

    def action_by(self, name: str) -> None:
        """Order by a field that the view has."""
        if name in self._known:
            self.sort_by(name, self._known[name].falling)

    def action_unix(self) -> None:
        """Show or hide unix sockets."""
        self._unix_shown = not self._unix_shown
        self.present()

    def action_closed(self) -> None:
        """Show or hide those that closed."""
        self._closed_shown = not self._closed_shown
        self.present()

    def action_names(self) -> None:
        """Look names up, or show addresses again."""
        self._ask(AskSockets(self._asked_for.namespaces, not self._asked_for.names))
        self.app.notify("Looking up names of remote hosts" if self._asked_for.names else "Addresses", timeout=2)

    def action_namespaces(self) -> None:
        """Look into other network namespaces, or not any more; the list has a column for their names meanwhile."""
        self._columns[self._view] = self.columns
        self._ask(AskSockets(not self._asked_for.namespaces, self._asked_for.names))
        columns = [each for each in self._columns["list"] if each != "namespace"]
        if self._asked_for.namespaces:
            columns.insert(columns.index("process") if "process" in columns else len(columns), "namespace")
        self._columns["list"] = tuple(columns)
        if self._view == "list":
            self.columns = tuple(columns)
            self.table.set_fields(self.shown_fields())

    def _ask(self, request: AskSockets) -> None:
        self._asked_for = request
        self.feed.ask(request)

    def wake(self, source: Any) -> None:
        """A collector made anew has to be told again what is wanted."""
        super().wake(source)
        self._source = source
        self._listen()
        if self._asked_for != AskSockets():
            self.feed.ask(self._asked_for)

    def rest(self) -> None:
        """Nothing is listened to any more."""
        super().rest()
        self._source = None
        self._listen()

    def watch_scope(self, scope: Scope | None) -> None:
        """What is followed may have closed its sockets before anybody looked: the packets tell."""
        self._listen()
        super().watch_scope(scope)

    def _listen(self) -> None:
        if self.scope is not None and self._source is not None:
            self._wire.open(self._source)
        else:
            self._wire.close()
            self._owning = None

    # --- from here to elsewhere, and back

    def subject(self) -> Subject | None:
        """The selected socket, or what the sockets of the selected group have in common."""
        row = self.table.pin()
        return subject_of_socket(row) if isinstance(row, Socket) else subject_of_group(self._view, row)

    def visit(self, visit: Visit) -> None:
        """The list, of all sockets that the scope leaves."""
        self._within = None
        if self._view != "list":
            self._look("list")
        super().visit(visit)

    def spot(self) -> Spot:
        """The view, and the group that its sockets are of."""
        return replace(super().spot(), view=self._view, own=self._within)

    def restore(self, spot: Spot) -> None:
        """The view, as it was."""
        self._within = spot.own  # type: ignore[assignment]
        if spot.view != self._view:
            self._look(spot.view)
        else:
            self.present()
        super().restore(spot)


_USUAL = Face()
_NEW_FACE = Face(None, "+", Tone.GOOD)
_CLOSED = Face(Tone.FAINT, "x", Tone.FAINT)
_WAITING = Face(Tone.FAINT)
_OWN = Face(None, "@", Tone.ACCENT)
