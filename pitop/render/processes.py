"""The fields of a process, in the order in which they are shown."""

from __future__ import annotations

from pitop.model.processes import Process
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["COLUMNS", "FIELDS", "FLAGS", "STATES", "state_words"]

STATES = {
    "R": "running, or ready to run",
    "S": "sleeping: waits for something, a signal would wake it",
    "D": "uninterruptible sleep: waits for a disk or a driver, no signal reaches it, not even KILL",
    "Z": "zombie: it has ended, holds no memory, and waits for its parent to ask how it ended (wait(2)); "
    "it cannot be killed, only its parent can free it",
    "T": "stopped by a signal; CONT lets it go on",
    "t": "stopped by a debugger",
    "I": "idle kernel thread",
    "X": "dead: about to vanish",
    "P": "parked kernel thread",
    "W": "waking",
}


def state_words(state: str) -> str:
    """What a state letter means, in words."""
    return STATES.get(state, "a state that this program does not know")


def _state_tone(row: Process) -> Tone:
    match row.state:
        case "R":
            return Tone.GOOD
        case "D":
            return Tone.BAD
        case "Z":
            return Tone.BAD
        case "T" | "t":
            return Tone.WARN
        case _:
            return Tone.FAINT


def _cpu_tone(row: Process) -> Tone:
    value = row.cpu_percent
    if not value or value < 0.05:
        return Tone.FAINT
    return Tone.PLAIN if value < 20 else Tone.WARN if value < 80 else Tone.BAD


def _nonzero(value: float | None) -> Tone:
    return Tone.PLAIN if value else Tone.FAINT


def _rate_tone(value: float | None) -> Tone:
    return Tone.PLAIN if value and value >= 0.05 else Tone.FAINT


def _memory_tone(row: Process) -> Tone:
    value = row.memory_percent or 0
    return Tone.FAINT if value < 0.05 else Tone.PLAIN if value < 20 else Tone.WARN if value < 50 else Tone.BAD


def _user_tone(row: Process) -> Tone:
    return Tone.FAINT if row.uid == 0 else Tone.PLAIN


def _command_tone(row: Process) -> Tone:
    return Tone.FAINT if row.kernel else Tone.BAD if row.state == "Z" else Tone.PLAIN


F = Field[Process]

