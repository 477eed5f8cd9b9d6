"""The line that says how the capture stands: what is captured, lost, left out, written, shown."""

from __future__ import annotations

from textwrap import wrap

from pitop.model.packets.snapshot import PacketsSnapshot
from pitop.render.field import Tone
from pitop.render.text import cells, fit, sentences
from pitop.render.units import amount, bytes_text
from pitop.tui.widgets.notice import Phrase

__all__ = ["status_line", "trouble_lines"]

_ROOMY = 60  # cells from which on names have all the room that they want
_AGAIN = "R starts again, i changes what is captured."


def status_line(
    snapshot: PacketsSnapshot, filter_text: str, shown: int, *, following: bool, width: int = 80
) -> list[Phrase]:
    """Losses stand first, so that the narrowest screen shows them."""
    status, capture = snapshot.status, snapshot.capture
    file = (capture.path or "").rpartition("/")[2]  # the losses need the room that a long path would take
    where = file or capture.interface or ("all interfaces" if width >= _ROOMY else "any")
    if width < _ROOMY:
        where = fit(where, min(cells(where), width - 32))
    live = snapshot.running and capture.path is None
    phrases: list[Phrase] = [
        (" ● " if live else " ■ ", Tone.GOOD if live else Tone.FAINT),
        (where, Tone.ACCENT),
        (f"  {amount(status.captured)} packets", Tone.PLAIN),
    ]
    lost = status.dropped
    phrases.append((f"  dropped {amount(lost)}", Tone.BAD if lost else Tone.FAINT))
    if status.freezes:
        phrases.append((f"  ring full {status.freezes}×", Tone.BAD))
    if status.evicted:
        phrases.append((f"  {amount(status.evicted)} oldest gone ({bytes_text(64 << 20)} kept)", Tone.WARN))
    if status.lag > 1000 or status.reading:
        phrases.append((f"  {amount(status.lag)} to look at", Tone.WARN))
    if status.skipped:
        phrases.append((f"  {amount(status.skipped)} not analysed", Tone.WARN))
    if snapshot.left_out:
        phrases.append(("  own SSH left out", Tone.FAINT))
    if status.note:
        phrases.append((f"  {status.note}", Tone.BAD))
    if capture.expression:
        phrases.append((f"  only “{capture.expression}”", Tone.WARN))
    if snapshot.saving:
        phrases.append((f"  writing {snapshot.saving}: {amount(snapshot.saved)}", Tone.GOOD))
    if status.unsaved:
        phrases.append((f"  {amount(status.unsaved)} not written", Tone.BAD))
    if filter_text.strip():
        phrases.append((f"  filter: {filter_text} ({amount(shown)})", Tone.WARN))
    if capture.path is not None:
        return phrases
    if status.captured and not snapshot.running and not snapshot.problem:
        phrases.append(("  ended, R starts again", Tone.WARN))
    else:
        phrases.append(("  following" if following else "  stopped here, f follows", Tone.FAINT))
    return phrases


def trouble_lines(snapshot: PacketsSnapshot, width: int, most: int) -> list[list[Phrase]]:
    """What is wrong and what to do, in lines of at most `width` cells, at most so many lines.

    A filter that is wrong stands above its caret; where it is too long, the part around the caret is shown.
    """
    said: list[str] = []
    if snapshot.problem:
        first, *quoted = snapshot.problem.splitlines()
        if quoted and most < 4:
            return [[(f" {line}", Tone.BAD)] for line in (first, *_around_caret(quoted[:2], width))]
        goes_on = "The capture before goes on; i tries another." if snapshot.refused else _AGAIN
        said += wrap(sentences(first, snapshot.advice, goes_on), width)
        said += _around_caret(quoted[:2], width)
    said += wrap(snapshot.save_problem, width)
    if snapshot.filter_problem:
        said += wrap(f"filter: {snapshot.filter_problem}", width)
    return [[(f" {line}", Tone.BAD)] for line in said[:most]]


def _around_caret(quoted: list[str], width: int) -> list[str]:
    """An expression and the caret under it, moved to the left together as far as it takes."""
    over = max(0, len(quoted[-1].rstrip()) + 8 - width) if quoted else 0
    return [line[over : over + width] for line in quoted]
