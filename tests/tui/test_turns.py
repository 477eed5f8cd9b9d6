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
        assert not any(prompt.asking for prompt in seen.pane.query(Prompt))


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


async def test_a_prompt_is_made_once_and_asks_for_one_thing_after_the_other() -> None:
    said: list[tuple[str, str | None]] = []
    async with driven() as seen:
        for label, keys in (("First", ("x", "enter")), ("Second", ("y", "escape")), ("Third", ("up", "enter"))):
            seen.pane.ask_line(
                label, "", Answer, lambda text, label=label: said.append((label, text)), history=["before"]
            )
            await seen.pilot.pause()
            assert seen.lines()[-2].startswith(label)
            await seen.press(*keys)
            assert seen.app.focused is seen.pane.table
            assert label not in seen.lines()[-2]
        assert said == [("First", "x"), ("Second", None), ("Third", "before")]
        assert len(seen.pane.query(Prompt)) == 1


async def test_an_answer_may_lead_to_the_next_question() -> None:
    said: list[str | None] = []
    async with driven() as seen:
        seen.pane.ask_line("First", "", Answer, lambda _: seen.pane.ask_line("Second", "", Answer, said.append))
        await seen.pilot.pause()
        await seen.press("x", "enter")
        assert "Second" in "".join(seen.lines())
        await seen.press("y", "enter")
        assert said == ["y"]
        assert seen.app.focused is seen.pane.table


async def test_a_question_asks_with_the_keys_though_the_pane_has_just_been_given_them() -> None:
    async with driven() as seen:
        seen.pane.prompt()
        await seen.pilot.pause()
        seen.app.set_focus(None)
        seen.pane.focus_pane()
        seen.pane.ask_line("First", "", Answer, lambda _: None)
        await seen.pilot.pause()
        assert seen.pane.prompt().asking
        assert isinstance(seen.app.focused, Input)
        seen.pane.prompt().finish("z")
        seen.pane.ask_line("Second", "", Answer, lambda _: None)
        await seen.pilot.pause()
        assert seen.pane.prompt().asking
        assert isinstance(seen.app.focused, Input)


async def test_diagnose_asks_again_from_another_pane() -> None:
    async with driven() as seen:
        for _ in range(2):
            await seen.press("exclamation_mark")
            assert seen.app.pane.stem == "path"
            assert seen.lines()[-2].startswith("Diagnose")
            assert isinstance(seen.app.focused, Input)
            await seen.press("escape", "1")


async def test_what_was_said_to_one_question_is_no_answer_to_the_next() -> None:
    said: list[tuple[str, str | None]] = []
    async with driven() as seen:
        seen.pane.ask_line("First", "x", Answer, lambda text: said.append(("First", text)))
        await seen.pilot.pause()
        line = seen.pane.prompt().query_one(Input)
        line.post_message(Input.Changed(line, "xy"))
        line.post_message(Input.Submitted(line, "x"))
        seen.pane.ask_line("Second", "y", Answer, lambda text: said.append(("Second", text)))
        await seen.pilot.pause()
        assert said == [("First", None)]
        assert seen.pane.prompt().asking
        assert seen.lines()[-2].startswith("Second  y")


async def test_leaving_may_ask_something_itself() -> None:
    async with driven() as seen:
        seen.pane.ask_line("First", "", Answer, lambda _: seen.pane.ask_line("Third", "3", Answer, lambda _: None))
        await seen.pilot.pause()
        seen.pane.ask_line("Second", "2", Answer, lambda _: None)
        await seen.pilot.pause()
        assert seen.pane.prompt().query_one(Input).value == "3"
        assert "Third" in "".join(seen.lines())


async def test_a_filter_asked_for_while_it_is_typed_goes_back_to_the_one_before_both() -> None:
    async with driven() as seen:
        await seen.press("backslash", *"sshd")
        assert seen.pane.filter.text == "sshd"
        await seen.pane.run_action("filter")
        await seen.pilot.pause()
        await seen.press("a", "escape")
        assert seen.pane.filter.text == ""
