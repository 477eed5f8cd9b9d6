"""Through the panes with one scope: what is followed, where one goes, and the way back."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.binding import BindingType

from pitop.collect.source import Source
from pitop.collect.topics import PROCESSES
from pitop.model.leads import Party, identified
from pitop.model.processes import ProcessesSnapshot
from pitop.model.scope import (
    Kind,
    Scope,
    ScopeError,
    made_scope,
    of_process,
    of_user,
    parse_scope,
    pid_scope,
    renewed,
    written,
)
from pitop.render.text import visible
from pitop.tui.feed import Arrived, Feed
from pitop.tui.history import History, Place
from pitop.tui.keys import key
from pitop.tui.pane import Pane
from pitop.tui.terminal.seam import Wired

__all__ = ["Journey"]

_WAYS = "pid:7 pid:7+ (all below) user:pi host:192.0.2.1 port:53 name:a.example"


class Journey(Wired[None]):
    """An app whose panes follow one scope, and among which one goes to and fro."""

    source: Source

    BINDINGS: ClassVar[list[BindingType]] = [
        key("back", "left_square_bracket", "go_back", "Back", "Where you were before, as in a browser"),
        key("forth", "right_square_bracket", "go_forth", "Forth", "Where you came back from"),
        key(
            "follow",
            "colon",
            "follow_typed",
            "Follow …",
            "Type what every pane is to follow: pid: user: host: port: name:",
        ),
    ]

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.followed: Scope | None = None
        self.history = History()
        self._family = Feed(self, PROCESSES)  # heard while processes are followed, or sought
        self._sought: str | Party | None = None  # who is to be followed as soon as it is found

    # --- what the shell says

    @property
    @abstractmethod
    def pane(self) -> Pane:
        """The pane that is seen."""

    @abstractmethod
    async def show(self, stem: str) -> None:
        """Show the pane of that noun."""

    @abstractmethod
    def note(self) -> None:
        """Something has changed of what stands beside the tabs."""

    # --- places

    @property
    def here(self) -> Place:
        """Where one is. Whose processes a user's are is found out anew when one comes back."""
        scope = self.followed
        if scope is not None and scope.user is not None:
            scope = of_user(scope.user)
        return Place(self.pane.stem, scope, self.pane.spot())

    async def go(self, stem: str) -> Pane:
        """Go to the pane of that noun."""
        if stem != self.pane.stem:
            self.history.leave(self.here)
            await self.show(stem)
        return self.pane

    async def on_pane_go_to(self, event: Pane.GoTo) -> None:
        """Go where the selected row leads."""
        visit = event.visit
        self.history.leave(self.here)
        if visit.scope is not None:
            self.follow(visit.scope)
        await self.show(visit.pane)
        self.pane.visit(visit)
        if visit.follow is not None:
            self._seek(visit.follow)

    async def action_go_back(self) -> None:
        """To where one was before."""
        await self._return(self.history.back(self.here), "This is where you began")

    async def action_go_forth(self) -> None:
        """To where one came back from."""
        await self._return(self.history.forth(self.here), "You have not gone back from anywhere further on")

    async def _return(self, place: Place | None, otherwise: str) -> None:
        if place is None:
            self.notify(otherwise, timeout=2)
            return
        self.follow(place.scope)
        await self.show(place.stem)
        self.pane.restore(place.spot)

    # --- the scope

    def on_pane_follow(self, event: Pane.Follow) -> None:
        """Have every pane follow something else, or nothing."""
        if event.scope != self.followed:
            self.history.leave(self.here)
            self.follow(event.scope)

    def follow(self, scope: Scope | None) -> None:
        """Follow something else, or nothing, from now on."""
        self.followed = scope
        self._sought = None
        self._listen()
        self.pane.scope = scope
        self.note()

    def _listen(self) -> None:
        """Hear of all processes while that tells who belongs to the scope, and who has ended."""
        followed = self.followed is not None and self.followed.kind in (Kind.PROCESS, Kind.USER)
        if followed or self._sought is not None:
            self._family.open(self.source)
        else:
            self._family.close()

    def on_unmount(self) -> None:
        """Hear nothing any more."""
        self._family.close()

    def on_arrived(self, event: Arrived) -> None:
        """Who belongs to the scope has changed, or who is sought can be found."""
        newest = self._family.take()
        if not isinstance(newest, ProcessesSnapshot):
            return
        if self._sought is not None:
            self._find(newest)
        if self.followed is not None:
            scope = renewed(self.followed, newest.rows, newest.ended, newest.time)
            if scope is not self.followed:
                self.followed = self.pane.scope = scope
                self.note()

    def _seek(self, sought: str | Party) -> None:
        """Follow somebody who is known by a pid only, as soon as it is known who that is."""
        self._family.close()  # what is told next is new
        self._sought = sought
        self._listen()

    def _find(self, newest: ProcessesSnapshot) -> None:
        sought, self._sought = self._sought, None
        if isinstance(sought, Party):
            row = identified(sought, (*newest.rows, *newest.ended))
            found = None if row is None else of_process(row.key, row.name)
            gone = f"{sought.name} ({sought.pid}) is not there any more"
        else:
            found = pid_scope(str(sought), newest.rows)
            gone = f"There is no process {sought}"
        if found is None:
            self.notify(visible(gone), timeout=4, markup=False)
            self._listen()
        else:
            if isinstance(sought, str):
                self.history.leave(self.here)
            self.follow(found)

    def action_follow_typed(self) -> None:
        """Type what is to be followed."""
        from pitop.tui.widgets.prompt import Answer

        def changed(text: str) -> Answer:
            if text.strip():
                try:
                    parse_scope(text.strip())
                except ScopeError as error:
                    return Answer(str(error), error=True)
            return Answer(_WAYS)

        def done(text: str | None) -> None:
            if text is None:
                return
            if not text.strip():
                self.pane.post_message(Pane.Follow(None))
                return
            kind, value = parse_scope(text.strip())
            if kind is Kind.PROCESS:
                self._seek(value)
            else:
                self.pane.post_message(Pane.Follow(made_scope(kind, value)))

        self.pane.ask_line("Follow", visible(written(self.followed)), changed, done)
