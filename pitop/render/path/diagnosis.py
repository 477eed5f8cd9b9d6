"""Steps of a diagnosis as lines and as JSON rows."""

from __future__ import annotations

from collections.abc import Iterator

from pitop.model.path.diagnosis import Step
from pitop.render.field import Field, Tone
from pitop.render.text import visible
from pitop.render.units import Unit, Value

__all__ = ["STEP_FIELDS", "step_lines", "step_record"]

_SIGNS = {"ok": "ok", "failed": "FAILED", "warning": "warning", "skipped": "-"}


def step_lines(step: Step) -> Iterator[str]:
    """One line for what came back, and where it went wrong one each for the cause and for what to do."""
    time = f"  ({step.time_ms:.1f} ms)" if step.time_ms is not None else ""
    yield f"{_SIGNS[step.outcome]:<8} {step.name:<13} {visible(step.came)}{time}"
    if step.outcome in ("failed", "warning"):
        yield f"{'':8} {'':13} tried: {visible(step.tried)}"
        if step.cause:
            yield f"{'':8} {'':13} likely cause: {visible(step.cause)}"
        if step.advice:
            yield f"{'':8} {'':13} next: {visible(step.advice)}"


def step_record(step: Step) -> dict[str, Value]:
    """A step as a JSON row."""
    return {
        "step": step.name,
        "outcome": step.outcome,
        "tried": step.tried,
        "came": step.came,
        "time_ms": None if step.time_ms is None else round(step.time_ms, 3),
        "fault": step.fault or None,
        "cause": step.cause or None,
        "advice": step.advice or None,
    }


_TONES = {"ok": Tone.GOOD, "failed": Tone.BAD, "warning": Tone.WARN, "skipped": Tone.FAINT}

STEP_FIELDS: tuple[Field[Step], ...] = (
    Field(
        "step",
        "STEP",
        13,
        Unit.TEXT,
        lambda row: row.name,
        "What was looked at, from the cable to the port.",
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "outcome",
        "OUTCOME",
        8,
        Unit.TEXT,
        lambda row: row.outcome,
        "ok; failed: nothing behind it can work; warning: odd, but not in the way; skipped: not needed.",
        tone=lambda row: _TONES[row.outcome],
    ),
    Field(
        "time_ms",
        "TIME",
        7,
        Unit.MILLISECONDS,
        lambda row: row.time_ms,
        "How long the answer took.",
        ("time",),
        falling=True,
    ),
    Field("came", "WHAT CAME BACK", 0, Unit.TEXT, lambda row: row.came, "What was found, or who answered."),
    Field("tried", "TRIED", 30, Unit.TEXT, lambda row: row.tried, "What was done to find out."),
    Field("fault", "FAULT", 14, Unit.TEXT, lambda row: row.fault or None, "What is broken, in a word."),
)
