"""What was measured as a Markdown table: a row a figure, a column a program, and how it compares with the first."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.measure import Measured

__all__ = ["table"]


@dataclass(frozen=True, slots=True)
class _Figure:
    title: str
    places: int
    read: Callable[[Measured], float | None]


def _worst(times: Sequence[float]) -> float | None:
    return max(times, default=None)


def _middle(times: Sequence[float]) -> float | None:
    return statistics.median(times) if times else None


_FIGURES = (
    _Figure("launch to content, s", 2, lambda run: run.content_seconds),
    _Figure("CPU, % of a core", 2, lambda run: run.cpu_percent),
    _Figure("bytes a second", 0, lambda run: run.bytes_per_second),
    _Figure("memory (PSS), MB", 1, lambda run: run.pss_bytes / 1e6 if run.pss_bytes is not None else None),
    _Figure("key to paint at rest, median, ms", 1, lambda run: _middle(run.quiet_ms)),
    _Figure("key to paint at rest, worst, ms", 1, lambda run: _worst(run.quiet_ms)),
    _Figure("key to paint at any moment, median, ms", 1, lambda run: _middle(run.any_ms)),
    _Figure("key to paint at any moment, worst, ms", 1, lambda run: _worst(run.any_ms)),
    _Figure("keys without an answer", 0, lambda run: float(run.unanswered)),
    _Figure("quit to prompt, s", 2, lambda run: run.quit_seconds),
)


def _median(figure: _Figure, runs: Sequence[Measured]) -> float | None:
    known = [value for value in map(figure.read, runs) if value is not None]
    return statistics.median(known) if known else None


def table(runs: Mapping[str, Sequence[Measured]]) -> str:
    """A Markdown table of the medians. `×2` means twice what the first program has; – what could not be measured."""
    names = list(runs)
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for figure in _FIGURES:
        values = [_median(figure, runs[name]) for name in names]
        cells = [_cell(figure, value, values[0] if index else None) for index, value in enumerate(values)]
        lines.append(f"| {figure.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figure: _Figure, value: float | None, first: float | None) -> str:
    if value is None:
        return "–"
    text = f"{value:,.{figure.places}f}"
    if first is None or round(first, figure.places) <= 0 or round(value, figure.places) <= 0:
        return text
    return f"{text} ×{value / first:.2g}" if value < 100 * first else f"{text} ×{value / first:.0f}"
