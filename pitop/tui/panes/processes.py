"""The process pane: the living tree, or a list in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import ClassVar

from msgspec.structs import replace
from textual.binding import BindingType

from pitop.collect.topics import PROCESSES
from pitop.model.history import History
from pitop.model.leads import Party, Sort, Subject, Visit, identified
from pitop.model.processes import Process, ProcessesSnapshot, with_sums
from pitop.model.scope import About, Life, Scope, about_process, of_process
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.tree import Forest, descendants, flatten, with_ancestors
from pitop.render.field import Field, Tone
from pitop.render.glyphs import sparkline
from pitop.render.processes import COLUMNS, FIELDS, FLAGS, state_words
from pitop.render.text import visible
from pitop.render.units import Unit, amount
from pitop.tui.feed import Feed
from pitop.tui.history import Spot
from pitop.tui.keys import key
from pitop.tui.panes.ended import EndedRows
from pitop.tui.panes.watching import WatchingPane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Phrase
from pitop.tui.widgets.rowline import Face

__all__ = ["ProcessesPane"]

_NEW = 3.0  # seconds that a new process is marked
_SPARK = 8  # cells of the CPU history
_ADDITIVE = {
    "cpu_percent", "memory_percent", "rss_bytes", "vsz_bytes", "shared_bytes", "minor_faults_per_second",
    "major_faults_per_second", "minor_faults", "major_faults", "cpu_seconds", "threads",
}  # fmt: skip


class ProcessesPane(WatchingPane):
    """Every process, as a tree or a list."""

    stem = "processes"
    heading = "Processes"
    words = (
        "Who runs here, who started whom, and what each costs. A process asks for memory (VIRT), touches some of it "
        "(RES), and every first touch is a page fault."
    )
    fields = FIELDS
    asked = FLAGS
    usual = COLUMNS
    order = ("pid", False)
    main = ("command",)
    shed = (
        "threads", "nice", "shared_bytes", "major_faults_per_second", "minor_faults_per_second", "vsz_bytes",
        "memory_percent", "cpu_seconds", "user",
    )  # fmt: skip
    tree_field = "command"
    row_word = "processes"
    filter_example = "cpu>40 and state=D · user=pi or sshd · rss>100M · not kernel"

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "processes.tree", "t,f5", "tree", "Tree/list", "Who started whom, or a flat list", footer=True, display="t"
        ),
        key("processes.fold", "minus", "fold(True)", "Fold", "Hide what is under it; its line shows the sums"),
        key("processes.unfold", "plus,equals_sign", "fold(False)", "Unfold", "Show what is under it"),
        key("processes.fold-all", "asterisk", "fold_all", "Fold all", "Fold every branch, or unfold all"),
        key("processes.by-cpu", "P", "by('cpu_percent')", "Order by CPU"),
        key("processes.by-memory", "M", "by('rss_bytes')", "Order by memory"),
        key("processes.by-time", "T", "by('cpu_seconds')", "Order by CPU time"),
        key("processes.by-pid", "N", "by('pid')", "Order by pid"),
        key("processes.kernel", "K", "kernel", "Kernel threads", "Show or hide the kernel's own threads"),
        key("processes.user", "u", "user", "User", "Show one user's processes"),
        key(
            "processes.scope-below",
            "S",
            "scope(True)",
            "Scope with all below",
            "Follow it and its descendants everywhere",
        ),
        key("processes.follow", "F", "follow", "Follow", "Keep the selected process in view wherever it moves"),
        key("processes.tag-children", "c", "tag_children", "Tag with children"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        history = Field[Process](
            "cpu_history",
            "HISTORY",
            _SPARK,
            Unit.TEXT,
            lambda row: row.cpu_percent,
            "Processor time of the last samples, newest at the right; a full cell is a whole core.",
            show=self._spark,
            tone=lambda row: Tone.GOOD,
        )
        super().__init__(settings, (history,))
        self.feed = Feed(self, PROCESSES)
        self.feeds = [self.feed]
        self._snapshot: ProcessesSnapshot | None = None
        self.tree_shown = self.settings.tree if self.settings.tree is not None else self.settings.sort is None
        self._folded: set[Hashable] = set()
        self._kernel_folded = False
        self._kernel_shown = True
        self._user: str | None = None
        self._history = History(_SPARK * 2)
        self._shape: Sequence[Process] | None = None  # the rows that the tree was grown from; None: grow it anew
        self._forest = Forest([], [], [], {})
        self._ended = EndedRows()
        self._sought: Party | None = None  # who is to be selected once it is there
        self._summed: dict[Hashable, Process] = {}  # the folded rows as they were last shown
        self._ancestors: set[Hashable] = set()

    # --- what it shows

    @property
    def snapshot(self) -> ProcessesSnapshot | None:
        """What is shown now."""
        return self._snapshot

    def arrived(self, newest: Snapshot | Failure) -> None:
        """A new sample of all processes, or what happened to them meanwhile."""
        if self.heard(newest):
            return
        if isinstance(newest, Failure):
            self.fail(newest)
            return
        if isinstance(newest, ProcessesSnapshot):
            self._snapshot = newest
            self._history.tick((row.key, row.cpu_percent) for row in newest.rows if row.cpu_percent)
            self.fail(None, newest.missing)
            self._fold_kernel(newest)
            self.follow_columns(self.app.source)  # type: ignore[attr-defined]
            self.ask_threads()
            self.present()
            self.follow_timed()
            self._seek_party(newest)

    def family(self) -> Sequence[Process]:
        """Every living process."""
        return () if self._snapshot is None else self._snapshot.rows

    def folded(self, row: Process) -> bool:
        """Whether what is under the row is folded away."""
        return self.tree_shown and row.key in self._folded

    def _fold_kernel(self, snapshot: ProcessesSnapshot) -> None:
        """The kernel's threads begin as one line: they are many, and mostly idle."""
        if not self._kernel_folded:
            self._kernel_folded = True
            self._folded |= {row.key for row in snapshot.rows if row.pid == 2 and row.kernel}

    def everything(self) -> Sequence[Process]:
        """The living, and those that ended in the last seconds."""
        snapshot = self._snapshot
        if snapshot is None:
            return ()
        rows: Sequence[Process] = snapshot.rows
        ended = self._ended.rows(snapshot, self.events)
        if ended or self.threads:
            rows = sorted([*snapshot.rows, *ended, *self.threads], key=_BY_KEY)
        if not self._kernel_shown:
            rows = [row for row in rows if not row.kernel]
        if self._user is not None:
            rows = [row for row in rows if row.user == self._user]
        return self.within(rows)

    def about(self, row: Process) -> About:
        """The process, and whose it is."""
        return about_process(row.key, row.user)

    def scope_here(self, below: bool) -> Scope | None:
        """The selected process, alone or with all that is under it."""
        row = self.table.selected
        return None if row is None else of_process(row.key, row.name, descendants=below, life=_life(row))

    # --- from here to elsewhere, and back

    def subject(self) -> Subject | None:
        """The inspected process, or the selected one."""
        row = self.row_here()
        if row is None or row.kernel:
            return None
        return Subject(sort=Sort.PROCESS, process=Party(row.pid, row.name, row.key[1], life=_life(row)))

    def visit(self, visit: Visit) -> None:
        """Select a process, whatever was hidden before."""
        self._user = None
        super().visit(visit)
        self._sought = visit.process
        if self._snapshot is not None and not self._select_party(self._snapshot):
            self.present()

    def _seek_party(self, newest: ProcessesSnapshot) -> None:
        party = self._sought
        if party is not None and not self._select_party(newest):
            self._sought = None
            self.app.notify(visible(f"{party.name} ({party.pid}) has ended."), timeout=4, markup=False)

    def _select_party(self, snapshot: ProcessesSnapshot) -> bool:
        """Select who is sought, unfolded, if it is there."""
        row = None if self._sought is None else identified(self._sought, (*snapshot.rows, *snapshot.ended))
        if row is None:
            return False
        self._sought = None
        parents = {each.pid: each for each in snapshot.rows}
        above: Process | None = row
        while above is not None and (above := parents.get(above.ppid)) is not None:
            self._folded.discard(above.key)
        self._kernel_shown = self._kernel_shown or row.kernel
        self._shape = None
        self.present()
        self.table.aim(row.key)
        return True

    def spot(self) -> Spot:
        """Tree or list, and whose processes."""
        return replace(super().spot(), view="tree" if self.tree_shown else "list", own=self._user)

    def restore(self, spot: Spot) -> None:
        """Tree or list, as it was."""
        self._user = spot.own if isinstance(spot.own, str) else None
        if (spot.view == "tree") != self.tree_shown:
            self.action_tree()
        self.present()
        super().restore(spot)

    # --- the rows in their order

    def present(self) -> None:
        """Arrange the rows anew; where only figures changed, the tree's form is kept."""
        if self._snapshot is None:
            return
        rows = self.everything()
        narrowed = bool(self.filter.text.strip())
        if not self.tree_shown:
            chosen = self.passing(rows)
            self.table.show(*self.ordered(chosen))
            self.tell(len(chosen))
            return
        shown = 0
        self._ancestors = set()
        if narrowed:
            rows, self._ancestors = with_ancestors(rows, self.filter)
            shown = len(rows) - len(self._ancestors)
        self.table.show(*self._grown(rows))
        self.tell(shown if narrowed else len(rows))

    def _grown(self, rows: Sequence[Process]) -> tuple[Sequence[Process], Sequence[str]]:
        """The rows as a tree: in its order, with its guides, and sums on folded lines.

        Growing it is the dear part, and is left out while the same processes stand under the same parents.
        """
        field = self._known[self.sort_key]
        if self.sort_key in _ADDITIVE:
            self._forest = self._flattened(rows, lambda row: float(field.read(row) or 0))
            self._shape = None
        else:
            if self.sort_key != "pid" or self.falling:
                rows = sorted(rows, key=field.order, reverse=self.falling)
            if self._shape is None or not _same_shape(self._shape, rows):
                self._forest = self._flattened(rows)
            self._shape = rows
        shown = list(map(rows.__getitem__, self._forest.places))
        for line, row in self._sums(rows).items():
            shown[line] = row
        return shown, self._forest.prefixes

    def _flattened(self, rows: Sequence[Process], total: Callable[[Process], float] | None = None) -> Forest:
        glyphs = self.table.glyphs
        forest = flatten(rows, glyphs, self._folded, total=total, falling=self.falling)
        for line in forest.folded:
            forest.prefixes[line] += f"{glyphs.folded} "
        return forest

    def _sums(self, rows: Sequence[Process]) -> dict[int, Process]:
        """By line, the folded rows with the figures of what is under them added; the same objects where none moved."""
        before, self._summed = self._summed, {}
        sums = {}
        for line, places in self._forest.folded.items():
            row = rows[self._forest.places[line]]
            summed = with_sums(row, [rows[place] for place in places])
            known = before.get(row.key)
            sums[line] = self._summed[row.key] = known if known == summed else summed
        return sums

    def face(self, row: Process) -> Face:
        """New ones are marked, ended ones dimmed, ancestors of what matches the filter faint."""
        snapshot = self._snapshot
        if row.ended_time is not None:
            return _ENDED
        if row.key in self._ancestors:
            return _ANCESTOR
        if row.first_seen is not None and snapshot is not None and snapshot.time - row.first_seen < _NEW:
            return _BORN
        return _USUAL

    def extra(self, row: Process) -> object:
        """The history moves on while the row stays the same."""
        history = self._history.of(row.key) if "cpu_history" in self.columns else None
        return history, self.waits(row)

    def _spark(self, row: Process) -> str:
        return sparkline(self._history.of(row.key), _SPARK, 100.0, self.table.glyphs)

    def summary(self, shown: int) -> Sequence[Phrase]:
        """How many there are, in which states; and what the selected one's state means where that is unusual."""
        snapshot = self._snapshot
        if snapshot is None:
            return ()
        states = Counter([row.state for row in snapshot.rows])
        phrases: list[Phrase] = [
            (f" {len(snapshot.rows)}", Tone.PLAIN),
            (" processes  ", Tone.FAINT),
            (f"{sum([row.threads for row in snapshot.rows])}", Tone.PLAIN),
            (" threads  ", Tone.FAINT),
            (f"{states['R']}", Tone.PLAIN),
            (" running", Tone.FAINT),
        ]
        for state, word, tone in (
            ("D", "in D state", Tone.BAD),
            ("Z", "zombie", Tone.BAD),
            ("T", "stopped", Tone.WARN),
        ):
            if states[state]:
                phrases.append((f"  {states[state]} {word}", tone))
        if self.events is not None and self.events.forks_per_second is not None:
            phrases += [(f"  {amount(self.events.forks_per_second)}", Tone.PLAIN), (" forks/s", Tone.FAINT)]
            if self.events.lost:
                phrases.append((f"  {self.events.lost} events lost", Tone.BAD))
        if shown < len(snapshot.rows) + len(snapshot.ended):
            phrases.append((f"  {shown} shown", Tone.WARN))
        if self._user is not None:
            phrases.append((f"  of {self._user}", Tone.WARN))
        if not self._kernel_shown:
            phrases.append(("  no kernel threads", Tone.FAINT))
        if self.table.following:
            phrases.append(("  following", Tone.ACCENT))
        return phrases

    def hint(self) -> Sequence[Phrase]:
        """What the selected process's state means, where that is unusual."""
        row = self.table.selected
        if row is None or row.state not in "DZTt" or row.ended_time is not None:
            return ()
        return ((f"   {row.state} {state_words(row.state)}", Tone.FAINT),)

    def on_table_moved(self) -> None:
        """The summary speaks of the selected process."""
        self.retell()

    def shown_order(self) -> tuple[str | None, bool]:
        """The tree by pid is just the tree."""
        return (None, False) if self.tree_shown and self.sort_key == "pid" else (self.sort_key, self.falling)

    def redrawn(self) -> None:
        """The guides are part of the tree's form."""
        self._shape = None
        super().redrawn()

    # --- what the keys do

    def action_tree(self) -> None:
        """Tree or list."""
        self.tree_shown = not self.tree_shown
        if not self.tree_shown and self.sort_key == "pid":
            self.sort_key, self.falling = "cpu_percent", True
        elif self.tree_shown:
            self.sort_key, self.falling = "pid", False
        self._shape = None
        self.table.set_sorted(*self.shown_order())
        self.present()

    def action_by(self, name: str) -> None:
        """Order by a field, from the largest where that is what one asks for."""
        self.sort_by(name, self._known[name].falling)

    def sort_by(self, name: str, falling: bool | None = None) -> None:
        """Order by a field; in the tree, siblings by the sums of their subtrees."""
        self._shape = None
        super().sort_by(name, falling)

    def action_fold(self, fold: bool) -> None:
        """Fold or unfold the selected process; folding a leaf folds its parent."""
        row = self.table.pin()
        if row is None or not self.tree_shown:
            return
        if not fold:
            self._folded.discard(row.key)
        else:
            parents = {each.ppid for each in self.everything()}
            target: Process | None = row
            if row.pid not in parents or row.key in self._folded:
                target = next((each for each in self.everything() if each.pid == row.ppid), None)
            if target is not None:
                self._folded.add(target.key)
                self.table.select(target.key)
        self._shape = None
        self.present()

    def on_table_guide_clicked(self) -> None:
        """A click on the guides folds and unfolds."""
        row = self.table.selected
        if row is not None:
            self.action_fold(row.key not in self._folded)

    def action_fold_all(self) -> None:
        """Fold every process that has children, but the roots; or unfold all."""
        rows = self.everything()
        parents = {row.ppid for row in rows}
        inner = {row.key for row in rows if row.pid in parents and row.ppid in (1, 2)}
        inner |= {row.key for row in rows if row.pid == 2 and row.kernel}
        self._folded = set() if inner and inner <= self._folded else self._folded | inner
        self._shape = None
        self.present()

    def action_kernel(self) -> None:
        """Show or hide kernel threads."""
        self._kernel_shown = not self._kernel_shown
        self.present()

    def action_user(self) -> None:
        """Show the processes of one user."""
        from pitop.tui.widgets.choice import Choice, Item

        if self._snapshot is None:
            return
        counts = Counter([row.user for row in self._snapshot.rows if row.user is not None])
        items = [Item("", "everybody", f"{len(self._snapshot.rows)} processes")]
        items += [Item(user, user, f"{count} processes") for user, count in sorted(counts.items())]

        def chosen(user: Hashable) -> None:
            if isinstance(user, str):
                self._user = user or None
                self.present()

        self.app.push_screen(Choice("Processes of", items, self._user), chosen)

    def action_follow(self) -> None:
        """Keep the selected process in view."""
        self.table.following = not self.table.following and self.table.pin() is not None
        self.retell()

    def action_tag_children(self) -> None:
        """Tag the selected process and everything under it."""
        row = self.table.pin()
        if row is not None and self._snapshot is not None:
            self.table.tag(descendants(self._snapshot.rows, row))
            self.retell()


def _life(row: Process) -> Life | None:
    """From when to when a process that has ended had its pid."""
    return None if row.ended_time is None else Life(row.key, row.start_time, row.ended_time)


_BY_KEY = attrgetter("key")
_USUAL = Face()
_BORN = Face(None, "+", Tone.GOOD)
_ENDED = Face(Tone.FAINT, "x", Tone.FAINT)
_ANCESTOR = Face(Tone.FAINT)


def _same_shape(before: Sequence[Process], now: Sequence[Process]) -> bool:
    """Whether the same processes stand under the same parents, in the same order."""
    return len(before) == len(now) and all(
        a is b or (a.key == b.key and a.ppid == b.ppid) for a, b in zip(before, now, strict=True)
    )
