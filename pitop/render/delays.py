"""What processes wait for, as columns of the process table."""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.delays import Delay
from pitop.model.processes import Process
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["delay_fields"]


def _percent(
    key: str, title: str, of: Callable[[Process], Delay | None], read: Callable[[Delay], float | None], words: str
) -> Field[Process]:
    def value(row: Process) -> float | None:
        known = of(row)
        return None if known is None else read(known)

    def tone(row: Process) -> Tone:
        now = value(row)
        return Tone.FAINT if not now or now < 0.05 else Tone.PLAIN if now < 20 else Tone.WARN if now < 80 else Tone.BAD

    return Field(key, title, 5, Unit.PERCENT, value, words, falling=True, tone=tone)


def delay_fields(of: Callable[[Process], Delay | None]) -> tuple[Field[Process], ...]:
    """The columns; `of` gives what is known of a row's process."""

    def waited(row: Process) -> float | None:
        known = of(row)
        return None if known is None else known.waiting_seconds

    return (
        _percent(
            "on_cpu_percent",
            "ONCPU",
            of,
            lambda delay: delay.on_cpu_percent,
            "Time on a CPU by the scheduler's own clock, of one core.",
        ),
        _percent(
            "run_queue_percent",
            "WAIT%",
            of,
            lambda delay: delay.waiting_percent,
            "Time in which it could have run and other work had the CPUs; above 100 when several threads wait.",
        ),
        _percent(
            "block_io_percent",
            "IOWT%",
            of,
            lambda delay: delay.block_io_percent,
            "Time spent waiting for storage; kept with sysctl kernel.task_delayacct=1 only.",
        ),
        Field(
            "run_queue_seconds",
            "WAITED",
            9,
            Unit.SECONDS,
            waited,
            "Time since its threads began in which they could have run and had no CPU.",
            falling=True,
        ),
    )
