"""How a process ended, in words."""

from __future__ import annotations

import signal

from pitop.model.time import Ending

__all__ = ["ending_short", "ending_words", "signal_name"]


def signal_name(number: int) -> str:
    """`KILL`; `RTMIN+2` and what has no name by its number alone."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        above = number - signal.SIGRTMIN
        return f"RTMIN+{above}" if 0 <= above <= signal.SIGRTMAX - signal.SIGRTMIN else str(number)


def ending_words(ending: Ending | None) -> str:
    """`exited with status 3`, `killed by signal 9 (KILL)`; what is unknown is said so."""
    if ending is None:
        return "nobody told how"
    if ending.signal is None:
        return f"exited with status {ending.exit_status}"
    dumped = ", core dumped" if ending.core_dumped else ""
    return f"killed by signal {ending.signal} ({signal_name(ending.signal)}){dumped}"


def ending_short(ending: Ending) -> str:
    """`exit 3`, `signal 9 KILL`."""
    if ending.signal is None:
        return f"exit {ending.exit_status}"
    return f"signal {ending.signal} {signal_name(ending.signal)}"
