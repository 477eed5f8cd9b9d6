"""Signals: their numbers, names and meanings, the request to send one, and what came of it."""

from __future__ import annotations

import enum
import signal
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from pitop.model.actions import Action, Outcome
from pitop.model.target import Target

__all__ = [
    "SIGNALS",
    "Answer",
    "Effect",
    "Reply",
    "SendSignal",
    "Signal",
    "SignalOutcome",
    "ancestors",
    "cautions",
    "signal_named",
    "signals_in_mask",
    "signals_matching",
]


class Effect(enum.Enum):
    """What a signal does to a process that has made no arrangements, signal(7)."""

    TERMINATE = "ends the process"
    CORE = "ends the process with a core dump"
    IGNORE = "is ignored"
    STOP = "stops the process"
    CONTINUE = "continues a stopped process"


class Signal(Struct, frozen=True):
    """One signal of this machine: numbers differ between architectures."""

    number: int
    name: str
    words: str
    effect: Effect


_WORDS: dict[str, tuple[str, Effect]] = {
    "HUP": ("terminal closed; many daemons read their configuration again", Effect.TERMINATE),
    "INT": ("interrupt from the keyboard, Ctrl-C", Effect.TERMINATE),
    "QUIT": ("quit from the keyboard, Ctrl-\\", Effect.CORE),
    "ILL": ("illegal instruction", Effect.CORE),
    "TRAP": ("trace or breakpoint trap", Effect.CORE),
    "ABRT": ("abort(3)", Effect.CORE),
    "BUS": ("bus error: bad memory access", Effect.CORE),
    "FPE": ("arithmetic error", Effect.CORE),
    "KILL": ("ends at once; cannot be caught, nothing is saved", Effect.TERMINATE),
    "USR1": ("for the program's own use", Effect.TERMINATE),
    "SEGV": ("invalid memory reference", Effect.CORE),
    "USR2": ("for the program's own use", Effect.TERMINATE),
    "PIPE": ("write to a pipe that nobody reads", Effect.TERMINATE),
    "ALRM": ("timer of alarm(2)", Effect.TERMINATE),
    "TERM": ("please end: the program may save and clean up", Effect.TERMINATE),
    "STKFLT": ("stack fault on a coprocessor, unused", Effect.TERMINATE),
    "CHLD": ("a child stopped or ended", Effect.IGNORE),
    "CONT": ("continue if stopped", Effect.CONTINUE),
    "STOP": ("stop; cannot be caught", Effect.STOP),
    "TSTP": ("stop from the keyboard, Ctrl-Z", Effect.STOP),
    "TTIN": ("background process reads its terminal", Effect.STOP),
    "TTOU": ("background process writes to its terminal", Effect.STOP),
    "URG": ("urgent condition on a socket", Effect.IGNORE),
    "XCPU": ("CPU time limit exceeded", Effect.CORE),
    "XFSZ": ("file size limit exceeded", Effect.CORE),
    "VTALRM": ("virtual timer", Effect.TERMINATE),
    "PROF": ("profiling timer", Effect.TERMINATE),
    "WINCH": ("window size changed", Effect.IGNORE),
    "IO": ("I/O now possible", Effect.TERMINATE),
    "PWR": ("power failure", Effect.TERMINATE),
    "SYS": ("bad system call", Effect.CORE),
}

_NAMED = 6  # answers of several targets that are told one by one
_ALIASES = {"IOT": "ABRT", "POLL": "IO", "CLD": "CHLD", "UNUSED": "SYS", "LOST": "PWR"}


def _table() -> tuple[Signal, ...]:
    """Every signal by number, with real-time signals as `RTMIN+n`."""
    known = signal.Signals.__members__
    found = {
        int(known[f"SIG{name}"]): Signal(int(known[f"SIG{name}"]), name, words, effect)
        for name, (words, effect) in _WORDS.items()
        if f"SIG{name}" in known
    }
    for number in range(signal.SIGRTMIN, signal.SIGRTMAX + 1):
        above = number - signal.SIGRTMIN
        name = f"RTMIN+{above}" if above else "RTMIN"
        found[number] = Signal(number, name, "real-time signal, for the program's own use", Effect.TERMINATE)
    return tuple(found[number] for number in sorted(found))


SIGNALS = _table()
_BY_NUMBER = {each.number: each for each in SIGNALS}
_BY_NAME = {each.name: each for each in SIGNALS}


def signal_named(text: str) -> Signal | None:
    """The signal that `text` names: `15`, `TERM`, `sigterm`, `RTMIN+3`, `RTMAX-2`; None for none."""
    word = text.strip().upper().removeprefix("SIG")
    if word.isdecimal() and word.isascii():
        return _BY_NUMBER.get(int(word)) if len(word) < 4 else None
    if word.startswith("RTMAX"):
        below = word[5:].removeprefix("-") or "0"
        return _BY_NUMBER.get(signal.SIGRTMAX - int(below)) if below.isdecimal() and len(below) < 3 else None
    return _BY_NAME.get(_ALIASES.get(word, word))


