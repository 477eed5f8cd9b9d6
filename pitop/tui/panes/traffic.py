"""The traffic pane: what this machine is talking to, as one table from the program to the bytes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, cast

from msgspec.structs import replace
from textual.binding import BindingType

from pitop.collect.topics import TALKS
from pitop.model.leads import Subject
from pitop.model.scope import About, Scope, of_host, of_name, of_port, of_process
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.traffic import TrafficRow, about_traffic, grouped, subject_of_traffic
from pitop.model.traffic.table import By
from pitop.model.traffic.talks import TalksSnapshot
from pitop.render.field import Tone
from pitop.render.traffic import FIELDS, FLAGS, grouped_fields
from pitop.render.units import Unit, amount, percent, say
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.settings import PaneSettings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.notice import Phrase
from pitop.tui.widgets.rowline import Face
from pitop.tui.widgets.table import Table

__all__ = ["TrafficPane"]

_NEW = 3.0  # seconds that a new row is marked
_VIEWS = {
    "": ("Everything", "a line for each program, other side and port"),
    "program": ("By program", "what each program carries"),
    "name": ("By name", "what goes to each name, or to addresses without one"),
    "address": ("By address", "what goes to each address"),
    "port": ("By port", "what goes over each service's port"),
}


class TrafficPane(TablePane[TrafficRow]):
    """Program, name, address, port, bytes down and up, live."""

    stem = "traffic"
    heading = "Traffic"
    words = (
        "What this machine is talking to: which program, with whom, under which name, over which port, and how much "
        "goes either way. TCP's bytes are the kernel's own counts, UDP's those of the captured packets; names come "
        "from DNS answers as they pass."
    )
    fields = FIELDS
    asked = FLAGS
    usual = (
        "process",
        "pid",
        "direction",
        "name",
        "address",
        "port",
        "application",
        "received_bytes_per_second",
        "sent_bytes_per_second",
        "bytes_received",
        "bytes_sent",
    )
    order = ("received_bytes_per_second", True)
    main = ("process", "name", "address")
    shed = ("pid", "application", "bytes_sent", "direction", "address", "bytes_received")
    row_word = "rows"
    filter_example = "program=firefox · name~example · down>100K · port=443 and proto=udp"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("traffic.view", "v", "view", "View", "By program, name, address, port, or everything", footer=True),
        key("traffic.by-program", "t", "show('program')", "By program", "Sums by program, or everything", footer=True),
        key("traffic.inside", "i", "inside", "Inside", "Show or hide what stays on this machine", footer=True),
        key("traffic.ended", "d", "ended", "Ended", "Show or hide what has ended", footer=True),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self.feed = Feed(self, TALKS)
        self.feeds = [self.feed]
        self._snapshot: TalksSnapshot | None = None
        self._missing: object = None
        self._view = ""
        self._usual = self.columns
        self._inside_shown = True
        self._ended_shown = True
        self._made: dict[Hashable, TrafficRow] = {}
        self._under: tuple[str, str, TrafficRow] | None = None  # a group that was opened: its view, label, row

    # --- what it shows

    def arrived(self, newest: Snapshot | Failure) -> None:
        """The table of another moment."""
        if isinstance(newest, Failure):
            self.fail(newest)
        elif isinstance(newest, TalksSnapshot):
            self._snapshot = newest
            if newest.missing != self._missing:
                self._missing = newest.missing
                self.fail(None, newest.missing)
            self.present()

    def everything(self) -> Sequence[TrafficRow]:
        """The rows that belong to the scope, are of the group that was opened, and are not hidden."""
        if self._snapshot is None:
            return ()
        rows: Sequence[TrafficRow] = self._snapshot.rows
        if not self._inside_shown:
            rows = [row for row in rows if not row.inside]
        if not self._ended_shown:
            rows = [row for row in rows if row.open]
        if self._under is not None:
            view, _, group = self._under
            rows = [row for row in rows if grouped((row,), cast(By, view))[0].key == group.key]
        return self.within(rows)

    def about(self, row: TrafficRow) -> About:
        """The process, the other side, the name, the port."""
        return about_traffic(row)

    def scope_here(self, below: bool) -> Scope | None:
        """The process, or what a group has in common."""
        row = self.table.selected
        if row is None:
            return None
        if self._view == "name" and row.name is not None:
            return of_name(row.name)
        if self._view in ("address", "name") and row.address is not None:
            return of_host(row.address)
        if self._view == "port" and row.port is not None:
            return of_port(row.port)
        if row.pid is not None and row.start_ticks is not None:
            return of_process((row.pid, row.start_ticks), row.program or "?", descendants=below)
        return None if row.address is None else of_host(row.address)

    def subject(self) -> Subject | None:
        """The selected row."""
        row = self.table.pin()
        return None if row is None else subject_of_traffic(row)

    def spot(self) -> Spot:
        """The view, too."""
        return replace(super().spot(), view=self._view)

    def restore(self, spot: Spot) -> None:
        """The view, too."""
        if spot.view != self._view or self._under is not None:
            self._look(spot.view)
        super().restore(spot)

    def present(self) -> None:
        """The rows, or their sums; what did not change stays the same object."""
        rows = self.passing(self.everything())
        if self._view and self._under is None:
            before = self._made
            rows = [
                row if (known := before.get(row.key)) != row or known is None else known
                for row in grouped(rows, cast(By, self._view))
            ]
            self._made = {row.key: row for row in rows}
        ordered, prefixes = self.ordered(rows)
        self.table.show(ordered, prefixes)
        self.tell(len(ordered))

    def face(self, row: TrafficRow) -> Face:
        """New ones are marked, ended ones dimmed."""
        snapshot = self._snapshot
        if not row.open:
            return _ENDED
        young = row.first_seen is not None and snapshot is not None and snapshot.time - row.first_seen < _NEW
        return _BORN if young else _USUAL

    def summary(self, shown: int) -> Sequence[Phrase]:
        """How much in all, and how far it can be trusted."""
        snapshot = self._snapshot
        if snapshot is None:
            return ()
        phrases: list[Phrase] = []
        if self._under is not None:
            phrases.append((f" {self._under[1]} ", Tone.ACCENT))
        elif self._view:
            phrases.append((f" {_VIEWS[self._view][0]} ", Tone.ACCENT))
        phrases += [
            (f" {amount(shown)}", Tone.PLAIN),
            (" rows  ", Tone.FAINT),
            (f"↓{say(snapshot.received_bytes_per_second, Unit.BYTES_PER_SECOND)}/s", Tone.PLAIN),
            (f" ↑{say(snapshot.sent_bytes_per_second, Unit.BYTES_PER_SECOND)}/s", Tone.PLAIN),
        ]
        if snapshot.unknown_percent is not None:
            tone = Tone.WARN if snapshot.unknown_percent >= 5 else Tone.FAINT
            phrases.append((f"  {percent(snapshot.unknown_percent)} % of owners unknown", tone))
        if snapshot.dropped:
            phrases.append((f"  {amount(snapshot.dropped)} packets dropped", Tone.BAD))
        if not self._inside_shown:
            phrases.append(("  nothing within this machine", Tone.WARN))
        if not self._ended_shown:
            phrases.append(("  nothing that has ended", Tone.WARN))
        return phrases

    # --- what the keys do

    def action_view(self) -> None:
        """Choose a way to look."""
        from pitop.tui.widgets.choice import Choice, Item

        items = [Item(name, label, words) for name, (label, words) in _VIEWS.items()]

        def chosen(name: Hashable) -> None:
            if isinstance(name, str):
                self._look(name)

        self.app.push_screen(Choice("View", items, self._view), chosen)

    def action_show(self, name: str) -> None:
        """That view, or everything again."""
        self._look("" if name == self._view else name)

    def _look(self, name: str) -> None:
        if not self._view:
            self._usual = self.columns
        self._view, self._under = name, None
        self.columns = tuple(field.key for field in grouped_fields(name)) if name else self._usual
        self.table.set_fields(self.shown_fields())
        self.present()

    def on_table_activated(self, event: Table.Activated) -> None:
        """Enter: what a group is made of."""
        event.stop()
        row = self.table.pin()
        if row is None or not self._view or self._under is not None:
            return
        label = str(row.program if self._view == "program" else row.name or row.address or row.port or "not known")
        self._under = (self._view, label, row)
        self.columns = self._usual
        self.table.set_fields(self.shown_fields())
        self.present()

    def action_back(self) -> None:
        """Leave the group, drop tags and the filter, return to everything, let the scope go."""
        if self._under is not None:
            self._look(self._under[0])
        elif self.table.tags or self.filter.text.strip() or not self._view:
            super().action_back()
        else:
            self._look("")

    def action_inside(self) -> None:
        """Show or hide what stays on this machine."""
        self._inside_shown = not self._inside_shown
        self.present()

    def action_ended(self) -> None:
        """Show or hide what has ended."""
        self._ended_shown = not self._ended_shown
        self.present()


_USUAL = Face()
_BORN = Face(None, "+", Tone.GOOD)
_ENDED = Face(Tone.FAINT)
