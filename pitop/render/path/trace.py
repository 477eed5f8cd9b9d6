"""Traces in the lines of traceroute and mtr -r, and the fields of a hop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from pitop.model.path.hops import Hop, Reply
from pitop.render.field import Field, Tone, record
from pitop.render.text import cells, fit, visible
from pitop.render.units import Unit, Value

__all__ = ["HOP_FIELDS", "hop_line", "hop_record", "report_lines", "traceroute_head"]


def traceroute_head(name: str, address: str, hops: int, size: int) -> str:
    """`traceroute to example.org (192.0.2.1), 30 hops max, 60 byte packets`"""
    whole = size + (48 if ":" in address else 28)
    return f"traceroute to {visible(name)} ({address}), {hops} hops max, {whole} byte packets"


def hop_line(hop: int, replies: Sequence[Reply], shown: Callable[[str], str]) -> str:
    """A hop as traceroute prints it: who answered, said again only when another did, times, marks, `*` for none.

    `shown` gives `name (address)` or the address alone.
    """
    line = f"{hop:>2} "
    before: str | None = None
    for each in replies:
        if each.outcome == "timeout" or each.time_ms is None:
            line += " *"
            continue
        if each.address is not None and each.address != before:
            line += f" {visible(shown(each.address))}"
            before = each.address
        line += f"  {each.time_ms:.3f} ms"
        if each.mark:
            line += f" {each.mark}"
    return line


def report_lines(hops: Iterable[Hop], host: str, start: float, *, numeric: bool, notes: bool = True) -> list[str]:
    """As `mtr -r`; behind a hop whose loss is not what it seems, what it is."""
    rows = list(hops)
    names = [_shown(hop, numeric) for hop in rows]
    width = max([25, len(host) - 2, *(cells(name) for name in names)])
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(start))
    lines = [f"Start: {stamp}", f"HOST: {visible(host):<{width + 2}} Loss%   Snt   Last   Avg  Best  Wrst StDev"]
    for hop, name in zip(rows, names, strict=True):
        t = hop.tally
        figures = " ".join(f"{value or 0.0:5.1f}" for value in (t.last_ms, t.avg_ms, t.best_ms, t.worst_ms, t.stdev_ms))
        note = f"  {hop.verdict.words}" if notes and hop.verdict.kind else ""
        mark = f" {t.mark}" if t.mark else ""
        mtu = f"  MTU {hop.mtu} from here" if hop.mtu is not None else ""
        loss = f"{hop.loss_percent or 0.0:5.1f}% {t.sent:>5}"
        lines.append(f"{hop.hop:>3}.|-- {fit(name, width)}{loss}  {figures}{mark}{mtu}{note}")
        lines.extend(f"    |  |-- {visible(other)}" for other in hop.others[:-1])
        lines.extend(f"    |  `|-- {visible(other)}" for other in hop.others[-1:])
    return lines


def _shown(hop: Hop, numeric: bool) -> str:
    if hop.address is None:
        return "???"
    return hop.address if numeric or hop.name is None else visible(hop.name)


_VERDICT_TONES = {
    "limited": Tone.FAINT,
    "silent": Tone.FAINT,
    "begins": Tone.BAD,
    "carried": Tone.WARN,
    "dark": Tone.BAD,
}


def _loss_tone(row: Hop) -> Tone:
    if row.verdict.kind:
        return _VERDICT_TONES[row.verdict.kind]
    return Tone.PLAIN if row.loss_percent else Tone.GOOD


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


HOP_FIELDS: tuple[Field[Hop], ...] = (
    Field("hop", "HOP", 4, Unit.NUMBER, lambda row: row.hop, "How many routers away."),
    Field(
        "address",
        "ADDRESS",
        16,
        Unit.ADDRESS,
        lambda row: row.address,
        "Who answered for this hop last: the router's address on the side that faces this machine, mostly.",
        ("ip",),
        show=lambda row: row.address or "no answer",
        tone=lambda row: Tone.FAINT if row.address is None else Tone.WARN if row.others else Tone.ACCENT,
    ),
    Field("name", "NAME", 20, Unit.TEXT, lambda row: row.name, "What the address is called, by its reverse name."),
    Field(
        "loss_percent",
        "LOSS%",
        5,
        Unit.PERCENT,
        lambda row: row.loss_percent,
        "Probes to this hop that were not answered. It counts as loss on the way only if all later hops lose as much.",
        ("loss",),
        falling=True,
        tone=_loss_tone,
    ),
    Field(
        "sent", "SENT", 5, Unit.COUNT, lambda row: row.tally.sent, "Probes that were to die at this hop.", falling=True
    ),
    Field("received", "RECV", 5, Unit.COUNT, lambda row: row.tally.received, "Those that were answered.", falling=True),
    Field(
        "last_ms",
        "LAST",
        6,
        Unit.MILLISECONDS,
        lambda row: _rounded(row.tally.last_ms),
        "The last answer's time, there and back.",
        ("last",),
        falling=True,
    ),
    Field(
        "avg_ms",
        "AVG",
        6,
        Unit.MILLISECONDS,
        lambda row: _rounded(row.tally.avg_ms),
        "The mean. Routers answer when they have time: a slow hop before fast ones is only busy with other things.",
        ("avg",),
        falling=True,
    ),
    Field("best_ms", "BEST", 6, Unit.MILLISECONDS, lambda row: _rounded(row.tally.best_ms), "The fastest.", ("best",)),
    Field(
        "worst_ms",
        "WORST",
        6,
        Unit.MILLISECONDS,
        lambda row: _rounded(row.tally.worst_ms),
        "The slowest.",
        ("worst",),
        falling=True,
    ),
    Field(
        "stdev_ms",
        "STDEV",
        6,
        Unit.MILLISECONDS,
        lambda row: _rounded(row.tally.stdev_ms),
        "How much the times scatter.",
        ("stdev",),
        falling=True,
    ),
    Field(
        "mtu",
        "MTU",
        5,
        Unit.NUMBER,
        lambda row: row.mtu,
        "The largest packet that passes from here on, where it is less than before.",
        show=lambda row: "" if row.mtu is None else str(row.mtu),
        tone=lambda row: Tone.WARN,
    ),
    Field(
        "verdict",
        "VERDICT",
        0,
        Unit.TEXT,
        lambda row: row.verdict.kind or None,
        "What the loss means: begins (lost on the way from here on), carried (from an earlier hop), limited and silent "
        "(this router answers little or nothing, and forwards: no loss), dark (nothing answers from here on).",
        show=lambda row: _notes(row),
        tone=lambda row: _VERDICT_TONES.get(row.verdict.kind, Tone.FAINT),
    ),
)


def _notes(row: Hop) -> str:
    parts = [row.verdict.words] if row.verdict.words else []
    if row.tally.mark:
        parts.append(row.tally.mark)
    if row.others:
        parts.append("also " + ", ".join(row.others))
    return "; ".join(parts)


def hop_record(hop: Hop) -> dict[str, Value]:
    """A hop as a JSON row."""
    lost = hop.verdict.percent
    return {
        **record(HOP_FIELDS, hop),
        "flow": hop.flow,
        "true_loss_percent": None if lost is None else round(lost, 3),
        "note": hop.verdict.words or None,
        "mark": hop.tally.mark or None,
        "others": " ".join(hop.others) or None,
    }
