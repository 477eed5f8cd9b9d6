"""One process in full, as titled parts of lines that the command and the screen both show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from pitop.model.inspection import InspectionSnapshot
from pitop.model.snapshot import Missing
from pitop.model.tuning import cpu_list
from pitop.render.ending import ending_words
from pitop.render.field import Field, Tone
from pitop.render.inspection.fields import FILE_FIELDS, OVERVIEW_FIELDS, THREAD_FIELDS
from pitop.render.processes import state_words
from pitop.render.table import text_table
from pitop.render.text import visible
from pitop.render.units import Unit, Value, say

__all__ = ["Entry", "Part", "parts"]

R = TypeVar("R")
S = InspectionSnapshot


class Entry(NamedTuple):
    """One line: a label (empty where there is none) and its text, safe for a terminal."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN


class Part(NamedTuple):
    """A titled group of lines. A table is a part whose lines have no labels and whose first line is its title."""

    title: str
    entries: Sequence[Entry]
    table: bool = False


def _entry(label: str, value: Value, tone: Tone = Tone.PLAIN) -> Entry:
    return Entry(label, visible(value) if isinstance(value, str) else say(value, Unit.NUMBER), tone)


def _refused(missing: Iterable[Missing], what: str) -> list[Entry]:
    """What could not be read, said in its place."""
    return [Entry("", f"{each.what}: {each.why}. {each.advice}", Tone.WARN) for each in missing if each.what == what]


def parts(row: S) -> list[Part]:
    """Everything, in the order in which one asks."""
    return [
        Part("Overview", [Entry(each.title, each.text(row)) for each in OVERVIEW_FIELDS] + _delay_note(row)),
        Part("Program", _program(row)),
        Part("Files", _table(FILE_FIELDS, row.files, row.missing, "open files"), True),
        Part("Threads", _table(THREAD_FIELDS, row.threads, row.missing, "threads"), True),
        Part("Environment", _environment(row)),
        Part("Settings", _settings(row)),
        Part("Rights", _rights(row)),
        Part("Kernel", _kernel(row)),
    ]


def _delay_note(row: S) -> list[Entry]:
    return [
        *_refused(row.missing, "bytes read and written"),
        *_refused(row.missing, "waiting for I/O, swap and reclaim"),
    ]


def _program(row: S) -> list[Entry]:
    found = [_entry("Name", row.name), _entry("State", f"{row.state}  {state_words(row.state)}")]
    if row.ended_time is not None:
        found.append(Entry("Ended", f"{say(row.ended_time, Unit.MOMENT)}, {ending_words(row.ending)}", Tone.BAD))
    found.append(_entry("Started", say(row.start_time, Unit.MOMENT)))
    found.append(_entry("Command", " ".join(row.command) if row.command else f"[{row.name}]"))
    for place, word in enumerate(row.command[:64]):
        found.append(_entry(f"  argument {place}", word, Tone.FAINT))
    if row.executable is not None:
        note = ", replaced by another file since" if row.executable.replaced else ", deleted since"
        tone = Tone.WARN if row.executable.deleted else Tone.PLAIN
        found.append(_entry("Executable", row.executable.path + (note if row.executable.deleted else ""), tone))
    found += _refused(row.missing, "executable")
    if row.directory is not None:
        found.append(_entry("Working directory", row.directory))
    found += _refused(row.missing, "working directory")
    if row.root is not None:
        found.append(_entry("Root directory", row.root, Tone.PLAIN if row.root == "/" else Tone.WARN))
    found += _refused(row.missing, "root directory")
    line = " ← ".join(f"{each.name} ({each.pid})" for each in row.family)
    found.append(_entry("Started by", line or "nobody: it is the first"))
    identity = row.identity
    found.append(_entry("User", identity.user))
    found.append(_entry("Uids", " ".join(map(str, identity.uids)) + "  (real, effective, saved, file system)"))
    found.append(_entry("Gids", " ".join(map(str, identity.gids))))
    found.append(_entry("Groups", " ".join(identity.groups) or "none"))
    found.append(_entry("Process group", identity.pgrp))
    found.append(_entry("Session", identity.session))
    found.append(_entry("Terminal", identity.tty))
    if identity.inner_pids:
        found.append(_entry("Pid in its namespaces", " ".join(map(str, identity.inner_pids))))
    if identity.tracer_pid:
        found.append(_entry("Traced by", identity.tracer_pid, Tone.WARN))
    return found


