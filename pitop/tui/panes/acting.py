"""What can be done to the processes of a table: signals, priorities, CPUs, scheduler, limits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import BindingType

from pitop.collect.topics import PROCESSES
from pitop.model.actions import Action, Outcome
from pitop.model.processes import Process, Reread
from pitop.model.target import Target
from pitop.model.tree import descendants
from pitop.tui.keys import key
from pitop.tui.tablepane import TablePane

if TYPE_CHECKING:
    from pitop.model.tuning import TuningAction
    from pitop.tui.widgets.prompt import Answer

__all__ = ["ActingPane"]

T = TypeVar("T")

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
        key("processes.nicer", "f8", "nice(1)", "Nicer", "Raise the nice value by one"),
        key("processes.sooner", "f7", "nice(-1)", "Sooner", "Lower the nice value by one"),
        key("processes.io", "i", "io_priority", "I/O priority", "Choose how soon its reads and writes are served"),
        key("processes.affinity", "a", "affinity", "CPUs", "Choose the CPUs that it may run on"),
        key("processes.scheduler", "Y", "scheduler", "Scheduler", "Choose by which policy it is scheduled"),
        key("processes.oom", "O", "oom", "OOM adjustment", "How willingly the kernel ends it when memory is short"),
        key("processes.limit", "L", "limit", "Limits", "Change one of its resource limits"),
    ]

    @abstractmethod
    def family(self) -> Sequence[Process]:
        """Every living process, whether it is shown or not."""

    def folded(self, row: Process) -> bool:
        """Whether what is under the row is folded away."""
        return False

    def acted(self, action: Action, outcome: Outcome) -> None:
        """Show what has changed though the process sleeps."""
        targets = (*getattr(action, "targets", ()), getattr(action, "target", None))
        pids = tuple(each.pid for each in targets if isinstance(each, Target))
        for feed in self.feeds:
            if feed.topic is PROCESSES and pids:
                feed.ask(Reread(pids))

    def targets(self) -> list[Process]:
        """The tagged rows, or the selected one; those that ended are left out."""
        if self.table.tags:
            rows = list(self.table.tags.values())
        else:
            row = self.table.pin()
            rows = [] if row is None else [row]
        return [row for row in rows if row.ended_time is None]

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
            ended = bool(self.table.rows)
            self.app.notify(
                "It has ended: nothing was sent." if ended else "No process is selected.", severity="warning"
            )
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
        from pitop.model.tuning import ShiftNice

        self._tune(self.targets(), lambda target: ShiftNice(target, by))

    def action_io_priority(self) -> None:
        """Choose class and level."""
        from pitop.model.tuning import IoClass, SetIoPriority

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
        from pitop.model.tuning import SetScheduler

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
        from pitop.model.tuning import SetAffinity, parse_cpu_list

        if not (rows := self.targets()):
            return

        def parse(text: str) -> tuple[int, ...]:
            return parse_cpu_list(text)

        self.ask_value(
            f"CPUs of {_whom(rows)}, such as 0-3,8",
            parse,
            lambda cpus: self._tune(rows, lambda target: SetAffinity(target, cpus)),
        )

    def action_oom(self) -> None:
        """Type an adjustment."""
        from pitop.model.tuning import SetOomScoreAdj

        if not (rows := self.targets()):
            return
        self._ask_number(
            f"OOM adjustment of {_whom(rows)}, −1000 (never) to 1000 (first)",
            (-1000, 1000),
            lambda value: self._tune(rows, lambda target: SetOomScoreAdj(target, value)),
        )

    def action_limit(self) -> None:
        """Choose a resource, then type its limit."""
        from pitop.model.tuning import LIMITS, SetLimit

        if not (rows := self.targets()):
            return
        from pitop.tui.widgets.choice import Choice, Item

        items = [
            Item(each.name, each.name, each.label if each.label.endswith(each.unit) else f"{each.label}, {each.unit}")
            for each in LIMITS
        ]

        def chosen(answer: Hashable) -> None:
            if isinstance(answer, str):
                name = answer
                self.ask_value(
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

        self.ask_value(label, parse, then)

    def ask_value(self, label: str, parse: Callable[[str], T], then: Callable[[T], None]) -> None:
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

        self.ask_line(label, "", changed, done)


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
