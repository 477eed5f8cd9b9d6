"""What the path pane says below its table."""

from __future__ import annotations

import time

from pitop.model.path.diagnosis import Step
from pitop.model.path.hops import Hop, paths_text, ways
from pitop.model.path.snapshot import DiagnoseSnapshot, PingTarget, TraceSnapshot
from pitop.render.field import Tone
from pitop.render.glyphs import Glyphs
from pitop.tui.widgets.notice import Phrase

__all__ = ["loss_lines", "step_lines", "trace_lines"]

_LOSSES = 4  # lines of the last losses


def loss_lines(row: PingTarget) -> list[list[Phrase]]:
    """A machine's figures, and its last losses."""
    tally = row.tally
    if row.trouble:
        return [[(f" {row.name}: {row.trouble}", Tone.BAD)]]
    figures: list[Phrase] = [
        (f" {tally.transmitted} sent, {tally.received} received, {tally.lost} lost", Tone.PLAIN),
    ]
    if tally.times:
        times = "/".join(f"{value or 0:.3f}" for value in (tally.min_ms, tally.avg_ms, tally.max_ms, tally.mdev_ms))
        figures.append((f"   min/avg/max/mdev {times} ms", Tone.FAINT))
    for count, word in ((tally.duplicates, "double"), (tally.reordered, "out of order"), (tally.damaged, "damaged")):
        if count:
            figures.append((f"   {count} {word}", Tone.WARN))
    lines = [figures]
    for loss in row.losses[:_LOSSES]:
        clock = time.strftime("%H:%M:%S", time.localtime(loss.time))
        lines.append([(f" {clock} ", Tone.FAINT), (f"lost no. {loss.sequence}: {loss.why}", Tone.BAD)])
    return lines


def trace_lines(snapshot: TraceSnapshot, row: Hop | None, glyphs: Glyphs) -> list[list[Phrase]]:
    """The way that was traced, what is to be said of a hop, and the ways in parallel."""
    said = f" {snapshot.request.target}"
    if snapshot.trouble:
        return [[(f"{said}: {snapshot.trouble}", Tone.BAD)]]
    if snapshot.address is None:
        return [[(f"{said}: being looked up", Tone.FAINT)]] if snapshot.request.target else []
    reached = "reached" if snapshot.reached else "not reached"
    head = f"{said} ({snapshot.address}) by {snapshot.method}, {snapshot.rounds} rounds, {reached}"
    mtu = f", path MTU {snapshot.mtu}" if snapshot.mtu is not None else ""
    lines: list[list[Phrase]] = [[(head + mtu, Tone.PLAIN if snapshot.reached else Tone.WARN)]]
    if row is not None and row.verdict.words:
        lines.append([(f" hop {row.hop}: {row.verdict.words}", Tone.WARN)])
    for change in row.tally.changes[-3:] if row is not None else ():
        clock = time.strftime("%H:%M:%S", time.localtime(change.time))
        lines.append([(f" {clock} hop became {change.after}, was {change.before}", Tone.WARN)])
    paths = snapshot.paths()
    if len(paths) > 1:
        found = ways(paths)
        lines.append([(f" {len(found)} way{'s' * (len(found) > 1)} with {len(paths)} flows", Tone.STRONG)])
        tree = paths_text(found, (glyphs.branch, glyphs.last, glyphs.pipe, glyphs.blank))
        lines += [[(f" {line}", Tone.FAINT)] for line in tree]
    return lines


def step_lines(snapshot: DiagnoseSnapshot, row: Step | None) -> list[list[Phrase]]:
    """What is broken, or that nothing is, and what was tried in a step."""
    target = snapshot.request.host if snapshot.request is not None else None
    broken = snapshot.broken
    if snapshot.running:
        lines: list[list[Phrase]] = [[(" looking on …", Tone.FAINT)]]
    elif broken is not None:
        lines = [[(f" {broken.name}: {broken.came}", Tone.BAD)]]
        lines.append([(" likely cause  ", Tone.FAINT), (broken.cause, Tone.STRONG)])
        lines.append([(" next          ", Tone.FAINT), (broken.advice, Tone.PLAIN)])
    elif snapshot.rows:
        where = f"on the way to {target}" if target is not None else "up to DNS"
        lines = [[(f" Nothing is broken {where}", Tone.GOOD)]]
    else:
        return []
    if row is not None and row is not broken:
        lines.append([(f" {row.name}: {row.tried}", Tone.FAINT)])
        if row.cause:
            lines.append([(f" {row.cause} {row.advice}", Tone.WARN)])
    return lines
