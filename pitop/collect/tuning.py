"""Performs the tuning actions: the value before, the change, the value after as the kernel has it."""

from __future__ import annotations

from collections.abc import Callable

from pitop.kernel import tuning as kernel
from pitop.kernel.identity import HeldProcess
from pitop.model.tuning import (
    IoPriority,
    SetAffinity,
    SetIoPriority,
    SetLimit,
    SetNice,
    SetOomScoreAdj,
    SetScheduler,
    ShiftNice,
    TuningAction,
    TuningOutcome,
    cpu_list,
    kernel_words,
    refusal,
)

__all__ = ["perform"]


def perform(action: TuningAction) -> TuningOutcome:
    """Change it, and say what it was and is, or in the kernel's words why not and what right is needed."""
    target = action.target
    who = f"{target.name} ({target.pid})"
    what, read, change = _parts(action)
    before = None
    try:
        with HeldProcess(target.key) as held:
            before = read(held)
            threads = change(held)
            after = read(held)
    except ProcessLookupError:
        return TuningOutcome(False, f"{who}: it has ended, nothing was changed.", before=before)
    except (ValueError, NotImplementedError) as error:
        return TuningOutcome(False, f"{who}: {error}", before=before)
    except OSError as error:
        message = f"{who}: {what} stays {before or 'as it is'}: {kernel_words(error)}"
        return TuningOutcome(False, message, refusal(action, error), before)
    many = f" ({threads} threads)" if threads is not None and threads > 1 else ""
    return TuningOutcome(True, f"{who}: {what} {before} → {after}{many}", before=before, after=after)


def _parts(
    action: TuningAction,
) -> tuple[str, Callable[[HeldProcess], str], Callable[[HeldProcess], int | None]]:
    """What is changed in words, how to read it, and how to change it (how many threads, or None)."""
    match action:
        case SetNice():
            return "nice", lambda held: str(kernel.nice(held)), lambda held: kernel.set_nice(held, action.nice)
        case ShiftNice():
            return (
                "nice",
                lambda held: str(kernel.nice(held)),
                lambda held: kernel.set_nice(held, max(-20, min(19, kernel.nice(held) + action.by))),
            )
        case SetIoPriority():
            wanted = IoPriority(action.io_class, action.level)
            return (
                "I/O priority",
                lambda held: kernel.io_priority(held.pid).words,
                lambda held: kernel.set_io_priority(held, wanted),
            )
        case SetAffinity():
            return (
                "CPUs",
                lambda held: cpu_list(kernel.affinity(held.pid)),
                lambda held: kernel.set_affinity(held, action.cpus),
            )
        case SetScheduler():
            return (
                "scheduler",
                lambda held: kernel.scheduler(held.pid).words,
                lambda held: kernel.set_scheduler(held, action.policy, action.priority),
            )
        case SetOomScoreAdj():
            return (
                "oom_score_adj",
                lambda held: str(kernel.oom_score_adj(held)),
                lambda held: kernel.set_oom_score_adj(held, action.value),
            )
        case SetLimit():
            return (
                f"limit {action.name}",
                lambda held: kernel.limit(held.pid, action.name).words,
                lambda held: kernel.set_limit(held, action.name, action.soft, action.hard),
            )
