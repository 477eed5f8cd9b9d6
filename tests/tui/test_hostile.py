"""Names made to do harm, in every place of the screen that tells of a process."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from pitop.collect.topics import PROCESSES
from pitop.tui.app import PitopApp
from pitop.tui.settings import Settings
from tests.tui.still import a_process, a_source, processes
from tests.tui.test_processes import Driven

NAME = "\x1b]0;x\x07[/e]\n[$b]"
SHOWN = r"\e]0;x\a[/e]\n[$b]"


@pytest.mark.parametrize("key", ["k", "i", "a", "Y", "O", "L"])
async def test_dialogs_show_the_name_as_it_is(key: str) -> None:
    source = a_source()
    evil = a_process(66, 1, NAME, user="[/u]\x1b[2J", name=NAME)
    source.newest[PROCESSES.name] = replace(processes(), rows=(*processes().rows, evil))
    app = PitopApp(source, Settings(glyphs="block"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        seen = Driven(app, pilot, source)
        seen.pane.table.select(evil.key)
        await seen.press(key)
        assert f"{SHOWN} (66)" in "\n".join(seen.lines())
        assert "\x1b" not in "".join(seen.lines())
        await seen.press("escape", "u")
        assert r"[/u]\e[2J" in "\n".join(seen.lines())


async def test_notices_are_no_markup() -> None:
    app = PitopApp(a_source(), Settings(glyphs="block", theme="[/t]"))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        seen = Driven(app, pilot, a_source())
        await seen.press("slash", "[", "slash", "e", "]", "enter", "n")
        await pilot.pause(0.1)
        assert seen.line_of("no theme “[/t]”")
        assert seen.line_of("“[/e]” is not found")
