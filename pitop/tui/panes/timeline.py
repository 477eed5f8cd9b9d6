"""The timeline pane: what happened to whatever is followed, or to everything, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from time import localtime, strftime
from typing import ClassVar

from textual.binding import BindingType

from pitop.collect.topics import TIMELINE
from pitop.model.leads import Subject
from pitop.model.scope import About, Scope, of_flow, of_host, of_name, of_process
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.timeline import Happening, Kind, TimelineSnapshot, about_happening, subject_of_happening
from pitop.render.field import Tone
from pitop.render.timeline import TIMELINE_COLUMNS, TIMELINE_FIELDS
from pitop.render.units import amount
from pitop.tui.feed import Feed
from pitop.tui.keys import key
from pitop.tui.settings import PaneSettings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.notice import Phrase
from pitop.tui.widgets.rowline import Face
from pitop.tui.widgets.table import Table

__all__ = ["TimelinePane"]

_NEW = 2.0  # seconds that a new line is marked
_KINDS = {
    "processes": (Kind.FORK, Kind.EXEC, Kind.EXIT),
    "network": (Kind.OPENED, Kind.CLOSED, Kind.ASKED),
}


class TimelinePane(TablePane[Happening]):
    """One list of forks, execs, exits, sockets, questions, bursts of faults and signals."""

    stem = "timeline"
    heading = "Timeline"
    words = (
        "What happened, newest first: to the process, user, address or name that is followed, or to the whole "
        "machine. It is recorded from the first look or the first scope on, until pitop ends. Enter goes to what a "
        "line is about."
    )
    fields = TIMELINE_FIELDS
    usual = TIMELINE_COLUMNS
    order = ("time", True)
    main = ("process", "words")
    shed = ("pid",)
    row_word = "lines"
    filter_example = "what=asked and name~example · recv>1M · process=wget · lived>10s"

    BINDINGS: ClassVar[list[BindingType]] = [
        key("timeline.processes", "p", "only('processes')", "Processes only", "Forks, execs and exits", footer=True),
        key("timeline.network", "c", "only('network')", "Network only", "Sockets and names asked", footer=True),
        key("timeline.scope-below", "S", "scope(True)", "Scope with all below", "Follow it and its descendants"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self.feed = Feed(self, TIMELINE)
        self.feeds = [self.feed]
        self._snapshot: TimelineSnapshot | None = None
        self._only = ""
        self._missing: object = None

    def arrived(self, newest: Snapshot | Failure) -> None:
        """More lines, or none."""
        if isinstance(newest, Failure):
            self.fail(newest)
        elif isinstance(newest, TimelineSnapshot):
            before, self._snapshot = self._snapshot, newest
            if newest.missing != self._missing:
                self._missing = newest.missing
                self.fail(None, newest.missing)
            if before is None or newest.rows is not before.rows or self._marked(newest):
                self.present()

    def _marked(self, snapshot: TimelineSnapshot) -> bool:
        """Whether the marks of new lines have to go."""
        return bool(snapshot.rows) and snapshot.time - snapshot.rows[0].time < _NEW + 2

    def everything(self) -> Sequence[Happening]:
        """The lines that belong to the scope, and are of the chosen kinds."""
        if self._snapshot is None:
            return ()
        rows: Sequence[Happening] = self._snapshot.rows
        if self._only:
            kinds = _KINDS[self._only]
            rows = [row for row in rows if row.kind in kinds]
        return self.within(rows)

    def ordered(self, rows: list[Happening]) -> tuple[Sequence[Happening], Sequence[str] | None]:
        """They come newest first."""
        if (self.sort_key, self.falling) == self.order:
            return rows, None
        return super().ordered(rows)

    def about(self, row: Happening) -> About:
        """Whom and what it concerns."""
        return about_happening(row)

    def scope_here(self, below: bool) -> Scope | None:
        """The process; where that is not known the name that was asked, the connection, or the other side."""
        row = self.table.selected
        if row is None:
            return None
        if row.keys:
            return of_process(max(row.keys), row.name or "?", descendants=below)
        if row.asked_name is not None:
            return of_name(row.asked_name)
        flow = about_happening(row).flow
        if flow is not None:
            return of_flow(flow)
        return None if row.there is None else of_host(row.there[0])

    def subject(self) -> Subject | None:
        """The selected line."""
        row = self.table.pin()
        return None if row is None else subject_of_happening(row)

    def face(self, row: Happening) -> Face:
        """New lines are marked."""
        snapshot = self._snapshot
        return _BORN if snapshot is not None and snapshot.time - row.time < _NEW else _USUAL

    def summary(self, shown: int) -> Sequence[Phrase]:
        """How much, and since when."""
        snapshot = self._snapshot
        if snapshot is None:
            return ()
        phrases: list[Phrase] = [
            (f" {amount(shown)}", Tone.PLAIN),
            (" lines since ", Tone.FAINT),
            (strftime("%H:%M:%S", localtime(snapshot.since)), Tone.PLAIN),
        ]
        if self.scope is None:
            phrases.append(("  of the whole machine; s on a row of any pane follows one thing", Tone.FAINT))
        if self._only:
            phrases.append((f"  {self._only} only", Tone.WARN))
        if snapshot.forgotten:
            phrases.append((f"  {amount(snapshot.forgotten)} oldest forgotten", Tone.WARN))
        return phrases

    def action_only(self, what: str) -> None:
        """One sort of lines, or all again."""
        self._only = "" if self._only == what else what
        self.present()

    async def on_table_activated(self, event: Table.Activated) -> None:
        """Go to what the line is about."""
        event.stop()
        row = self.table.pin()
        if row is None:
            return
        if row.kind in (Kind.OPENED, Kind.CLOSED):
            stem, wanted = "sockets", row.row
        elif row.kind is Kind.ASKED:
            stem, wanted = "dns", row.row
        else:
            stem, wanted = "processes", row.row or next(iter(row.keys), None)
        pane = await self.app.go(stem)  # type: ignore[attr-defined]
        if isinstance(pane, TablePane) and wanted is not None:
            pane.table.aim(wanted)


_USUAL = Face()
_BORN = Face(None, "+", Tone.GOOD)
