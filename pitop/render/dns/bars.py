"""Comparisons, explanations and watched answers as lines of text with bars."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator

from pitop.model.dns.compare import Comparison, ServerFigures, Spread
from pitop.model.dns.watch import Beat
from pitop.model.dns.why import Found, Why
from pitop.render.glyphs import LEVELS, bar, reach
from pitop.render.text import cells, visible
from pitop.render.units import UNKNOWN, Unit, say

__all__ = ["beat_line", "comparison_lines", "why_lines"]

_GLYPHS = LEVELS["block"]
_FOUND = {Found.YES: "✓", Found.NO: "-", Found.SKIPPED: "·", Found.UNKNOWN: "?", Found.TOLD: " "}


def _length(value: float, most: float, width: int) -> str:
    """`value` as a bar, `most` being the whole `width`."""
    return bar(value / most if most > 0 else 0.0, width, _GLYPHS)


def _ms(value: float | None) -> str:
    return UNKNOWN if value is None else f"{say(value, Unit.MILLISECONDS)} ms"


def comparison_lines(comparison: Comparison, width: int = 30) -> Iterator[str]:
    """The servers side by side, first and repeated questions as bars of one scale, then what differs."""
    spreads = [each for server in comparison.servers for each in (server.first, server.repeated) if each is not None]
    most = max((each.p95_ms for each in spreads), default=0.0)
    names = "1 name" if comparison.names == 1 else f"{comparison.names} names"
    yield (
        f";; {comparison.asked} of {comparison.total} questions in {comparison.seconds:.1f} s: "
        f"{names}, type {comparison.type}"
    )
    for server in comparison.servers:
        yield ""
        yield from _server(server, most, width)
    if comparison.differences:
        yield ""
        yield f";; {len(comparison.differences)} answered differently:"
    for difference in comparison.differences:
        yield visible(difference.name)
        for said, who in difference.answers:
            yield f"    {visible(said)}  from {', '.join(visible(each) for each in who)}"


def _server(server: ServerFigures, most: float, width: int) -> Iterator[str]:
    loss = "" if not server.loss_percent else f", {server.loss_percent:.1f} % lost"
    statuses = ", ".join(f"{count} {status}" for status, count in server.statuses)
    yield f"{visible(server.server)}  {server.answered} of {server.asked} answered{loss} ({statuses})"
    for name, spread in (("first", server.first), ("repeated", server.repeated)):
        if spread is not None:
            yield f"  {name:<8} {_bar(spread, most, width)}  {_words(spread)}"
    if server.first is not None and server.repeated is not None and server.remembers:
        before, after = _ms(server.first.median_ms), _ms(server.repeated.median_ms)
        yield f"  repeated questions are answered in {after} instead of {before}: it keeps answers"
    cache = server.cache
    if cache is not None:
        kept = f"{cache.insertions} kept, {cache.evictions} dropped"
        yield f"  its cache since it started: {cache.hits} hits, {cache.misses} misses, {kept}"


def _bar(spread: Spread, most: float, width: int) -> str:
    """A line to the median, its track on to the 95th percentile."""
    text = reach(spread.median_ms / most, spread.p95_ms / most, width, _GLYPHS) if most > 0 else ""
    return text + " " * (width - cells(text))


def _words(spread: Spread) -> str:
    return f"median {_ms(spread.median_ms)}, p95 {_ms(spread.p95_ms)}, jitter {_ms(spread.jitter_ms)}"


def why_lines(why: Why) -> Iterator[str]:
    """The steps in their order, each with its grounds, then what disagrees."""
    for stage in why.stages:
        yield f"{_FOUND[stage.found]} {visible(stage.what)}: {visible(stage.words)}"
        yield from (f"    {visible(line)}" for line in stage.lines)
    for words in why.disagreements:
        yield f"! {visible(words)}"


def beat_line(beat: Beat, most: float, width: int = 20) -> str:
    """One asking: when, how long, what; and what it was before where that changed."""
    when = clock.strftime("%H:%M:%S", clock.localtime(beat.time))
    length = "" if beat.ms is None else _length(beat.ms, most, width)
    said = visible(" ".join(beat.data)) if beat.data else visible(beat.status)
    before = "" if not beat.changed else f"  (was {visible(' '.join(beat.before or ())) or 'nothing'})"
    return f"{when} {_ms(beat.ms):>12} {length}{' ' * (width - cells(length))} {said}{before}"