def signals_matching(text: str) -> tuple[Signal, ...]:
    """The signals for a menu: TERM first, then by number; those whose number, name or meaning holds `text`.

    An exact number or name stands first.
    """
    word = text.strip().lower().removeprefix("sig")
    exact = signal_named(word) if word else None
    term = _BY_NAME["TERM"]
    ordered = (term, *(each for each in SIGNALS if each is not term))
    if not word:
        return ordered
    digits = word.isdecimal()
    found = [
        each
        for each in ordered
        if (str(each.number).startswith(word) if digits else word in each.name.lower() or word in each.words.lower())
    ]
    found.sort(key=lambda each: (each is not exact, not each.name.lower().startswith(word)))
    return tuple(found)


def signals_in_mask(mask: int) -> tuple[str, ...]:
    """The names of the signals in a mask of proc_pid_status(5): bit n - 1 stands for signal n."""
    return tuple(
        _BY_NUMBER[number].name if number in _BY_NUMBER else str(number)
        for number in range(1, mask.bit_length() + 1)
        if mask >> (number - 1) & 1
    )


class SendSignal(Action, frozen=True):
    """Send signal `number` to each target that is still the process it was."""

    targets: tuple[Target, ...]
    number: int


class Answer(enum.Enum):
    """What came of sending a signal to one process."""

    SENT = "sent"
    ENDED = "ended"
    STOPPED = "stopped"
    CONTINUED = "continued"
    STILL_THERE = "still there"
    ZOMBIE = "it has ended, its parent has not taken notice"
    NOT_PERMITTED = "no permission"
    GONE = "it has ended"
    REFUSED = "refused"


class Reply(Struct, frozen=True):
    """One target's answer. `after_ms` is from the sending to the end, stop or continuation; `words` says why not."""

    target: Target
    answer: Answer
    after_ms: float | None = None
    words: str = ""

    @property
    def sent(self) -> bool:
        """Whether the kernel took the signal for this process."""
        return self.answer in (Answer.SENT, Answer.ENDED, Answer.STOPPED, Answer.CONTINUED, Answer.STILL_THERE)

    @property
    def sentence(self) -> str:
        """`sleep (4711): ended after 3 ms`."""
        after = "" if self.after_ms is None else f" after {self.after_ms:.0f} ms"
        words = f": {self.words}" if self.words else ""
        return f"{self.target.name} ({self.target.pid}): {self.answer.value}{after}{words}"


class SignalOutcome(Outcome, frozen=True):
    """The outcome of SendSignal, with every target's answer."""

    replies: tuple[Reply, ...] = ()

    @classmethod
    def of(cls, number: int, replies: Sequence[Reply]) -> SignalOutcome:
        """Sum up: one target in its own words; several by how many gave each answer, then each by itself as far as
        there is room, before all those that did not end."""
        known = _BY_NUMBER.get(number)
        name = known.name if known is not None else str(number)
        done = any(reply.sent for reply in replies)
        advice = ""
        if any(reply.answer is Answer.NOT_PERMITTED for reply in replies):
            advice = "Only root (CAP_KILL) may signal other users' processes."
        if len(replies) == 1:
            return cls(done, f"{name} → {replies[0].sentence}", advice, tuple(replies))
        counts: dict[str, int] = {}
        for reply in replies:
            counts[reply.answer.value] = counts.get(reply.answer.value, 0) + 1
        told = ", ".join(f"{count} {answer}" for answer, count in counts.items())
        named = (
            list(replies) if len(replies) <= _NAMED else [each for each in replies if each.answer is not Answer.ENDED]
        )
        lines = [f"{name} → {len(replies)} processes: {told}", *(each.sentence for each in named[:_NAMED])]
        if len(named) > _NAMED:
            lines.append(f"and {len(named) - _NAMED} more")
        return cls(done, "; ".join(lines), advice, tuple(replies))


def ancestors(parents: Mapping[int, int], pid: int) -> tuple[int, ...]:
    """The pids above `pid`, its parent first, up to pid 1. `parents` gives every pid's parent."""
    found: list[int] = []
    above = parents.get(pid, 0)
    while above > 0 and above != pid and above not in found:
        found.append(above)
        above = parents.get(above, 0)
    return tuple(found)


def cautions(targets: Iterable[Target], number: int, above_us: Collection[int]) -> tuple[str, ...]:
    """Why to ask once more before sending; empty where a plain Enter is enough.

    `above_us` are the pids of pitop's own ancestors: the shell, the terminal, the SSH session.
    """
    hit = tuple(targets)
    found: list[str] = []
    if len(hit) > 1:
        found.append(f"{len(hit)} processes will be hit")
    if any(each.pid == 1 for each in hit):
        found.append("pid 1 runs the machine: its end stops everything")
    session = [each for each in hit if each.pid in above_us and each.pid != 1]
    if session:
        names = ", ".join(f"{each.name} ({each.pid})" for each in session)
        found.append(f"pitop runs under {names}: this session may end with it")
    known = _BY_NUMBER.get(number)
    if known is not None and known.name == "KILL":
        found.append("KILL cannot be caught: nothing is saved")
    return tuple(found)
