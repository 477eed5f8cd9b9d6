"""One random session of pitop itself, each frame shown by Textual's own path and by the wire.

Run as ``python -m tests.tui.terminal.house SEED STEPS``. What its keys would do to processes is not done.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from pitop.collect.live import LiveSource
from pitop.model.actions import Action, Outcome
from pitop.tui.app import PANES, PitopApp
from pitop.tui.settings import Settings
from tests.tui.terminal.compared import Compared, EmulatedDriver, compare

KEYS = [
    *"12345678/\\?zthPMTNIKuUFc<>nCs-+*=aexw[]HdDrfgGlLoOpPyYvV.:",
    *"left right up down home end pageup pagedown enter escape space tab f1 f2 f3 f4 f5 f6 f7 f8 f9 ctrl+p".split(),  # noqa: SIM905
]


class Watching(LiveSource):
    """This machine now, but nothing is done to it."""

    def perform(self, action: Action, told: Callable[[Outcome], None]) -> None:
        threading.Thread(target=told, args=(Outcome(False, "not here"),)).start()


class House(Compared, PitopApp):  # type: ignore[misc]
    def __init__(self) -> None:
        PitopApp.__init__(self, Watching(0.5), Settings())
        self.driver_class = EmulatedDriver

    async def action_quit(self) -> None:
        pass

    def action_suspend_process(self) -> None:
        pass


async def main(seed: int, steps: int) -> int:
    dice = random.Random(seed)

    async def play(app: House, pilot: Pilot[Any]) -> None:
        for _ in range(steps):
            choice = dice.random()
            if choice < 0.75:
                await pilot.press(*dice.choices(KEYS, k=dice.randint(1, 3)))
            elif choice < 0.85:
                size = dice.randint(20, 200), dice.randint(6, 60)
                app.resize_terminals(*size)
                await pilot.resize_terminal(*size)
            elif choice < 0.9 and PANES:
                app.theme = dice.choice(["pitop-night", "pitop-paper", "ansi-dark", "ansi-light"])
            else:
                await pilot.pause(dice.random())
            await pilot.pause()
            if app.difference:
                return

    return await compare(House(), (120, 40), play)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]))))
