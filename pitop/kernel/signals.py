"""Sending signals so that no other process can be hit, and watching what they do."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence

from pitop.kernel.identity import HeldProcess
from pitop.model.signals import SIGNALS, Answer, Effect, Reply, signals_in_mask
from pitop.model.target import Target

__all__ = ["send_signal"]

_EFFECTS = {each.number: (each.name, each.effect) for each in SIGNALS}
_LOOK_EVERY = 0.005  # seconds between looks at a state that no descriptor tells of


def send_signal(targets: Sequence[Target], number: int, watch_seconds: float = 0.5, root: str = "/proc") -> list[Reply]:
    """Send `number` to every target by its pidfd (pidfd_send_signal(2)) and tell what came of it, in their order.

    A target that has ended, or whose pid belongs to another process by now, gets nothing. All are signalled before
    any is watched; together they are watched for `watch_seconds`. Raises OSError on kernels without pidfd (before 5.3).
    """
    replies: dict[int, Reply] = {}
    held: dict[int, tuple[HeldProcess, float]] = {}
    try:
        for place, target in enumerate(targets):
            if target.pid == os.getpid():
                replies[place] = Reply(target, Answer.REFUSED, words="this is pitop itself")
                continue
            process = None
            try:
                process = HeldProcess(target.key, root)
                replies[place] = _sent(process, target, number)
            except ProcessLookupError:
                replies[place] = Reply(target, Answer.GONE)
            except PermissionError as error:
                replies[place] = Reply(target, Answer.NOT_PERMITTED, words=os.strerror(error.errno or 0))
            if process is not None:
                if replies[place].answer is Answer.SENT:
                    held[place] = (process, time.monotonic())
                else:
                    process.close()
        _watch(held, replies, number, watch_seconds)
    finally:
        for process, _ in held.values():
            process.close()
    return [replies[place] for place in range(len(targets))]


def _sent(process: HeldProcess, target: Target, number: int) -> Reply:
    fields = process.stat()
    if fields[0] in (b"Z", b"X") and process.ended():
        return Reply(target, Answer.ZOMBIE, words=f"parent {int(fields[1])}")
    signal.pidfd_send_signal(process.pidfd, number)
    return Reply(target, Answer.SENT)


def _watch(held: dict[int, tuple[HeldProcess, float]], replies: dict[int, Reply], number: int, seconds: float) -> None:
    """Fill in what the signal did, until everything has happened or the time is over."""
    effect = _EFFECTS.get(number, ("", Effect.TERMINATE))[1]
    if number == 0 or effect is Effect.IGNORE or seconds <= 0:
        return
    waiting = dict(held)
    poll = select.poll()
    by_descriptor = {process.pidfd: place for place, (process, _) in held.items()}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    # Stops and continuations make no descriptor readable: look now and then.
    turn = seconds if effect in (Effect.TERMINATE, Effect.CORE) else _LOOK_EVERY
    while waiting and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(min(left, turn) * 1000):
            poll.unregister(descriptor)
            place = by_descriptor[descriptor]
            if waiting.pop(place, None) is not None:
                replies[place] = Reply(replies[place].target, Answer.ENDED, _ms_since(held[place][1]))
        if turn is not seconds:
            for place in [place for place, (process, _) in waiting.items() if _has_taken(process, effect)]:
                answer = Answer.STOPPED if effect is Effect.STOP else Answer.CONTINUED
                replies[place] = Reply(replies[place].target, answer, _ms_since(waiting.pop(place)[1]))
    for place, (process, _) in waiting.items():
        replies[place] = Reply(replies[place].target, Answer.STILL_THERE, words=_why(process, number))


def _ms_since(moment: float) -> float:
    return (time.monotonic() - moment) * 1000


def _has_taken(process: HeldProcess, effect: Effect) -> bool:
    try:
        stopped = process.state() in "Tt"
    except OSError:
        return False  # ended: the pidfd tells
    return stopped if effect is Effect.STOP else not stopped


def _why(process: HeldProcess, number: int) -> str:
    """Why a process lives on, as far as its signal masks tell (proc_pid_status(5))."""
    name = _EFFECTS.get(number, (str(number), Effect.TERMINATE))[0]
    try:
        lines = process.read("status").splitlines()
        masks = {line[:7]: int(line[7:], 16) for line in lines if line[:7] in (b"SigBlk:", b"SigIgn:", b"SigCgt:")}
        if process.state() == "D":
            return "in uninterruptible sleep, takes signals when that is over"
    except (OSError, ValueError):
        return ""
    for label, words in ((b"SigIgn:", "ignores"), (b"SigBlk:", "blocks"), (b"SigCgt:", "has a handler for")):
        if name in signals_in_mask(masks.get(label, 0)):
            return f"it {words} {name}"
    return "pid 1 of its namespace takes only signals that it handles" if _is_init(lines) else ""


def _is_init(lines: Sequence[bytes]) -> bool:
    return any(line.startswith(b"NSpid:") and line.split()[-1] == b"1" for line in lines)
