"""What can be watched of processes besides their rows: events, threads, waits, one in full, a command that is timed."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.timer import Timer

from pitop.collect.source import Source
from pitop.collect.topics import DELAYS, EVENTS, THREADS
from pitop.model.actions import Action, Outcome
from pitop.model.delays import Delay, DelaysSnapshot
from pitop.model.events import EventsSnapshot
from pitop.model.processes import Process
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.threads import Threads, ThreadsSnapshot
from pitop.model.time import TimeCommand, TimeOutcome
from pitop.render.delays import delay_fields
from pitop.render.field import Field
from pitop.render.text import visible
from pitop.tui.feed import Feed
from pitop.tui.keys import give_keys, key
from pitop.tui.panes.acting import ActingPane
from pitop.tui.settings import PaneSettings

if TYPE_CHECKING:
    from pitop.tui.widgets.inspector import Inspector

__all__ = ["WatchingPane"]

# Actions on the table itself.
_OF_THE_TABLE = frozenset(
    (
        "back", "by", "columns", "events", "filter", "fold", "fold_all", "follow", "inspect", "invert", "kernel",
        "order_beside", "search", "search_again", "sort_menu", "tag", "tag_children", "threads", "tree", "untag",
        "user",
    )
)  # fmt: skip
_EVENTS_AFTER = 0.5  # seconds that the first screen has for itself


class WatchingPane(ActingPane):
    """A table of processes with what can be seen of them besides. Each is collected only while it is shown, but the
    events: what has ended can be told only by who listened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "processes.inspect",
            "enter,d",
            "inspect('Overview')",
            "Inspect",
            "All of one process",
            footer=True,
            display="Enter",
        ),
        key("processes.environment", "e", "inspect('Environment')", "Environment", "Its environment, secrets hidden"),
        key("processes.files", "l", "inspect('Files')", "Open files", "Its files, pipes and sockets"),
        key("processes.threads", "H", "threads", "Threads", "Show or hide threads under their processes"),
        key("processes.events", "E", "events", "Fork feed", "Every fork, exec and exit as it happens"),
        key("processes.time", "R", "time", "Run and time", "Run a command, follow it, and report what it used"),
    ]

    def __init__(self, settings: PaneSettings | None = None, own_fields: Sequence[Field[Any]] = ()) -> None:
        self._waits: dict[int, Delay] = {}
        delays = delay_fields(lambda row: self._waits.get(row.pid))
        self._delay_keys = frozenset(each.key for each in delays)
        super().__init__(settings, (*own_fields, *delays))
        self._delays_feed = Feed(self, DELAYS)
        self._threads_feed = Feed(self, THREADS)
        self.threads: Sequence[Process] = ()  # rows of their own, while they are shown
        self.threads_shown = False
        self._threads_asked: frozenset[Hashable] = frozenset()
        self.events: EventsSnapshot | None = None
        self._events_feed = Feed(self, EVENTS)
        self._later: Timer | None = None
        self._timed = False  # whether a command was started that has not been seen yet

    def acted(self, action: Action, outcome: Outcome) -> None:
        """The report of what was run, or what has changed."""
        if isinstance(outcome, TimeOutcome):
            self._report(outcome)
        else:
            super().acted(action, outcome)

    def targets(self) -> list[Process]:
        """The inspected process, or the chosen ones."""
        inspector = self._inspector()
        if inspector is not None:
            return [row for row in self.family() if row.key == inspector.target]
        return self._owners(super().targets())

    def row_here(self) -> Process | None:
        """The inspected process, or the one of the selected row."""
        inspector = self._inspector()
        if inspector is not None:
            ended = self.table.rows
            return next((row for row in (*self.family(), *ended) if row.key == inspector.target), None)
        row = self.table.pin()
        owners = [] if row is None else self._owners([row])
        return owners[0] if owners else None

    def _owners(self, rows: list[Process]) -> list[Process]:
        """A thread stands for its process: signals and settings are the process's."""
        threads = {row.key for row in self.threads}
        if not any(row.key in threads for row in rows):
            return rows
        by_pid = {row.pid: row for row in self.family()}
        found = {
            owner.key: owner
            for row in rows
            if (owner := by_pid.get(row.ppid) if row.key in threads else row) is not None
        }
        return list(found.values())

    # --- forks, execs and exits

    def wake(self, source: Source) -> None:
        """Listen to process events, too, once the first rows are on the screen."""
        super().wake(source)
        if self._events_feed not in self.feeds:
            self._later = self.set_timer(_EVENTS_AFTER, lambda: self._listen(source))

    def rest(self) -> None:
        """Hear nothing any more."""
        if self._later is not None:
            self._later.stop()
        super().rest()

    def _listen(self, source: Source) -> None:
        self.feeds.append(self._events_feed)
        self._events_feed.open(source)

    def heard(self, newest: Snapshot | Failure) -> bool:
        """Take in what came besides the processes themselves; whether it was that."""
        topic = newest.topic if isinstance(newest, Failure) else ""
        if isinstance(newest, ThreadsSnapshot):
            self.threads = newest.rows if self.threads_shown else ()
        elif isinstance(newest, DelaysSnapshot):
            self._waits = {each.pid: each for each in newest.rows}
        elif topic in (THREADS.name, DELAYS.name):
            self.app.notify(visible(f"{topic}: {newest.message}"), severity="warning", markup=False)  # type: ignore[union-attr]
        elif isinstance(newest, EventsSnapshot) or topic == EVENTS.name:
            self._tell_events(newest)  # type: ignore[arg-type]
        else:
            return False
        return True

    def _tell_events(self, newest: EventsSnapshot | Failure) -> None:
        if isinstance(newest, EventsSnapshot):
            self.events = newest
        for panel in self.query("EventsPanel"):
            panel.show(newest)  # type: ignore[attr-defined]

    async def action_events(self) -> None:
        """Show or hide the feed under the table."""
        from pitop.tui.widgets.events import EventsPanel

        panels = self.query(EventsPanel)
        if panels:
            await panels.remove()
            return
        panel = EventsPanel()
        await self.mount(panel, after=self.table)
        panel.show(self.events)

    # --- threads and waits

    def waits(self, row: Process) -> object:
        """What the row's waiting columns show, as far as any is on the screen."""
        return self._waits.get(row.pid) if self._delay_keys & set(self.columns) else None

    def follow_columns(self, source: Source) -> None:
        """Collect waits while a column shows them."""
        self._follow(self._delays_feed, bool(self._delay_keys & {*self.columns, self.sort_key}), source)

    def _follow(self, feed: Feed[Any], wanted: bool, source: Source) -> None:
        if wanted and feed not in self.feeds:
            self.feeds.append(feed)
            feed.open(source)
        elif not wanted and feed in self.feeds:
            self.feeds.remove(feed)
            feed.close()

    def ask_threads(self) -> None:
        """Have the threads of all processes that have some sampled; asked anew when those are others."""
        owners = tuple(row for row in self.family() if row.threads > 1) if self.threads_shown else ()
        keys = frozenset(row.key for row in owners)
        if keys != self._threads_asked:
            self._threads_asked = keys
            self._threads_feed.ask(Threads(owners))

    def action_threads(self) -> None:
        """Show or hide threads as rows under their processes."""
        self.threads_shown = not self.threads_shown
        self._follow(self._threads_feed, self.threads_shown, self.app.source)  # type: ignore[attr-defined]
        if self.threads_shown:
            self.ask_threads()
        else:
            self.threads, self._threads_asked = (), frozenset()
            self.present()

    # --- run and time

    def action_time(self) -> None:
        """Type a command; it runs, is followed, and its report is shown at its end."""

        def parse(text: str) -> str:
            return text.strip()

        def run(line: str) -> None:
            self._timed = True
            self.act(TimeCommand(line))

        self.ask_value("Run and time, as the shell reads it", parse, run)

    def follow_timed(self) -> None:
        """Select what was started to be timed as soon as it is there, and keep it in view."""
        if not self._timed:
            return
        rows = self.family()
        ours = {row.pid for row in rows if row.ppid == os.getpid() and "pitop time" in row.command}
        started = next((row for row in rows if row.ppid in ours), None)
        if started is not None:
            self._timed = False
            self.table.following = self.table.select(started.key)

    def _report(self, outcome: TimeOutcome) -> None:
        from pitop.tui.widgets.help import Help

        self._timed = False
        self.table.following = False
        sections = [("Report", [(visible(title), visible(value)) for title, value in outcome.report])]
        if outcome.output:
            sections.append(("The last that it wrote", [("", visible(line)) for line in outcome.output]))
        self.app.push_screen(Help(visible(outcome.message), sections))

    # --- one process in full

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is about the table does nothing while the inspector covers it, and is not offered then."""
        inspector = self._inspector()
        if inspector is not None and inspector.covering and action in _OF_THE_TABLE:
            return False
        return super().check_action(action, parameters)

    def _inspector(self) -> Inspector | None:
        for child in self.children:
            if child.id == "inspector":
                return child  # type: ignore[return-value]
        return None

    async def action_inspect(self, part: str) -> None:
        """Look at the selected process in full."""
        from pitop.tui.widgets.inspector import Inspector

        row = self.table.pin()
        if row is None or self._inspector() is not None:
            return
        await self.mount(Inspector(self.app.source, row.key, row.name, part))  # type: ignore[attr-defined]

    async def on_table_activated(self) -> None:
        """Enter, or a double click."""
        await self.action_inspect("Overview")

    async def on_inspector_closed(self) -> None:
        """Back to the table."""
        inspector = self._inspector()
        if inspector is not None:
            await inspector.remove()
        self.table.focus()

    def watch_paused(self, paused: bool) -> None:
        """Going on after a pause, the inspector does, too."""
        super().watch_paused(paused)
        inspector = self._inspector()
        if inspector is not None and not paused:
            inspector.catch_up()

    def focus_pane(self) -> None:
        """The keys go to the inspector while it is open."""
        inspector = self._inspector()
        if inspector is not None:
            give_keys(inspector)
        else:
            super().focus_pane()
