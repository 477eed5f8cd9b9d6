"""The memory pane: where memory is, what it does, and what every process really holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.collect.source import Source
from pitop.collect.topics import MAPPINGS, MEMORY, PROCESSES
from pitop.model.history import History
from pitop.model.leads import Party, Sort, Subject, Visit
from pitop.model.memory.faults import COST
from pitop.model.memory.rows import MemoryRow, RowKeeper, grouped, totals
from pitop.model.memory.snapshot import Looking, MemorySnapshot
from pitop.model.memory.space import AddressSpace, Space
from pitop.model.memory.totals import formulas, segments
from pitop.model.processes import ProcessesSnapshot, ProcessKey
from pitop.model.scope import About, Scope, about_process, of_process
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.field import Tone
from pitop.render.memory.charts import CHARTS
from pitop.render.memory.fields import ROW_FIELDS
from pitop.render.memory.words import formula_words, zone_words
from pitop.render.text import sentences
from pitop.render.units import bytes_text
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.panes.memory.charts import Charts
from pitop.tui.panes.memory.machine import MachineMemory
from pitop.tui.panes.memory.space import SpaceView
from pitop.tui.panes.memory.totals import Totals
from pitop.tui.settings import PaneSettings
from pitop.tui.tablepane import TablePane
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.rowline import Face

__all__ = ["MemoryPane"]

_AGE_STEP = 10.0  # seconds in which shown ages go: what is read in its turn stays “now”, and is painted once
_PAST = 240  # samples of a process's faults that are kept
_TABLE_ACTIONS = {
    "search", "search_again", "filter", "sort_menu", "order_beside", "invert", "columns", "tag", "untag", "back",
    "scope", "space", "group", "graphs", "formula", "explain",
    "by",
}  # fmt: skip
_DEAR = {"pss_bytes", "uss_bytes", "swap_bytes", "oom_score", "age_seconds"}  # known of a process when it was read


class MemoryPane(TablePane[MemoryRow]):
    """The machine above, the processes below, and the address space of one on a key."""

    stem = "memory"
    heading = "Memory"
    words = (
        "A process asks for addresses (VSZ) and gets none of it until it touches them: each first touch of a page is a "
        "fault. RSS is what it has now; PSS shares out what several have, so the sum over all is the truth; USS would "
        "come back if it ended. A minor fault needs no disk. A major one waits for it."
    )
    fields = ROW_FIELDS
    usual = (
        "pid", "user", "vsz_bytes", "rss_bytes", "shared_bytes", "pss_bytes", "uss_bytes", "swap_bytes", "minor_faults",
        "major_faults", "minor_faults_per_second", "major_faults_per_second", "oom_score", "memory_percent",
        "age_seconds", "name", "command",
    )  # fmt: skip
    order = ("rss_bytes", True)
    main = ("name", "command")
    shed = (
        "command", "shared_bytes", "minor_faults", "age_seconds", "oom_score", "user", "major_faults", "memory_percent",
        "swap_bytes", "minor_faults_per_second", "major_faults_per_second", "uss_bytes", "vsz_bytes",
    )  # fmt: skip
    row_word = "processes"
    filter_example = "pss>100M and swap>0 · majflts>0 · user=pi or sshd"

    DEFAULT_CSS = """
    MemoryPane { layout: vertical; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "memory.space", "a", "space", "Address space", "The selected process's mappings and faults, live",
            footer=True, display="Enter",
        ),
        key("memory.group", "b", "group", "Group", "One line a program, one a user, or one a process", footer=True),
        key("memory.graphs", "g", "graphs", "Graphs", "The graphs that had no room, then the first ones", footer=True),
        key("memory.explain", "e", "explain", "Explain", "What the bar's parts and the graphs mean", footer=True),
        key("memory.formula", "v", "formula", "How used is counted", "The sums behind htop's and free's used"),
        key("memory.by-rss", "M", "by('rss_bytes')", "Order by RSS"),
        key("memory.by-pss", "P", "by('pss_bytes')", "Order by PSS"),
        key("memory.by-swap", "S", "by('swap_bytes')", "Order by swap"),
        key("memory.by-major", "J", "by('major_faults_per_second')", "Order by major faults"),
    ]  # fmt: skip

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self._memory_feed = Feed(self, MEMORY)
        self._processes_feed = Feed(self, PROCESSES)
        self._space_feed = Feed(self, MAPPINGS)
        self.feeds = [self._processes_feed, self._memory_feed]
        self._memory: MemorySnapshot | None = None
        self._processes: ProcessesSnapshot | None = None
        self._keeper = RowKeeper(_AGE_STEP)
        self._rows: Sequence[MemoryRow] = ()
        self._chosen: Sequence[MemoryRow] = ()  # those that pass the filter
        self._looking: Looking | None = None
        self._group: str | None = None
        self._members: dict[ProcessKey, list[ProcessKey]] = {}
        self._minor = History(_PAST)
        self._major = History(_PAST)
        self._machine = MachineMemory()
        self._charts = Charts()
        self._totals = Totals(self.table, self.shed if not self.settings.columns else ())
        self._space: SpaceView | None = None
        self._space_key: ProcessKey | None = None
        self._space_name = ""
        self._marks = 0

    def compose(self) -> ComposeResult:
        """The machine, its charts, then what every table pane has."""
        yield self._machine
        yield self._charts
        yield Notice(id="failure")
        yield Notice(id="summary")
        yield self._totals
        yield self.table

    # --- what comes

    def wake(self, source: Source) -> None:
        """The pane is seen: say again what is on the screen."""
        super().wake(source)
        self._looking = None
        if self._space_key is not None:
            self._space_feed.ask(Space(*self._space_key))

    def arrived(self, newest: Snapshot | Failure) -> None:
        """A new sample of the machine, of the processes, or of the address space."""
        if isinstance(newest, Failure):
            if newest.topic == MAPPINGS.name:
                self._space_failed(newest)
            else:
                self._looking = None  # the collector that comes next has not heard it
                self.fail(newest)
            return
        if isinstance(newest, AddressSpace):
            if self._space is not None:
                self._space.show(newest)
            return
        changed = True
        if isinstance(newest, MemorySnapshot):
            changed = self._memory is None or newest.holdings != self._memory.holdings
            self._memory = newest
            self._machine.show(newest)
            self._charts.add(newest)
            self._fit()
        elif isinstance(newest, ProcessesSnapshot):
            self._processes = newest
            self._minor.tick((r.key, r.minor_faults_per_second) for r in newest.rows if r.minor_faults_per_second)
            self._major.tick((r.key, r.major_faults_per_second) for r in newest.rows if r.major_faults_per_second)
        self.fail(None)
        if self._space is not None:
            self._tell_faults()
            self._ask()
        elif changed or self._looking is None:
            self._join()
            self.present()

    def _join(self) -> None:
        if self._processes is None:
            return
        memory = self._memory
        holdings = {} if memory is None else {each.key: each for each in memory.holdings}
        self._rows = self._keeper.join(self._processes.rows, holdings, self._processes.time)

    def everything(self) -> Sequence[MemoryRow]:
        """A row a process."""
        return self.within(self._rows)

    def about(self, row: MemoryRow) -> About:
        """The process, and whose it is."""
        return about_process(row.key, row.user)

    def scope_here(self, below: bool) -> Scope | None:
        """The selected process."""
        row = self.table.selected
        return None if row is None or row.count > 1 else of_process(row.key, row.name, descendants=below)

    # --- from here to elsewhere, and back

    def subject(self) -> Subject | None:
        """The process whose address space is seen, or the selected one."""
        if self._space_key is not None:
            pid, start = self._space_key
            return Subject(sort=Sort.MEMORY, process=Party(pid, self._space_name, start))
        row = self.table.pin()
        if row is None or row.count > 1:
            return None
        return Subject(sort=Sort.MEMORY, process=Party(row.pid, row.name, row.key[1]))

    def visit(self, visit: Visit) -> None:
        """Show the address space of a process, which the table stands on."""
        self.on_space_view_left()
        self._ungroup()
        super().visit(visit)
        party = visit.process
        if party is not None and party.key is not None:
            self.table.aim(party.key)
            self._open_space(party.key, party.name)
            self.call_after_refresh(self.focus_pane)

    def spot(self) -> Spot:
        """The address space that is seen, or how the rows are grouped."""
        return replace(super().spot(), view=self._group or "", own=self._space and (self._space_key, self._space_name))

    def restore(self, spot: Spot) -> None:
        """As it was."""
        self.on_space_view_left()
        self._ungroup()
        while (self._group or "") != spot.view and spot.view in ("name", "user"):
            self.action_group()
        super().restore(spot)
        if isinstance(spot.own, tuple):
            self._open_space(*spot.own)
            self.call_after_refresh(self.focus_pane)

    def _ungroup(self) -> None:
        if self._group is not None:
            self._group = "user"
            self.action_group()

    # --- the rows in their order

    def present(self) -> None:
        """Arrange the rows anew, sum them, and say which of them are on the screen."""
        if self._processes is None:
            return
        rows = self.everything()
        chosen = self.passing(rows)
        self._chosen = chosen
        self._totals.show(totals(chosen) if chosen else None)
        shown = chosen
        if self._group is not None:
            shown = self._grouped(chosen)
        self.table.show(*self.ordered(shown))
        self.tell(len(chosen))
        self._ask()

    def _grouped(self, rows: Sequence[MemoryRow]) -> list[MemoryRow]:
        """One row a program or user; identified by the first of its processes."""
        by_user = self._group == "user"
        members: dict[str, list[ProcessKey]] = {}
        for row in rows:
            members.setdefault(_group_name(row, by_user), []).append(row.key)
        result = []
        self._members = {}
        for row in grouped(rows, lambda row: _group_name(row, by_user)):
            row = replace(row, key=members[row.name][0])
            self._members[row.key] = members[row.name]
            result.append(row)
        return result

    def _ask(self) -> None:
        """What is on the screen first; all the others too where the order is by what reading tells."""
        # A table that is not laid out yet, or was hidden until now, has no height: a screenful will do.
        shown = self.table.on_screen if self.table.size.height > 1 else self.table.rows[: self.size.height]
        visible = [row.key for row in shown]
        if self._group is not None:
            visible = [each for key in visible for each in self._members.get(key, [key])]
        if self.sort_key in _DEAR or self._group is not None:
            seen = set(visible)
            visible += [row.key for row in self._chosen if row.key not in seen]
        if self._space is not None:
            visible = []  # the table is not seen
        looking = Looking(tuple(visible), self._space_key)
        if looking != self._looking:
            self._looking = looking
            self._memory_feed.ask(looking)

    # --- how it looks

    def on_resize(self) -> None:
        """Share out the lines; then other rows are on the screen."""
        self._fit()
        self.call_after_refresh(self._ask)

    def _fit(self) -> None:
        height, width = self.size.height, self.size.width
        hidden = self._space is not None
        lines = self._machine.needed(width, height)
        if self._machine.styles.height is None or self._machine.styles.height.value != lines:
            self._machine.styles.height = lines
        charts = 0 if height < 17 else 3 if height < 22 else 4 if height < 30 else 5 if height < 45 else 7
        self._charts.styles.height = charts
        self._machine.display = not hidden
        self._charts.display = charts > 0 and not hidden
        for each in (self.table, self._totals, self.query_one("#summary"), self.query_one("#failure")):
            if hidden:
                each.display = False
        if not hidden:
            self.table.display = True
            self._totals.display = height >= 10

    def face(self, row: MemoryRow) -> Face:
        """What the kernel would kill first is marked by its score, not by its looks."""
        return _USUAL

    def summary(self, shown: int) -> Sequence[Phrase]:
        """How many processes, what they hold together, and what could not be read."""
        memory = self._memory
        if self._processes is None:
            return ()
        phrases: list[Phrase] = [(f" {shown}", Tone.PLAIN), (" processes", Tone.FAINT)]
        if self._group is not None:
            words = "program" if self._group == "name" else "user"
            phrases.append((f"  in {len(self.table.rows)} lines, one a {words}", Tone.WARN))
        known = [row for row in self._rows if row.pss_bytes is not None]
        if known:
            phrases.append((f"  PSS and USS read of {len(known)}", Tone.FAINT))
        refused = [row for row in self._rows if row.why]
        if refused:
            phrases.append((f"  {len(refused)} not read: {refused[0].why}", Tone.WARN))
        if memory is not None and not self.table.tags:
            absent = [each for each in memory.missing if each.what != COST][:2]
            phrases += [(f"  no {each.what}: {each.why}", Tone.FAINT) for each in absent]
        row = self.table.selected
        if row is not None and row.uss_bytes is not None and row.count == 1:
            phrases.append((f"  ending {row.name} would free {bytes_text(row.uss_bytes)}", Tone.FAINT))
        return phrases

    def on_table_moved(self) -> None:
        """The summary speaks of the selected process; what has scrolled into view is read."""
        self.retell()
        self._ask()

    # --- what the keys do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The table's keys do nothing while an address space covers it."""
        return self._space is None or action not in _TABLE_ACTIONS

    def action_by(self, name: str) -> None:
        """Order by a field, from the largest."""
        self.sort_by(name, self._known[name].falling)

    def action_group(self) -> None:
        """By program, by user, and not at all."""
        self._group = {None: "name", "name": "user", "user": None}[self._group]
        columns = [each for each in self.columns if each != "count"]
        if self._group is not None:
            columns = ["count", *(each for each in columns if each not in ("pid", "count"))]
        self.table.set_fields([self._known[each] for each in columns])
        self.table.action_first()
        self.present()

    def action_graphs(self) -> None:
        """On to other graphs."""
        self._charts.turn()

    def action_formula(self) -> None:
        """Show or hide the sums behind used."""
        self._machine.formulas_shown = not self._machine.formulas_shown
        self._fit()
        self._machine.renew()

    def action_explain(self) -> None:
        """What the bar's parts and the graphs mean."""
        from pitop.tui.widgets.help import Help, Section

        sections: list[Section] = []
        if self._memory is not None:
            memory, zram = self._memory.memory, self._memory.zram_bytes
            parts = [(f"{part.title} {bytes_text(part.bytes)}", part.words) for part in segments(memory, zram)]
            counted = [("", formula_words(formula)) for formula in formulas(memory)]
            zones = [(f"{zone.name}, node {zone.node}", zone_words(zone)) for zone in self._memory.zones]
            sections += [("The bar, from left to right", parts), ("Used", counted), ("Zones", zones)]
        sections.append(("The graphs", [(chart.title, chart.words) for chart in CHARTS]))
        self.app.push_screen(Help("Where memory is", sections))

    # --- the address space

    def focus_pane(self) -> None:
        """The keys go to what is seen: the address space, or the table."""
        if self._space is not None:
            self._space.focus_list()
        else:
            super().focus_pane()

    def on_table_activated(self) -> None:
        """Enter opens the address space; a group's line narrows the table to the group."""
        row = self.table.selected
        if row is not None and self._group is not None:
            name = row.name
            by_user = self._group == "user"
            self._ungroup()
            self.set_filter(f'{"user" if by_user else "name"}="{_quoted(name)}"')
            return
        self.action_space()

    def action_space(self) -> None:
        """Open the address space of the selected process."""
        row = self.table.pin()
        if row is not None and self._space is None and self._group is None:
            self._open_space(row.key, row.name)

    def _open_space(self, key: ProcessKey, name: str) -> None:
        self._space_key, self._space_name = key, name
        self._space = SpaceView(name, key[0])
        self.mount(self._space)
        self._fit()
        self.feeds = [*self.feeds, self._space_feed]
        source: Source = self.app.source  # type: ignore[attr-defined]
        self._space_feed.open(source)
        self._space_feed.ask(Space(*key))
        self._ask()
        self._tell_faults()

    def on_space_view_marked(self) -> None:
        """Have changes counted from now on."""
        if self._space_key is not None:
            self._marks += 1
            self._space_feed.ask(Space(*self._space_key, self._marks))

    def on_space_view_left(self) -> None:
        """Back to the table."""
        if self._space is None:
            return
        self._space.remove()
        self._space = self._space_key = None
        self.feeds = [each for each in self.feeds if each is not self._space_feed]
        self._space_feed.close()
        self._space_feed = Feed(self, MAPPINGS)  # what the old one still has is of another process
        self._fit()
        self.query_one("#summary").display = True
        self.table.focus()
        self._join()
        self.present()

    def _space_failed(self, failure: Failure) -> None:
        if self._space is not None and self._space_key is not None:
            self._space.fail(sentences(failure.message, failure.advice))

    def _tell_faults(self) -> None:
        """The selected process's faults, and what they cost."""
        if self._space is None or self._space_key is None:
            return
        key = self._space_key
        row = None
        if self._processes is not None:
            row = next((each for each in self._processes.rows if each.key == key), None)
        delays = None if self._memory is None else self._memory.delays
        why = ""
        if self._memory is not None:
            for each in self._memory.missing:
                if each.what == COST:
                    why = f"{each.why} ({each.advice})" if each.advice else each.why
        self._space.faults(row, self._minor.of(key), self._major.of(key), delays, why)


_USUAL = Face()


def _group_name(row: MemoryRow, by_user: bool) -> str:
    return (row.user or "?") if by_user else row.name


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
