"""Back and forth, as in a browser: the places where one has been."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from msgspec import Struct

from pitop.model.scope import Scope

__all__ = ["History", "Mark", "Place", "Spot"]

_MOST = 100  # places that are remembered in either direction


class Mark(Struct, frozen=True):
    """Where one stands in a table: the selected row's identity (None: the first row, whichever that is), its place
    among the rows, and the row that is at the top of the screen."""

    selected: Hashable = None
    place: int = 0
    top: int = 0


class Spot(Struct, frozen=True):
    """Where one stands in a pane: its view, filter and selected row, and what else the pane needs to come back."""

    view: str = ""
    filter: str = ""
    mark: Mark = Mark()
    own: object = None


class Place(Struct, frozen=True):
    """A pane, what was followed there, and where one stood in it."""

    stem: str
    scope: Scope | None
    spot: Spot


class History:
    """The places behind and ahead of the one where one is."""

    def __init__(self, most: int = _MOST) -> None:
        self._behind: deque[Place] = deque(maxlen=most)
        self._ahead: deque[Place] = deque(maxlen=most)

    def leave(self, here: Place) -> None:
        """Remember where one is, before one goes somewhere new: what was ahead is forgotten."""
        if not self._behind or self._behind[-1] != here:
            self._behind.append(here)
        self._ahead.clear()

    def back(self, here: Place) -> Place | None:
        """The place before, from where `here` is ahead; None at the beginning."""
        return self._turn(here, self._behind, self._ahead)

    def forth(self, here: Place) -> Place | None:
        """The place that one came back from; None where one has not."""
        return self._turn(here, self._ahead, self._behind)

    @staticmethod
    def _turn(here: Place, there: deque[Place], other: deque[Place]) -> Place | None:
        if not there:
            return None
        other.append(here)
        return there.pop()
