"""What one process was given: priorities, CPUs, scheduler, OOM score, limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pitop.kernel import tuning
from pitop.kernel.inspection.folder import ProcessFolder, Refused
from pitop.kernel.inspection.gaps import OWN, Gaps
from pitop.model.inspection import Settings
from pitop.model.tuning import LIMITS, Limit

__all__ = ["read_settings"]

T = TypeVar("T")


def read_settings(folder: ProcessFolder, stat: list[bytes], gaps: Gaps, real: bool) -> Settings:
    pid = folder.key[0]
    limits = gaps.asked("limits", OWN, lambda: _limits(folder.read("limits") or b""))
    return Settings(
        nice=int(stat[16]),
        priority=int(stat[15]),
        io=_quiet(lambda: tuning.io_priority(pid)) if real else None,
        scheduler=_quiet(lambda: tuning.scheduler(pid)) if real else None,
        cpus=_quiet(lambda: tuning.affinity(pid)) if real else None,
        oom_score=_number(folder, "oom_score"),
        oom_score_adj=_number(folder, "oom_score_adj"),
        limits=limits or None,
    )


def _quiet(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (OSError, NotImplementedError):
        return None


def _number(folder: ProcessFolder, path: str) -> int | None:
    try:
        data = folder.read(path)
    except Refused:
        return None
    return int(data) if data else None


def _limits(data: bytes) -> tuple[Limit, ...]:
    """The table of proc_pid_limits(5), by the label at the start of each line."""
    found = []
    for line in data.decode("ascii", "replace").splitlines()[1:]:
        known = next((each for each in LIMITS if line.startswith(each.label + " ")), None)
        if known is None:
            continue
        soft, hard = line[len(known.label) :].split()[:2]
        values = [None if each == "unlimited" else int(each) for each in (soft, hard)]
        found.append(Limit(known.name, values[0], values[1], known.unit))
    return tuple(found)
