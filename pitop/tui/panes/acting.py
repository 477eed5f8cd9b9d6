"""What can be done to the processes of a table: signals, priorities, CPUs, scheduler, limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.binding import BindingType
from textual.timer import Timer

from pitop.collect.source import Source
from pitop.collect.topics import DELAYS, EVENTS, PROCESSES, THREADS
from pitop.model.actions import Action, Outcome
from pitop.model.delays import Delay, DelaysSnapshot
from pitop.model.events import EventsSnapshot
from pitop.model.processes import Process, Reread
from pitop.model.signals import SendSignal
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.target import Target
from pitop.model.threads import Threads, ThreadsSnapshot
from pitop.model.time import TimeCommand, TimeOutcome
from pitop.model.tree import descendants
from pitop.model.tuning import (
    LIMITS,
    IoClass,
    SetAffinity,
    SetIoPriority,
    SetLimit,
    SetOomScoreAdj,
    SetScheduler,
    ShiftNice,
    TuningAction,
    parse_cpu_list,
)
from pitop.render.delays import delay_fields
from pitop.render.field import Field
from pitop.render.text import visible
from pitop.tui.feed import Feed
from pitop.tui.keys import key
from pitop.tui.pane import TablePane
from pitop.tui.settings import PaneSettings

if TYPE_CHECKING:
    from pitop.tui.widgets.inspector import Inspector
    from pitop.tui.widgets.prompt import Answer

__all__ = ["ActingPane"]

T = TypeVar("T")

_EVENTS_AFTER = 0.5  # seconds that the first screen has for itself

_POLICIES = (
    ("other", "the usual: everybody gets a fair share by nice value"),
    ("batch", "as other, but expected to compute for long: waits a little more"),
    ("idle", "runs only when nothing else wants to"),
    ("fifo", "real time: runs until it waits, before everything of lower priority"),
    ("rr", "real time: as fifo, taking turns within its priority"),
)


class ActingPane(TablePane[Process]):
    """A table of processes that can be acted on: the tagged ones, or else the selected one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("processes.signal", "k,f9", "signal", "Signal", "Choose a signal to send", footer=True, display="k"),
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
        key("processes.nicer", "f8,left_square_bracket", "nice(1)", "Nicer", "Raise the nice value by one"),
        key("processes.sooner", "f7,right_square_bracket", "nice(-1)", "Sooner", "Lower the nice value by one"),
        key("processes.io", "i", "io_priority", "I/O priority", "Choose how soon its reads and writes are served"),
        key("processes.affinity", "a", "affinity", "CPUs", "Choose the CPUs that it may run on"),
        key("processes.scheduler", "Y", "scheduler", "Scheduler", "Choose by which policy it is scheduled"),
        key("processes.oom", "O", "oom", "OOM adjustment", "How willingly the kernel ends it when memory is short"),
        key("processes.limit", "L", "limit", "Limits", "Change one of its resource limits"),
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

    def family(self) -> Sequence[Process]:
        """Every living process, whether it is shown or not."""
        raise NotImplementedError

    def folded(self, row: Process) -> bool:
        """Whether what is under the row is folded away."""
        return False

    def acted(self, action: Action, outcome: Outcome) -> None:
        """Show what has changed though the process sleeps, or the report of what was run."""
        if isinstance(outcome, TimeOutcome):
            self._report(outcome)
            return
        targets = action.targets if isinstance(action, SendSignal) else (getattr(action, "target", None),)
        pids = tuple(each.pid for each in targets if isinstance(each, Target))
        for feed in self.feeds:
            if feed.topic is PROCESSES and pids:
                feed.ask(Reread(pids))

    def targets(self) -> list[Process]:
        """The inspected process, or the tagged rows, or the selected one; those that ended are left out."""
        inspector = self._inspector()
        if inspector is not None:
            return [row for row in self.family() if row.key == inspector.target]
        if self.table.tags:
            rows = list(self.table.tags.values())
        else:
            row = self.table.pin()
            rows = [] if row is None else [row]
        return self._owners([row for row in rows if row.ended_time is None])

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

        self._ask("Run and time, as the shell reads it", parse, run)

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
            inspector.focus()
        else:
            super().focus_pane()

    # --- signals

    def action_signal(self) -> None:
        """Choose a signal. On a folded line, first ask whether those under it are meant, too."""
        rows = self.targets()
        if len(rows) != 1 or self.table.tags or not self.folded(rows[0]):
            self._signal(rows)
            return
        from pitop.tui.widgets.choice import Choice, Item

        (row,) = rows
        below = descendants(self.family(), row)
        items = [
            Item("one", f"{row.name} ({row.pid})", "only this process"),
            Item("all", f"{row.name} and {len(below) - 1} below it", "the whole folded branch"),
        ]

        def chosen(answer: Hashable) -> None:
            if answer is not None:
                self._signal(below if answer == "all" else [row])

        self.app.push_screen(Choice("Signal to", items), chosen)

    def _signal(self, rows: Sequence[Process]) -> None:
        from pitop.tui.widgets.signals import ask_signal

        if not rows:
            self.app.notify("It has ended: nothing was sent.", severity="warning")
            return
        parents = {row.pid: row.ppid for row in self.family()}
        ask_signal(self.app, [_target(row) for row in rows], parents, self.act)

    # --- priorities and the rest

    def _tune(self, rows: Sequence[Process], make: Callable[[Target], TuningAction]) -> None:
        """Act on `rows`, which were chosen when the key was pressed: the selection may have moved on since."""
        for row in rows:
            self.act(make(_target(row)))

    def action_nice(self, by: int) -> None:
        """Nicer, or sooner, by steps."""
        self._tune(self.targets(), lambda target: ShiftNice(target, by))

    def action_io_priority(self) -> None:
        """Choose class and level."""
        if not (rows := self.targets()):
            return
        from pitop.tui.widgets.choice import Choice, Item

        items = [Item((IoClass.IDLE, 0), "idle", "only when nobody else wants the disk")]
        items += [
            Item((IoClass.BEST_EFFORT, level), f"best-effort {level}", "the usual; 0 is served first, 7 last")
            for level in range(8)
        ]
        items += [
            Item((IoClass.REALTIME, level), f"realtime {level}", "before everybody else; needs root")
            for level in range(8)
        ]

        def chosen(answer: Hashable) -> None:
            if isinstance(answer, tuple):
                io_class, level = answer
                self._tune(rows, lambda target: SetIoPriority(target, io_class, level))

        self.app.push_screen(Choice(f"I/O priority of {_whom(rows)}", items, (IoClass.BEST_EFFORT, 4)), chosen)

    def action_scheduler(self) -> None:
        """Choose a policy, and a priority for those that have one."""
        if not (rows := self.targets()):
            return
        from pitop.tui.widgets.choice import Choice, Item

        def chosen(answer: Hashable) -> None:
            if answer in ("fifo", "rr"):
                policy = str(answer)
                self._ask_number(
                    "Real-time priority, 1 (last) to 99 (first)",
                    (1, 99),
                    lambda value: self._tune(rows, lambda target: SetScheduler(target, policy, value)),
                )
            elif isinstance(answer, str):
                self._tune(rows, lambda target: SetScheduler(target, answer))

        self.app.push_screen(Choice(f"Scheduler of {_whom(rows)}", [Item(n, n, w) for n, w in _POLICIES]), chosen)

    def action_affinity(self) -> None:
        """Type a list of CPUs."""
        if not (rows := self.targets()):
            return

        def parse(text: str) -> tuple[int, ...]:
            return parse_cpu_list(text)

        self._ask(
            f"CPUs of {_whom(rows)}, such as 0-3,8",
            parse,
            lambda cpus: self._tune(rows, lambda target: SetAffinity(target, cpus)),
        )

    def action_oom(self) -> None:
        """Type an adjustment."""
        if not (rows := self.targets()):
            return
        self._ask_number(
            f"OOM adjustment of {_whom(rows)}, −1000 (never) to 1000 (first)",
            (-1000, 1000),
            lambda value: self._tune(rows, lambda target: SetOomScoreAdj(target, value)),
        )

    def action_limit(self) -> None:
        """Choose a resource, then type its limit."""
        if not (rows := self.targets()):
            return
        from pitop.tui.widgets.choice import Choice, Item

        items = [Item(each.name, each.name, f"{each.label} {each.unit}".strip()) for each in LIMITS]

        def chosen(answer: Hashable) -> None:
            if isinstance(answer, str):
                name = answer
                self._ask(
                    f"Limit {name}: soft:hard, or one for both, or unlimited",
                    _parse_limit,
                    lambda pair: self._tune(rows, lambda target: SetLimit(target, name, *pair)),
                )

        self.app.push_screen(Choice(f"Limit of {_whom(rows)}", items), chosen)

    def _ask_number(self, label: str, within: tuple[int, int], then: Callable[[int], None]) -> None:
        def parse(text: str) -> int:
            value = int(text.replace("−", "-"))
            if not within[0] <= value <= within[1]:
                raise ValueError(f"from {within[0]} to {within[1]}")
            return value

        self._ask(label, parse, then)

    def _ask(self, label: str, parse: Callable[[str], T], then: Callable[[T], None]) -> None:
        """Type a value; Enter takes it when it is one."""

        def changed(text: str) -> Answer:
            from pitop.tui.widgets.prompt import Answer

            if not text.strip():
                return Answer("Enter takes it, Esc leaves it as it is", error=True)
            try:
                parse(text)
            except ValueError as error:
                return Answer(str(error) if "invalid literal" not in str(error) else "not a number", error=True)
            return Answer("Enter takes it")

        def done(text: str | None) -> None:
            if text is not None:
                then(parse(text))

        self._prompt(label, "", changed, done)


def _target(row: Process) -> Target:
    return Target(row.key, row.name)


def _whom(rows: Sequence[Process]) -> str:
    return f"{rows[0].name} ({rows[0].pid})" if len(rows) == 1 else f"{len(rows)} processes"


def _parse_limit(text: str) -> tuple[int | None, int | None]:
    """`1024:4096`, `1024`, `unlimited`. Raises ValueError."""
    soft, colon, hard = text.replace(" ", "").partition(":")
    values: list[int | None] = []
    for word in (soft, hard if colon else soft):
        if word.lower() in ("unlimited", "infinity", "-1"):
            values.append(None)
        elif word.isdecimal():
            values.append(int(word))
        else:
            raise ValueError("numbers, or unlimited: 1024:4096")
    return values[0], values[1]
