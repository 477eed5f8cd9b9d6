"""One program, measured from the outside: start, steady state, keys, end."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from bench.program import Program
from bench.programs import Contestant

__all__ = ["Measured", "Plan", "measure", "press"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: `seconds` of steady state, `warm` seconds after the first processes are on the screen, then
    `keys` key presses of each kind, on `columns` × `lines`.
    """

    seconds: float = 10.0
    keys: int = 12
    columns: int = 120
    lines: int = 40
    warm: float = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run gave. None is what the program did not show.

    `content_seconds`: from the start to the first processes on the screen. `cpu_percent`: of one core, the whole
    process tree, in the steady state; `bytes_per_second` what it wrote then, `pss_bytes` its memory at the end of
    that. `quiet_ms`: from keys to the screen that answers, when the last refresh had just ended; `any_ms`: the same
    at random moments, refreshes included. `unanswered` keys are in neither. `quit_seconds`: from the quit key to the
    process's end.
    """

    content_seconds: float | None
    cpu_percent: float | None
    bytes_per_second: float | None
    pss_bytes: int | None
    quiet_ms: tuple[float, ...]
    any_ms: tuple[float, ...]
    unanswered: int
    quit_seconds: float | None


_START = 20.0  # seconds that a program gets to show its first processes
_ANSWER = 8.0  # seconds that a key's answer may take
_SILENCE = 0.08  # seconds without output that tell a refresh's end
_REFRESH = 3.0  # seconds in which a refresh is expected, at the most
_QUIT = 5.0


def measure(contestant: Contestant, plan: Plan) -> Measured:
    """Run `contestant` from start to end. Raises FileNotFoundError where it is not installed."""
    with Program(contestant.command, plan.columns, plan.lines, files=contestant.files) as program:
        content = program.await_screen(contestant.shows_content(), _START)
        program.listen(plan.warm)
        for key in contestant.before:
            program.press(key)
            program.listen(plan.warm)

        program.silence(_SILENCE, _REFRESH)
        at_rest = contestant.answer(program.screen)
        cpu, began, first = program.cpu_seconds(), time.monotonic(), len(program.chunks)
        program.listen(plan.seconds)
        alive = program.status is None
        seconds = time.monotonic() - began
        cpu = program.cpu_seconds() - cpu
        written = sum(len(chunk.data) for chunk in program.chunks[first:])
        pss = program.pss_bytes()
        # Only what stood still while no key was pressed tells a key's answer from a refresh.
        still = all(state == at_rest for state in program.states(contestant.answer))

        chance = random.Random(0)
        quiet: list[float] = []
        any_phase: list[float] = []
        unanswered = 0
        for number in range(2 * plan.keys if still and alive else 0):
            is_quiet = number < plan.keys
            if is_quiet:
                program.silence(_SILENCE, _REFRESH)
            else:
                program.listen(chance.uniform(0.6, 1.7))
            took = press(program, contestant, contestant.keys[number % len(contestant.keys)], _ANSWER)
            if took is None:
                unanswered += 1
            else:
                (quiet if is_quiet else any_phase).append(took * 1000)
            program.listen(0.2)

        quit_seconds = _quit(program, contestant) if program.status is None else None
        return Measured(
            content_seconds=content - program.started if content is not None else None,
            cpu_percent=100 * cpu / seconds if alive else None,
            bytes_per_second=written / seconds if alive else None,
            pss_bytes=pss if alive else None,
            quiet_ms=tuple(quiet),
            any_ms=tuple(any_phase),
            unanswered=unanswered,
            quit_seconds=quit_seconds,
        )


def press(program: Program, contestant: Contestant, key: str, limit: float) -> float | None:
    """Seconds from the key to the read that made the screen answer; None where it did not in `limit` seconds."""
    before = contestant.answer(program.screen)
    pressed = program.press(key)
    painted = program.await_screen(lambda screen: contestant.answer(screen) != before, limit)
    return painted - pressed if painted is not None else None


def _quit(program: Program, contestant: Contestant) -> float | None:
    """Seconds from the quit key to the end of the process; None where it stays."""
    pressed = program.press(contestant.quit)
    program.listen(_QUIT)
    return program.ended - pressed if program.status is not None else None
