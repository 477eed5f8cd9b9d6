"""Keys that arrive together: each goes to where the one before it has led."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from pitop.tui.widgets.choice import Choice
from pitop.tui.widgets.prompt import Answer, Prompt
from tests.tui.test_processes import Driven, driven


async def burst(seen: Driven, *keys: str) -> None:
    """Press `keys` as one packet of a slow line brings them, and wait until all are done."""
    for key in keys:
        seen.app.post_message(events.Key(key, key if len(key) == 1 else None))
    for _ in range(200):
        await seen.pilot.pause(0.01)
        if not seen.app.typing:
            break
    await seen.pilot.pause()


async def test_a_filter_typed_in_one_go_is_no_row_of_commands() -> None:
    async with driven() as seen:
        await burst(seen, "backslash", *"kz2q", "enter")
        assert seen.pane.filter.text == "kz2q"
        assert not seen.app.paused
        assert not seen.pane.query(Prompt)


async def test_what_follows_a_search_goes_to_the_table() -> None:
    async with driven() as seen:
        await burst(seen, "slash", *"burn", "enter", "space")
        assert list(seen.pane.table.tags) == [(500, 1500)]


@pytest.mark.parametrize("typed", ["kill", "9"])
async def test_a_signal_typed_ahead_is_looked_for_in_the_menu(typed: str) -> None:
    async with driven() as seen:
        await burst(seen, "k", *typed)
        assert isinstance(seen.app.screen, Choice)
        assert seen.app.screen.menu.item is not None
        assert seen.app.screen.menu.item.key == 9
        assert seen.source.done == []


async def test_the_second_click_of_two_on_a_list_is_not_for_it() -> None:
    async with driven() as seen:
        await burst(seen, "G")
        choice = seen.app.screen
        assert isinstance(choice, Choice)
        click = {"button": 1, "shift": False, "meta": False, "ctrl": False, "delta_x": 0, "delta_y": 0}
        for _ in range(2):
            choice.menu.post_message(events.Click(choice.menu, x=3, y=0, **click))  # type: ignore[arg-type]
        await seen.pilot.pause()
        assert seen.app.screen is seen.app.screen_stack[0]
        assert seen.app.is_running


async def test_one_prompt_takes_the_place_of_another_that_is_still_being_built() -> None:
    async with driven() as seen:
        for label in ("One", "Two"):
            seen.pane.ask_line(label, label, lambda text: Answer(text), lambda _: None)
        await seen.pilot.pause()
        assert seen.app.is_running
        (prompt,) = seen.pane.query(Prompt)
        assert prompt.query_one(Input).value == "Two"