FIELDS: tuple[Field[Process], ...] = (
    F(
        "pid",
        "PID",
        7,
        Unit.NUMBER,
        lambda row: row.pid,
        "The process id. The kernel gives it to another process after this one has ended.",
    ),
    F(
        "ppid",
        "PPID",
        7,
        Unit.NUMBER,
        lambda row: row.ppid,
        "The parent: who started it, or who took it in when its parent ended (mostly pid 1).",
        ("parent",),
    ),
    F("user", "USER", 9, Unit.TEXT, lambda row: row.user, "Whose rights it has: the effective user.", tone=_user_tone),
    F("uid", "UID", 6, Unit.NUMBER, lambda row: row.uid, "The effective user's number."),
    F(
        "priority",
        "PRI",
        3,
        Unit.NUMBER,
        lambda row: row.priority,
        "The kernel's own priority: 20 + nice for ordinary processes, negative for real-time ones.",
        ("pri",),
        tone=lambda row: Tone.FAINT,
    ),
    F(
        "nice",
        "NI",
        3,
        Unit.NUMBER,
        lambda row: row.nice,
        "Nice value: from −20 (served first) to 19 (gives way). Each step is about 10 % of a core's share.",
        ("ni",),
        tone=lambda row: _nonzero(row.nice),
    ),
    F(
        "vsz_bytes",
        "VIRT",
        5,
        Unit.BYTES,
        lambda row: row.vsz_bytes,
        "Virtual size: all address space that it asked for. Most of it may never have been touched.",
        ("vsz", "virt"),
        falling=True,
        tone=lambda row: Tone.FAINT,
    ),
    F(
        "rss_bytes",
        "RES",
        5,
        Unit.BYTES,
        lambda row: row.rss_bytes,
        "Resident size: pages in memory now. Pages shared with others are counted in each of them.",
        ("rss", "res"),
        falling=True,
        tone=lambda row: _nonzero(row.rss_bytes),
    ),
    F(
        "shared_bytes",
        "SHR",
        5,
        Unit.BYTES,
        lambda row: row.shared_bytes,
        "The part of the resident size that comes from files or shared memory, and that others may use too.",
        ("shr", "shared"),
        falling=True,
        tone=lambda row: Tone.FAINT,
    ),
    F(
        "state",
        "S",
        1,
        Unit.TEXT,
        lambda row: row.state,
        "State: R running, S sleeping, D waits for a device and cannot be killed, Z zombie, T stopped, I idle.",
        tone=_state_tone,
    ),
    F(
        "stat",
        "STAT",
        5,
        Unit.TEXT,
        lambda row: row.stat,
        "State as ps writes it: < nice below 0, N above, L locked "
        "pages, s session leader, l multi-threaded, + in the terminal's foreground.",
        tone=_state_tone,
    ),
    F(
        "cpu_percent",
        "CPU%",
        5,
        Unit.PERCENT,
        lambda row: row.cpu_percent,
        "Processor time since the last sample, in percent of one core: above 100 it uses several.",
        ("cpu",),
        falling=True,
        tone=_cpu_tone,
    ),
    F(
        "memory_percent",
        "MEM%",
        4,
        Unit.PERCENT,
        lambda row: row.memory_percent,
        "Resident size in percent of the machine's memory.",
        ("mem", "memory"),
        falling=True,
        tone=_memory_tone,
    ),
    F(
        "minor_faults_per_second",
        "MINF/s",
        6,
        Unit.PER_SECOND,
        lambda row: row.minor_faults_per_second,
        "Minor page faults a second: it touched a page that memory held or that was made fresh. Cheap: about 1 µs.",
        ("minf",),
        falling=True,
        tone=lambda row: _rate_tone(row.minor_faults_per_second),
    ),
    F(
        "major_faults_per_second",
        "MAJF/s",
        6,
        Unit.PER_SECOND,
        lambda row: row.major_faults_per_second,
        "Major page faults a second: it touched a page that had to come from disk or swap, and waited for it.",
        ("majf",),
        falling=True,
        tone=lambda row: Tone.WARN if row.major_faults_per_second else Tone.FAINT,
    ),
    F(
        "minor_faults",
        "MINFLT",
        6,
        Unit.COUNT,
        lambda row: row.minor_faults,
        "Minor page faults since it started: served from memory, without a disk.",
        falling=True,
        tone=lambda row: Tone.FAINT,
    ),
    F(
        "major_faults",
        "MAJFLT",
        6,
        Unit.COUNT,
        lambda row: row.major_faults,
        "Major page faults since it started: each waited for a disk or for swap.",
        falling=True,
        tone=lambda row: _nonzero(row.major_faults),
    ),
    F(
        "cpu_seconds",
        "TIME",
        8,
        Unit.SECONDS,
        lambda row: row.cpu_seconds,
        "Processor time used since it started, of all its threads.",
        ("time",),
        falling=True,
        tone=lambda row: Tone.PLAIN if row.cpu_seconds >= 60 else Tone.FAINT,
    ),
    F(
        "threads",
        "THR",
        3,
        Unit.NUMBER,
        lambda row: row.threads,
        "Threads: flows of control that share its memory.",
        ("nlwp", "thr"),
        falling=True,
        tone=lambda row: Tone.PLAIN if row.threads > 1 else Tone.FAINT,
    ),
    F(
        "tty",
        "TTY",
        7,
        Unit.TEXT,
        lambda row: row.tty,
        "Its controlling terminal; ? for none.",
        tone=lambda row: Tone.FAINT,
    ),
    F(
        "start_time",
        "START",
        8,
        Unit.MOMENT,
        lambda row: row.start_time,
        "When it was started. Together with the pid this is the process's identity.",
        ("start",),
        falling=True,
        tone=lambda row: Tone.FAINT,
    ),
    F("pgrp", "PGRP", 7, Unit.NUMBER, lambda row: row.pgrp, "Process group: the jobs of one pipeline."),
    F("session", "SESS", 7, Unit.NUMBER, lambda row: row.session, "Session: what one login started.", ("sess",)),
    F("processor", "CPU", 3, Unit.NUMBER, lambda row: row.processor, "The core it last ran on.", ("core",)),
    F(
        "name",
        "NAME",
        15,
        Unit.TEXT,
        lambda row: row.name,
        "The program's name in the kernel, 15 bytes at most.",
        ("comm",),
    ),
    F(
        "command",
        "COMMAND",
        0,
        Unit.TEXT,
        lambda row: row.command,
        "The command line. [brackets] mark what has none: kernel threads and zombies.",
        ("cmd", "args"),
        tone=_command_tone,
    ),
)
"""Every field, in JSON's order."""

FLAGS: tuple[Field[Process], ...] = (
    F("kernel", "KERNEL", 1, Unit.FLAG, lambda row: row.kernel, "A thread of the kernel itself."),
    F("zombie", "ZOMBIE", 1, Unit.FLAG, lambda row: row.state == "Z", "It has ended and nobody has asked how."),
)
"""What a filter may ask besides."""

COLUMNS = (
    "pid", "user", "nice", "vsz_bytes", "rss_bytes", "shared_bytes", "state", "cpu_percent", "memory_percent",
    "minor_faults_per_second", "major_faults_per_second", "cpu_seconds", "threads", "command",
)  # fmt: skip
"""The columns shown at first."""
