"""Back and forth, and standing again where one stood."""

from __future__ import annotations

from pitop.model.scope import of_user
from pitop.tui.history import History, Mark, Place, Spot


def place(name: str) -> Place:
    return Place(name, None, Spot())


def test_back_and_forth_as_in_a_browser() -> None:
    history = History()
    assert history.back(place("a")) is None
    history.leave(place("a"))
    history.leave(place("b"))
    assert history.back(place("c")) == place("b")
    assert history.back(place("b")) == place("a")
    assert history.back(place("a")) is None
    assert history.forth(place("a")) == place("b")
    assert history.forth(place("b")) == place("c")
    assert history.forth(place("c")) is None


def test_going_somewhere_new_forgets_what_was_ahead() -> None:
    history = History()
    history.leave(place("a"))
    assert history.back(place("b")) == place("a")
    history.leave(place("a"))
    assert history.forth(place("c")) is None
    assert history.back(place("c")) == place("a")


def test_it_is_bounded_and_no_place_stands_twice_in_a_row() -> None:
    history = History(most=3)
    for name in "abcdd":
        history.leave(place(name))
    found = []
    here = place("e")
    while (there := history.back(here)) is not None:
        found.append(there.stem)
        here = there
    assert found == ["d", "c", "b"]


def test_a_place_is_its_scope_and_spot_too() -> None:
    history = History()
    history.leave(place("a"))
    history.leave(Place("a", of_user("pi"), Spot()))
    history.leave(Place("a", of_user("pi"), Spot(mark=Mark((1, 2), 5, 3))))
    assert history.back(place("b")) == Place("a", of_user("pi"), Spot(mark=Mark((1, 2), 5, 3)))
    assert history.back(place("a")) == Place("a", of_user("pi"), Spot())
