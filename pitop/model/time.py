"""What a command used from start to end: the kernel's accounting of it, how it ended, and what was seen meanwhile."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.actions import Action, Outcome
from pitop.model.rates import percent
from pitop.model.snapshot import Snapshot

__all__ = ["Ending", "TimeCommand", "TimeOutcome", "TimeReport", "Usage", "Watched"]


class Usage(Struct, frozen=True, kw_only=True):
    """The rusage of an ended process and of those that it waited for, getrusage(2).

    `max_rss_bytes` is of the largest single process; None where only an upper bound is known. What Linux never
    fills (averages, swaps, messages) is 0, as the kernel says.
    """

    user_seconds: float
    system_seconds: float
    max_rss_bytes: int | None
    minor_faults: int
    major_faults: int
    swaps: int
    inputs: int
    outputs: int
    messages_sent: int
    messages_received: int
    signals: int
    voluntary_switches: int
    involuntary_switches: int


class Ending(Struct, frozen=True):
    """How a process ended: by an exit status, or by a signal (then the status is 0, as wait(2) has it)."""

    exit_status: int
    signal: int | None = None
    core_dumped: bool = False

    @classmethod
    def of(cls, status: int) -> Ending:
        """From a wait status, wait(2)."""
        if number := status & 0x7F:
            return cls(0, number, bool(status & 0x80))
        return cls(status >> 8 & 0xFF)

    @property
    def shell_status(self) -> int:
        """What a shell would call it: 128 + n for signal n."""
        return self.exit_status if self.signal is None else 128 + self.signal


class Watched(Struct, frozen=True, kw_only=True):
    """What looking at the command and its descendants while they ran has shown. None is what could not be seen.

    `run_queue_seconds` is how long they were ready to run and waited for a CPU, `peak_pss_bytes` the largest sum of
    their proportional sets seen, `processes` how many were started (the command itself not counted); `exact` says
    that none can have been missed.
    """

    run_queue_seconds: float | None = None
    peak_pss_bytes: int | None = None
    processes: int | None = None
    exact: bool = False


class TimeReport(Snapshot, frozen=True, kw_only=True):
    """A command, how it ended, and what it took. `elapsed_seconds` is by the wall clock."""

    command: tuple[str, ...]
    ending: Ending
    elapsed_seconds: float
    usage: Usage
    watched: Watched
    page_bytes: int

    @property
    def cpu_seconds(self) -> float:
        """User and system time."""
        return self.usage.user_seconds + self.usage.system_seconds

    @property
    def cpu_percent(self) -> float | None:
        """Of one core; None when no time has passed."""
        return percent(self.cpu_seconds, self.elapsed_seconds)

    @property
    def faults_per_second(self) -> float | None:
        """Minor and major faults by elapsed time."""
        faults = self.usage.minor_faults + self.usage.major_faults
        return faults / self.elapsed_seconds if self.elapsed_seconds > 0 else None


class TimeCommand(Action, frozen=True):
    """Run a line as the shell would, without input, to its end."""

    line: str


class TimeOutcome(Outcome, frozen=True):
    """The report's lines as title and value, and the last lines of what the command wrote."""

    report: tuple[tuple[str, str], ...] = ()
    output: tuple[str, ...] = ()
