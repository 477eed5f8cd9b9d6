"""The report of `pitop time`: GNU time's `-v` lines in its words and order, then what it lacks."""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.time import TimeReport
from pitop.render.field import Field
from pitop.render.units import UNKNOWN, Unit, Value

__all__ = ["EXTRA_FIELDS", "GNU_FIELDS", "report_lines"]

Read = Callable[[TimeReport], Value]


def _seconds(value: float) -> str:
    """Two decimals, cut and not rounded, as GNU time prints."""
    hundredths = int(value * 1_000_000 + 0.5) // 10_000
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _clock(value: float) -> str:
    """`m:ss.cc`, from an hour on `h:mm:ss`."""
    whole = int(value)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}.{int(value * 100 + 1e-6) % 100:02d}"


def _cpu(report: TimeReport) -> str:
    milliseconds = int(report.elapsed_seconds * 1000)
    return f"{int(report.cpu_seconds * 1000) * 100 // milliseconds}%" if milliseconds else "?%"


def _kilobytes(value: int | None) -> str:
    return UNKNOWN if value is None else str(value // 1024)


def _count(key: str, title: str, read: Callable[[TimeReport], int], words: str) -> Field[TimeReport]:
    return Field(key, title, 8, Unit.COUNT, read, words, show=lambda report: str(read(report)))


def _average(key: str, title: str) -> Field[TimeReport]:
    return _count(key, title, lambda report: 0, "Always 0: Linux does not keep this average.")


GNU_FIELDS: tuple[Field[TimeReport], ...] = (
    Field(
        "command",
        "Command being timed",
        0,
        Unit.TEXT,
        lambda report: " ".join(report.command),
        "The command and its arguments.",
        show=lambda report: f'"{" ".join(report.command)}"',
    ),
    Field(
        "user_seconds",
        "User time (seconds)",
        9,
        Unit.SECONDS,
        lambda report: report.usage.user_seconds,
        "CPU time in the program's own code, over all threads.",
        show=lambda report: _seconds(report.usage.user_seconds),
    ),
    Field(
        "system_seconds",
        "System time (seconds)",
        9,
        Unit.SECONDS,
        lambda report: report.usage.system_seconds,
        "CPU time in the kernel on the program's behalf: system calls, page faults.",
        show=lambda report: _seconds(report.usage.system_seconds),
    ),
    Field(
        "cpu_percent",
        "Percent of CPU this job got",
        6,
        Unit.PERCENT,
        lambda report: report.cpu_percent,
        "User and system time by elapsed time; above 100 % it ran on several CPUs at once.",
        show=_cpu,
    ),
    Field(
        "elapsed_seconds",
        "Elapsed (wall clock) time (h:mm:ss or m:ss)",
        9,
        Unit.SECONDS,
        lambda report: report.elapsed_seconds,
        "From start to end by the clock on the wall.",
        show=lambda report: _clock(report.elapsed_seconds),
    ),
    _average("average_shared_text_bytes", "Average shared text size (kbytes)"),
    _average("average_unshared_data_bytes", "Average unshared data size (kbytes)"),
    _average("average_stack_bytes", "Average stack size (kbytes)"),
    _average("average_total_bytes", "Average total size (kbytes)"),
    Field(
        "max_rss_bytes",
        "Maximum resident set size (kbytes)",
        8,
        Unit.BYTES,
        lambda report: report.usage.max_rss_bytes,
        "The most memory that any one of its processes held at a time, shared pages counted whole.",
        show=lambda report: _kilobytes(report.usage.max_rss_bytes),
    ),
    _average("average_rss_bytes", "Average resident set size (kbytes)"),
    _count(
        "major_faults",
        "Major (requiring I/O) page faults",
        lambda report: report.usage.major_faults,
        "Times that it waited for a page to be read from disk or swap.",
    ),
    _count(
        "minor_faults",
        "Minor (reclaiming a frame) page faults",
        lambda report: report.usage.minor_faults,
        "Times that the kernel gave it a page without reading anything: new memory, or a page cached already.",
    ),
    _count(
        "voluntary_switches",
        "Voluntary context switches",
        lambda report: report.usage.voluntary_switches,
        "Times that it gave up the CPU to wait for something.",
    ),
    _count(
        "involuntary_switches",
        "Involuntary context switches",
        lambda report: report.usage.involuntary_switches,
        "Times that the CPU was taken from it for others.",
    ),
    _count("swaps", "Swaps", lambda report: report.usage.swaps, "Always 0: Linux swaps pages, not processes."),
    _count(
        "file_system_inputs",
        "File system inputs",
        lambda report: report.usage.inputs,
        "Blocks of 512 bytes that had to be read from storage.",
    ),
    _count(
        "file_system_outputs",
        "File system outputs",
        lambda report: report.usage.outputs,
        "Blocks of 512 bytes that it gave the kernel to write to storage.",
    ),
    _count("socket_messages_sent", "Socket messages sent", lambda report: report.usage.messages_sent, "Always 0."),
    _count(
        "socket_messages_received",
        "Socket messages received",
        lambda report: report.usage.messages_received,
        "Always 0.",
    ),
    _count("signals_delivered", "Signals delivered", lambda report: report.usage.signals, "Always 0 on Linux."),
    _count("page_bytes", "Page size (bytes)", lambda report: report.page_bytes, "What one page fault maps."),
    _count(
        "exit_status",
        "Exit status",
        lambda report: report.ending.exit_status,
        "What the program returned; 0 when a signal ended it.",
    ),
)

EXTRA_FIELDS: tuple[Field[TimeReport], ...] = (
    Field(
        "run_queue_seconds",
        "Waiting for a CPU (seconds)",
        9,
        Unit.SECONDS,
        lambda report: report.watched.run_queue_seconds,
        "Time in which it could have run and other work had the CPUs: what a less busy machine would save.",
        show=lambda report: (
            UNKNOWN if report.watched.run_queue_seconds is None else _seconds(report.watched.run_queue_seconds)
        ),
    ),
    Field(
        "peak_pss_bytes",
        "Peak proportional set size seen (kbytes)",
        8,
        Unit.BYTES,
        lambda report: report.watched.peak_pss_bytes,
        "The most memory of all its processes together, shared pages divided among their users, as sampled.",
        show=lambda report: _kilobytes(report.watched.peak_pss_bytes),
    ),
    Field(
        "processes_started",
        "Processes started",
        6,
        Unit.COUNT,
        lambda report: report.watched.processes,
        "How many processes it and its descendants made.",
        show=lambda report: (
            UNKNOWN
            if report.watched.processes is None
            else f"{'' if report.watched.exact else 'at least '}{report.watched.processes}"
        ),
    ),
    Field(
        "faults_per_second",
        "Page faults per second",
        8,
        Unit.PER_SECOND,
        lambda report: report.faults_per_second,
        "Minor and major faults by elapsed time.",
        show=lambda report: UNKNOWN if report.faults_per_second is None else f"{report.faults_per_second:.0f}",
    ),
)


def report_lines(report: TimeReport) -> list[str]:
    """The lines on standard error: how it ended where that was not well, GNU time's lines, ours below."""
    lines = []
    if report.ending.signal is not None:
        lines.append(f"Command terminated by signal {report.ending.signal}")
    elif report.ending.exit_status:
        lines.append(f"Command exited with non-zero status {report.ending.exit_status}")
    lines += [f"\t{each.title}: {each.text(report)}" for each in (*GNU_FIELDS, *EXTRA_FIELDS)]
    return lines
