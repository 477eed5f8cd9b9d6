"""The fork feed: the newest forks, execs and exits under the table."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from pitop.model.events import EventsSnapshot, ProcessEvent
from pitop.model.snapshot import Failure
from pitop.render.events import EVENT_FIELDS, feed_words
from pitop.render.field import Tone
from pitop.render.text import fit, visible
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["EventsPanel"]


class EventsPanel(Lines):
    """A title with rates and counts, and below it the events, the newest at the foot."""

    DEFAULT_CSS = """
    EventsPanel { height: 9; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__(id="events")
        self._snapshot: EventsSnapshot | None = None
        self._failure: Failure | None = None

    def show(self, newest: EventsSnapshot | Failure | None) -> None:
        """Show this from now on."""
        if isinstance(newest, Failure):
            self._failure = newest
        else:
            self._snapshot, self._failure = newest, None
        self.refresh()

    def backdrop(self, y: int) -> Style:
        """The title's bar goes over the whole width."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD if y == 0 else Backdrop.PLAIN)

    def line(self, y: int) -> list[Segment]:
        """The title, or an event."""
        looks = self.looks
        if y == 0:
            return [Segment(visible(text), looks.style(tone, Backdrop.HEAD)) for text, tone in self._title()]
        if self._snapshot is None:
            return []
        room = self.size.height - 1
        shown = self._snapshot.events[-room:]
        place = y - 1 - (room - len(shown))
        return self._event(shown[place]) if place >= 0 else []

    def _title(self) -> list[tuple[str, Tone]]:
        if self._failure is not None:
            return [(f" {self._failure.message} {self._failure.advice}", Tone.BAD)]
        return feed_words(self._snapshot) if self._snapshot is not None else [(" listening", Tone.FAINT)]

    def _event(self, event: ProcessEvent) -> list[Segment]:
        segments: list[Segment] = []
        used = 0
        for field in EVENT_FIELDS:
            width = field.width or max(0, self.size.width - used - 1)
            text = fit(field.text(event), width, right=field.right, ellipsis=self.glyphs.ellipsis)
            segments.append(Segment(f" {text}", self.looks.style(field.tone(event) if field.tone else Tone.PLAIN)))
            used += width + 1
        return segments
