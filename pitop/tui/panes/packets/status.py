"""The line that says how the capture stands: what is captured, lost, left out, written, shown."""

from __future__ import annotations

from pitop.model.packets.snapshot import PacketsSnapshot
from pitop.render.field import Tone
from pitop.render.units import amount, bytes_text
from pitop.tui.widgets.notice import Phrase

__all__ = ["status_line"]


def status_line(snapshot: PacketsSnapshot, filter_text: str, shown: int, *, following: bool) -> list[Phrase]:
    """Losses stand first, so that the narrowest screen shows them."""
    status, capture = snapshot.status, snapshot.capture
    file = (capture.path or "").rpartition("/")[2]  # the losses need the room that a long path would take
    where = file or capture.interface or "all interfaces"
    live = snapshot.running and capture.path is None
    phrases: list[Phrase] = [
        (" ● " if live else " ■ ", Tone.GOOD if live else Tone.FAINT),
        (where, Tone.ACCENT),
        (f"  {amount(status.captured)} packets", Tone.PLAIN),
    ]
    if capture.expression:
        phrases.append((f" of “{capture.expression}”", Tone.WARN))
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
    if snapshot.saving:
        phrases.append((f"  writing {snapshot.saving}: {amount(snapshot.saved)}", Tone.GOOD))
    if status.unsaved:
        phrases.append((f"  {amount(status.unsaved)} not written", Tone.BAD))
    if filter_text.strip():
        phrases.append((f"  filter: {filter_text} ({amount(shown)})", Tone.WARN))
    phrases.append(("  following" if following else "  stopped here, f follows", Tone.FAINT))
    return phrases
