"""What every pane is: it is seen or not, follows its feeds and the scope, acts, and leads to other panes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.binding import BindingType
from textual.message import Message
from textual.reactive import var

from pitop.collect.source import Source
from pitop.model.actions import Action, Outcome
from pitop.model.leads import NOWHERE, Lead, Subject, Visit, leads
from pitop.model.scope import Scope
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.text import sentences, visible
from pitop.tui.feed import Arrived, Feed
from pitop.tui.history import Spot
from pitop.tui.keys import give_keys, key
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.ground import Ground

if TYPE_CHECKING:
    from pitop.tui.widgets.prompt import Prompt

__all__ = ["Pane"]

_PROMPT_AFTER = 0.7  # seconds after a pane was chosen: its first rows are there, the next are not yet


class Pane(Ground):
    """One of the seven views. It is made when it is first chosen, and collects only while it is seen.

    `stem` is its noun, `heading` its title, `words` what it is about. A pane follows its feeds with `arrived`, which is
    not called while the view is paused; the newest is taken when it goes on.
    """

    stem: ClassVar[str]
    heading: ClassVar[str]
    words: ClassVar[str] = ""

    class Follow(Message):
        """Every pane is to follow something, or nothing any more."""

        def __init__(self, scope: Scope | None) -> None:
            self.scope = scope
            super().__init__()

    class GoTo(Message):
        """Somebody wants to see a place in some pane."""

        def __init__(self, visit: Visit) -> None:
            self.visit = visit
            super().__init__()

    BINDINGS: ClassVar[list[BindingType]] = [
        key("go-to", "G", "leads", "Go to", "Every place that the selected row leads to", footer=True),
    ]

    DEFAULT_CSS = """
    Pane { height: 1fr; width: 1fr; layout: vertical; }
    """

    paused: var[bool] = var(False)
    scope: var[Scope | None] = var(None)

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(id=self.stem)
        self.settings = settings or PaneSettings()
        self.feeds: list[Feed[Any]] = []
        self._prompt: Prompt | None = None
        self.clock = 0.0  # the time of the newest snapshot, in unix seconds

    @property
    def front(self) -> Pane:
        """The pane that has the keys: one of its parts, where it is made of several."""
        return self

    def wake(self, source: Source) -> None:
        """The pane is seen from now on."""
        for feed in self.feeds:
            feed.open(source)
        self.set_timer(_PROMPT_AFTER, self._prepare)

    def rest(self) -> None:
        """The pane is not seen any more: nothing is collected for it."""
        for feed in self.feeds:
            feed.close()

    def on_unmount(self) -> None:
        """Let go of the source."""
        self.rest()

    def on_arrived(self, event: Arrived) -> None:
        """Take the newest snapshot of a feed, unless the view is paused and has something to show."""
        if not self.paused or not event.feed.taken:
            self._take(event.feed)

    def _take(self, feed: Feed[Any]) -> None:
        newest = feed.take()
        if newest is not None:
            if isinstance(newest, Snapshot):
                self.timed(newest.time)
            self.arrived(newest)
            self.app.header.catch_up()  # type: ignore[attr-defined]

    def timed(self, time: float) -> None:
        """A snapshot of that time is shown from now on."""
        self.clock = time

    def watch_paused(self, paused: bool) -> None:
        """Going on after a pause: take what has come meanwhile."""
        if not paused:
            for feed in self.feeds:
                self._take(feed)

    def arrived(self, newest: Snapshot | Failure) -> None:
        """Show what a feed has brought."""

    def watch_scope(self, scope: Scope | None) -> None:
        """Something else is followed: narrow to it."""

    def scope_here(self, below: bool) -> Scope | None:
        """What the selected row would have all panes follow; `below`: with all that is under it. None: nothing."""
        return None

    def action_scope(self, below: bool) -> None:
        """Have every pane follow what the selected row is about."""
        scope = self.scope_here(below)
        if scope is None:
            self.app.notify("There is nothing here to follow: choose a row first", timeout=3)
        else:
            self.post_message(self.Follow(scope))

    # --- from here to elsewhere, and back

    def subject(self) -> Subject | None:
        """What the selected row is, as far as that leads anywhere. None: nowhere."""
        return None

    def leads(self) -> list[Lead]:
        """The places that the selected row leads to."""
        return list(leads(self.subject(), self.scope))

    def action_leads(self) -> None:
        """Choose one of the places that the selected row leads to."""
        from pitop.tui.widgets.choice import Choice, Item

        found = self.leads()
        if not found:
            self.app.notify("This row leads nowhere else", timeout=3)
            return

        def chosen(place: Hashable) -> None:
            if isinstance(place, int):
                self.post_message(self.GoTo(found[place].visit))

        items = [Item(place, each.label, each.words) for place, each in enumerate(found)]
        self.app.push_screen(Choice("Go to", items), chosen)

    def action_lead(self, name: str) -> None:
        """Go at once to the place of that name that the selected row leads to."""
        lead = next((each for each in self.leads() if each.key == name), None)
        if lead is None:
            self.app.notify(NOWHERE[name], timeout=3)
        else:
            self.post_message(self.GoTo(lead.visit))

    def visit(self, visit: Visit) -> None:
        """Show what somebody wants to see here; the scope that goes with it is followed already."""

    def spot(self) -> Spot:
        """Where one stands here, to come back to."""
        return Spot()

    def restore(self, spot: Spot) -> None:
        """Come back to where one stood; what was followed then is followed already."""

    # --- what it does

    def ask_line(
        self,
        label: str,
        text: str,
        changed: Callable[[str], Any],
        done: Callable[[str | None], None],
        **more: Any,
    ) -> None:
        """Have a line typed at the foot of the pane; `more` as a Question takes it."""
        from pitop.tui.widgets.prompt import Question

        self.prompt().ask(Question(visible(label), text, changed, done, **more))

    def leave_line(self) -> None:
        """Leave what is being typed, as Escape does, before what a new question may have to take back is noted."""
        self.prompt().finish(None)

    def prompt(self) -> Prompt:
        """What asks for lines here: made before it is needed, where there is time."""
        from pitop.tui.widgets.prompt import Prompt

        if self._prompt is None:
            self._prompt = Prompt(self.focus_pane)
            self.mount(self._prompt)
        return self._prompt

    def _prepare(self) -> None:
        if self.is_attached:  # and not just being taken away, at the end
            self.prompt()

    def act(self, action: Action) -> None:
        """Have the source do something, and say what came of it in a notice."""
        source: Source = self.app.source  # type: ignore[attr-defined]

        def told(outcome: Outcome) -> None:
            words = sentences(outcome.message, outcome.advice)
            severity: Literal["information", "error"] = "information" if outcome.done else "error"
            self.app.notify(visible(words), severity=severity, markup=False)
            self.acted(action, outcome)

        source.perform(action, lambda outcome: self.app.call_from_thread(told, outcome))

    def redrawn(self) -> None:
        """Lines and bars are drawn with other glyphs from now on."""

    def acted(self, action: Action, outcome: Outcome) -> None:
        """An action has been done, or not."""

    def focus_pane(self) -> None:
        """Give the keys to what the pane is mainly about."""
        for child in self.query("Table"):
            give_keys(child)
            return