def _table(fields: Sequence[Field[R]], rows: Sequence[R] | None, missing: Iterable[Missing], what: str) -> list[Entry]:
    if rows is None:
        return _refused(missing, what)
    lines = text_table(fields, rows)
    return [Entry("", lines[0], Tone.FAINT), *(Entry("", line) for line in lines[1:])]


def _environment(row: S) -> list[Entry]:
    if row.environment is None:
        return _refused(row.missing, "environment")
    return [_entry(each.name, each.value, Tone.FAINT if each.hidden else Tone.PLAIN) for each in row.environment] or [
        Entry("", "empty", Tone.FAINT)
    ]


def _settings(row: S) -> list[Entry]:
    settings = row.settings
    cpus = settings.cpus
    found = [
        _entry("Nice", settings.nice),
        _entry("Priority", settings.priority),
        _entry("I/O priority", settings.io.words if settings.io is not None else None),
        _entry("Scheduler", settings.scheduler.words if settings.scheduler is not None else None),
        _entry("May run on CPUs", cpu_list(cpus) if cpus is not None else None),
        _entry("OOM score", settings.oom_score),
        _entry("OOM adjustment", settings.oom_score_adj),
    ]
    limits = [_entry(f"Limit {each.name}", f"{each.words} {each.unit}".rstrip()) for each in settings.limits or ()]
    return found + limits + _refused(row.missing, "limits")


def _rights(row: S) -> list[Entry]:
    def names(label: str, values: tuple[str, ...]) -> Entry:
        return _entry(label, " ".join(values) or "none", Tone.PLAIN if values else Tone.FAINT)

    caps, masks = row.capabilities, row.signals
    found = [
        names("Capabilities, effective", caps.effective),
        names("Capabilities, permitted", caps.permitted),
        names("Capabilities, inheritable", caps.inheritable),
        names("Capabilities, bounding", caps.bounding),
        names("Capabilities, ambient", caps.ambient),
        _entry("No new privileges", say(row.identity.no_new_privileges, Unit.FLAG)),
        _entry("Seccomp", row.identity.seccomp),
        names("Signals pending, thread", masks.pending),
        names("Signals pending, process", masks.shared_pending),
        names("Signals blocked", masks.blocked),
        names("Signals ignored", masks.ignored),
        names("Signals handled", masks.caught),
    ]
    for each in row.namespaces or ():
        ours = "" if each.ours is None else "  (pitop's own)" if each.ours else "  (another than pitop's)"
        tone = Tone.WARN if each.ours is False else Tone.PLAIN
        found.append(_entry(f"Namespace {each.kind}", f"{each.inode}{ours}", tone))
    return found + _refused(row.missing, "namespaces")


def _kernel(row: S) -> list[Entry]:
    found = [_entry("Waiting in", row.waiting_in)]
    place = row.belonging
    if place is not None:
        found.append(_entry("Control group", place.path))
        if place.container is not None:
            found.append(_entry("Container", f"{place.container.engine} {place.container.name}", Tone.ACCENT))
        found.append(_entry("Systemd unit", place.unit, Tone.ACCENT if place.unit else Tone.PLAIN))
        if place.user_unit is not None:
            found.append(_entry("Unit of the user's systemd", place.user_unit, Tone.ACCENT))
        if place.slice is not None:
            found.append(_entry("Slice", place.slice))
    for number, line in enumerate(row.kernel_stack or ()):
        found.append(_entry("Kernel stack" if number == 0 else "", line))
    return found + _refused(row.missing, "kernel stack")
