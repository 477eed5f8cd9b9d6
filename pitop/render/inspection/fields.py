"""One process in full, as fields: its accounts, open files, threads and limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pitop.model.inspection import InspectionSnapshot, OpenFile, Thread
from pitop.model.tuning import Limit
from pitop.render.field import Field, Tone
from pitop.render.units import UNKNOWN, Unit

__all__ = ["FILE_FIELDS", "LIMIT_FIELDS", "OVERVIEW_FIELDS", "THREAD_FIELDS"]

R = TypeVar("R")
S = InspectionSnapshot
F = Field[InspectionSnapshot]


def _kilobytes(read: Callable[[S], int | None]) -> Callable[[S], str]:
    def show(row: S) -> str:
        value = read(row)
        return UNKNOWN if value is None else str(value // 1024)

    return show


def _whole(read: Callable[[S], int | None]) -> Callable[[S], str]:
    def show(row: S) -> str:
        value = read(row)
        return UNKNOWN if value is None else str(value)

    return show


def _hundredths(read: Callable[[S], float | None]) -> Callable[[S], str]:
    def show(row: S) -> str:
        value = read(row)
        return UNKNOWN if value is None else f"{value:.2f}"

    return show


def _count(key: str, title: str, read: Callable[[S], int | None], words: str) -> F:
    return F(key, title, 12, Unit.COUNT, read, words, show=_whole(read))


def _size(key: str, title: str, read: Callable[[S], int | None], words: str) -> F:
    return F(key, title, 12, Unit.BYTES, read, words, show=_kilobytes(read))


def _time(key: str, title: str, read: Callable[[S], float | None], words: str) -> F:
    return F(key, title, 12, Unit.SECONDS, read, words, show=_hundredths(read))


def _clock(row: S) -> str:
    whole = int(row.accounts.elapsed_seconds)
    if whole >= 86400:
        return f"{whole // 86400}d {whole // 3600 % 24:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{row.accounts.elapsed_seconds % 60:05.2f}"


OVERVIEW_FIELDS: tuple[F, ...] = (
    _time("user_seconds", "User time (seconds)", lambda r: r.accounts.user_seconds, "CPU time in its own code."),
    _time("system_seconds", "System time (seconds)", lambda r: r.accounts.system_seconds, "CPU time in the kernel."),
    F(
        "cpu_percent",
        "Percent of CPU now",
        12,
        Unit.PERCENT,
        lambda r: r.rates.cpu_percent,
        "Of one core, since the sample before.",
    ),
    F(
        "elapsed_seconds",
        "Elapsed (wall clock) time (h:mm:ss or m:ss)",
        12,
        Unit.SECONDS,
        lambda r: r.accounts.elapsed_seconds,
        "Since it was started.",
        show=_clock,
    ),
    _size("vsz_bytes", "Virtual size (kbytes)", lambda r: r.accounts.vsz_bytes, "Address space that it asked for."),
    _size(
        "max_rss_bytes",
        "Maximum resident set size (kbytes)",
        lambda r: r.accounts.max_rss_bytes,
        "The most memory that it held at a time.",
    ),
    _size("rss_bytes", "Resident set size now (kbytes)", lambda r: r.accounts.rss_bytes, "Memory that it holds now."),
    _size("swap_bytes", "Swapped out (kbytes)", lambda r: r.accounts.swap_bytes, "Its memory that lies in swap."),
    _count(
        "major_faults",
        "Major (requiring I/O) page faults",
        lambda r: r.accounts.major_faults,
        "Times that it waited for a page to be read from disk or swap.",
    ),
    _count(
        "minor_faults",
        "Minor (reclaiming a frame) page faults",
        lambda r: r.accounts.minor_faults,
        "Times that the kernel gave it a page without reading anything.",
    ),
    F(
        "minor_faults_per_second",
        "Minor faults per second",
        12,
        Unit.PER_SECOND,
        lambda r: r.rates.minor_faults_per_second,
        "Since the sample before.",
    ),
    F(
        "major_faults_per_second",
        "Major faults per second",
        12,
        Unit.PER_SECOND,
        lambda r: r.rates.major_faults_per_second,
        "Since the sample before.",
    ),
    _count(
        "voluntary_switches",
        "Voluntary context switches",
        lambda r: r.accounts.voluntary_switches,
        "Times that its first thread gave up the CPU to wait for something.",
    ),
    _count(
        "involuntary_switches",
        "Involuntary context switches",
        lambda r: r.accounts.involuntary_switches,
        "Times that the CPU was taken from its first thread.",
    ),
    _size("read_bytes", "Read from storage (kbytes)", lambda r: r.accounts.read_bytes, "What had to be fetched."),
    _size("written_bytes", "Written to storage (kbytes)", lambda r: r.accounts.written_bytes, "What it made dirty."),
    F(
        "read_bytes_per_second",
        "Read from storage per second",
        12,
        Unit.BYTES_PER_SECOND,
        lambda r: r.rates.read_bytes_per_second,
        "Since the sample before.",
    ),
    F(
        "written_bytes_per_second",
        "Written to storage per second",
        12,
        Unit.BYTES_PER_SECOND,
        lambda r: r.rates.written_bytes_per_second,
        "Since the sample before.",
    ),
    _count("read_calls", "Read calls", lambda r: r.accounts.read_calls, "read(2) and its like."),
    _count("write_calls", "Write calls", lambda r: r.accounts.write_calls, "write(2) and its like."),
    _time(
        "run_queue_seconds",
        "Waited for a CPU (seconds)",
        lambda r: r.delays.run_queue_seconds,
        "Time in which it could have run and other work had the CPUs.",
    ),
    F(
        "run_queue_percent",
        "Waiting for a CPU now (percent)",
        12,
        Unit.PERCENT,
        lambda r: r.rates.run_queue_percent,
        "Of one core's time, since the sample before; above 100 when several threads wait.",
    ),
    _time(
        "block_io_seconds",
        "Waited for storage (seconds)",
        lambda r: r.delays.block_io_seconds,
        "Time spent waiting for disks; kept with kernel.task_delayacct=1 only.",
    ),
    _time(
        "swap_in_seconds",
        "Waited for swap (seconds)",
        lambda r: r.delays.swap_in_seconds,
        "Time spent waiting for its memory to come back from swap.",
    ),
    _time(
        "reclaim_seconds",
        "Waited for free memory (seconds)",
        lambda r: r.delays.reclaim_seconds,
        "Time spent making room for its own requests.",
    ),
    _time(
        "children_seconds",
        "Children's CPU time (seconds)",
        lambda r: r.accounts.children_user_seconds + r.accounts.children_system_seconds,
        "Of children that ended and were waited for.",
    ),
    _count(
        "children_minor_faults",
        "Children's minor page faults",
        lambda r: r.accounts.children_minor_faults,
        "Of children that ended and were waited for.",
    ),
    _count(
        "children_major_faults",
        "Children's major page faults",
        lambda r: r.accounts.children_major_faults,
        "Of children that ended and were waited for.",
    ),
)

FILE_FIELDS: tuple[Field[OpenFile], ...] = (
    Field("fd", "FD", 4, Unit.NUMBER, lambda r: r.fd, "The descriptor's number."),
    Field("kind", "KIND", 9, Unit.TEXT, lambda r: r.kind, "What the descriptor stands for."),
    Field("access", "RW", 2, Unit.TEXT, lambda r: r.access, "Opened for reading (r), writing (w) or both."),
    Field("offset", "OFFSET", 10, Unit.NUMBER, lambda r: r.offset, "Where it reads or writes next, in bytes."),
    Field("flags", "FLAGS", 16, Unit.TEXT, lambda r: ",".join(r.flags), "As it was opened, in open(2)'s words."),
    Field("inode", "INODE", 9, Unit.NUMBER, lambda r: r.inode, "The file's number in its file system."),
    Field(
        "target",
        "TARGET",
        0,
        Unit.TEXT,
        lambda r: r.target,
        "The path, or the kernel's name for it; a socket's addresses.",
        show=lambda r: f"{r.target}  {r.detail}" if r.detail else r.target,
        tone=lambda r: Tone.WARN if r.deleted else Tone.PLAIN,
    ),
)

THREAD_FIELDS: tuple[Field[Thread], ...] = (
    Field("tid", "TID", 7, Unit.NUMBER, lambda r: r.tid, "The thread's number; the first has the process's."),
    Field("state", "S", 1, Unit.TEXT, lambda r: r.state, "What it is doing, as the process list writes it."),
    Field(
        "cpu_percent", "CPU%", 5, Unit.PERCENT, lambda r: r.cpu_percent, "Of one core, since the sample before.",
        tone=lambda r: Tone.FAINT if not r.cpu_percent else Tone.PLAIN,
    ),
    Field("cpu_seconds", "TIME+", 9, Unit.SECONDS, lambda r: r.cpu_seconds, "CPU time since it began."),
    Field(
        "run_queue_seconds", "WAITED", 9, Unit.SECONDS, lambda r: r.run_queue_seconds,
        "Time in which it could have run and other work had the CPUs.",
    ),
    Field("processor", "CPU", 3, Unit.NUMBER, lambda r: r.processor, "Where it ran last."),
    Field("nice", "NI", 3, Unit.NUMBER, lambda r: r.nice, "Its nice value."),
    Field("waiting_in", "WAITING IN", 24, Unit.TEXT, lambda r: r.waiting_in, "The kernel function that it sleeps in."),
    Field("name", "NAME", 0, Unit.TEXT, lambda r: r.name, "Its own name."),
)  # fmt: skip


def _limit(value: int | None) -> str:
    return "unlimited" if value is None else str(value)


LIMIT_FIELDS: tuple[Field[Limit], ...] = (
    Field("name", "LIMIT", 11, Unit.TEXT, lambda r: r.name, "The resource, in prlimit's words."),
    Field("soft", "SOFT", 12, Unit.COUNT, lambda r: r.soft, "What holds now.", show=lambda r: _limit(r.soft)),
    Field("hard", "HARD", 12, Unit.COUNT, lambda r: r.hard, "How far it may go.", show=lambda r: _limit(r.hard)),
    Field("unit", "UNIT", 9, Unit.TEXT, lambda r: r.unit, "What it counts."),
)
