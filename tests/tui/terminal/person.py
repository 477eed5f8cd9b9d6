"""Somebody who uses pitop at random, by what a keyboard, a mouse and a window send."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

from pitop.tui.app import PANES

__all__ = ["FILLED", "PAINTED", "Person"]

ESCAPE = "\x1b[27u"  # as the kitty protocol has it, so that nobody waits whether more is to come
ENTER, TAB, BACK_TAB, BACKSPACE = "\r", "\t", "\x1b[Z", "\x7f"
UP, DOWN, RIGHT, LEFT, HOME, END = (f"\x1b[{final}" for final in "ABCDHF")
PAGE_UP, PAGE_DOWN, INSERT, DELETE = (f"\x1b[{number}~" for number in (5, 6, 2, 3))
FUNCTIONS = ["\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", *(f"\x1b[{number}~" for number in (15, 17, 18, 19, 20, 21))]
MOVES = [UP, DOWN, RIGHT, LEFT, HOME, END, PAGE_UP, PAGE_DOWN]
KEYS = [
    *map(chr, range(0x20, 0x7F)),
    *MOVES * 3,
    *[ENTER, ESCAPE, TAB] * 3,
    *(BACK_TAB, BACKSPACE, INSERT, DELETE),
    *FUNCTIONS,
    *(f"\x1b[1;2{final}" for final in "ABCDHFPQR"),  # with Shift
    *"\x01\x03\x05\x0b\x10\x15\x17",  # with Control: a c e k p u w
]
PROMPTS = '\\/:!adsWOFcGfiIuUSHwnN"'
TEXTS = [
    "cpu>0",
    "minf>30 or user=root",
    "port in 53,8080",
    "tcp",
    "python3",
    "user:root",
    "port:8080",
    "host:127.0.0.1",
    "name:www.example.test",
    "pid:1+",
    "127.0.0.1",
    "127.0.0.1 8080",
    "@127.0.0.1 www.example.test",
    "www.example.test MX",
    "漢字",
    "e\u0301",
    "( [",
    "x" * 100,
]
COMMANDS = ["glyphs", "theme", "refresh", "sum", "tree", "order", "columns", "trace", "follow", "stat", "le"]
PASTES = ["127.0.0.1", "漢字テスト " * 20, "one\ntwo\nthree", "[/etc] \x07 e\u0301 🙂"]
BEGINNINGS = {"dns": "www.example.test", "path": "127.0.0.1 127.0.0.2"}  # what these panes are asked first
THEMES = ["pitop-night", "pitop-paper", "ansi-dark", "ansi-light", "textual-dark", "nord"]
SIZES = [(80, 24), (120, 40), (40, 12), (200, 60)]
_KEPT = 40  # acts that are remembered
PAINTED = 5  # times that a pane is painted before it is used
FILLED = 100  # cells that it has filled by then
_PATIENCE = 10.0  # real seconds to wait for that
_LOOK, _STAY = 3.0, 30.0  # seconds of the first look at a pane, and of the first stay there


class Person:
    """Uses `app`, a `House`, as `dice` have it, which look at nothing that the app does.

    `acts` counts what was done; `last` has the newest acts, each with its time.
    """

    def __init__(self, app: Any, dice: random.Random, size: tuple[int, int]) -> None:
        self.app, self.dice, self.size = app, dice, size
        self.acts: Counter[str] = Counter()
        self.sizes: Counter[tuple[int, int]] = Counter([size])
        self.last: deque[str] = deque(maxlen=_KEPT)
        self._ways: dict[Callable[[], Awaitable[None]], int] = {
            self.press: 50,
            self.move: 10,
            self.change_pane: 12,
            self.answer: 10,
            self.command: 2,
            self.click: 10,
            self.drag: 1,
            self.wheel: 5,
            self.paste: 1,
            self.resize: 4,
            self.change_looks: 2,
            self.leave: 1,
            self.look: 6,
        }

    async def use(self, seconds: float) -> None:
        """Go through all panes once, a look at each, then do anything, for so long by the loop's clock in all."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        share = min(_STAY, seconds * 0.8 / len(PANES))
        for place, number in enumerate(self.dice.sample(range(1, len(PANES) + 1), len(PANES)), 1):
            await self._open(number)
            if PANES[number - 1].stem in BEGINNINGS:
                await self._type("a", *BEGINNINGS[PANES[number - 1].stem], ENTER)
            await self._wait(min(_LOOK, share))
            await self._see(PANES[number - 1].stem)
            await self._act_until(begin + place * share, {**self._ways, self.change_pane: 0, self.look: 0})
        await self._act_until(begin + seconds, self._ways)

    async def _see(self, stem: str) -> None:
        """Drag at the window until the pane has been painted often enough, and with enough, on a busy machine too."""
        (width, height), limit = self.size, time.monotonic() + _PATIENCE

        def seen() -> bool:
            return bool(self.app.painted[stem] >= PAINTED and self.app.filled[stem] >= FILLED)

        while not seen() and time.monotonic() < limit and not self.app.difference:
            self._fit((width, height + 1))
            await self._wait(0.5)
            self._fit((width, height))
            await self._wait(0.5)

    async def _act_until(self, end: float, ways: dict[Callable[[], Awaitable[None]], int]) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < end and self.app.is_running and not self.app.difference:
            (way,) = self.dice.choices(list(ways), list(ways.values()))
            self.acts[way.__name__] += 1  # type: ignore[attr-defined]
            await way()
            await self._wait(self.dice.expovariate(2.0))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _note(self, act: str) -> None:
        self.last.append(f"{asyncio.get_running_loop().time():.2f} {act}")

    async def _type(self, *keys: str) -> None:
        """Press keys, one soon after the other, or all of them at once, as a slow line brings them."""
        self._note(f"keys {keys!r}")
        if self.dice.random() < 0.3:
            self.app.type("".join(keys))
            return
        for each in keys:
            self.app.type(each)
            await self._wait(self.dice.expovariate(20.0))

    # What is done

    async def press(self) -> None:
        await self._type(*self.dice.choices(KEYS, k=self.dice.randint(1, 3)))

    async def move(self) -> None:
        await self._type(*[self.dice.choice(MOVES)] * self.dice.randint(1, 12))

    async def _open(self, number: int) -> None:
        # From wherever one is: a prompt would take the digit for text.
        await self._type(ESCAPE)
        await self._wait(0.3)
        await self._type(ESCAPE)
        await self._wait(0.3)
        await self._type(str(number))

    async def change_pane(self) -> None:
        await self._open(self.dice.randint(1, len(PANES)))

    async def answer(self) -> None:
        """Open a prompt or a list, and type into it."""
        text, end = self.dice.choice(TEXTS), self.dice.choice([ENTER, ENTER, ESCAPE, BACKSPACE])
        await self._type(ESCAPE)
        await self._wait(0.2)
        await self._type(self.dice.choice(PROMPTS), *text, end)

    async def command(self) -> None:
        """Find a command in the palette."""
        text, steps = self.dice.choice(COMMANDS), self.dice.randint(0, 3)
        await self._type("\x10", *text)
        await self._wait(self.dice.uniform(0.2, 1.5))
        await self._type(*[DOWN] * steps, ENTER)

    def _spot(self) -> tuple[int, int]:
        return self.dice.randint(1, self.size[0]), self.dice.randint(1, self.size[1])

    def _mouse(self, button: int, x: int, y: int, final: str = "M") -> None:
        self._note(f"mouse {button} at {x}, {y} {final}")
        self.app.type(f"\x1b[<{button};{x};{y}{final}")

    async def click(self) -> None:
        x, y = self._spot()
        button = self.dice.choice([0, 0, 0, 0, 2])
        for _ in range(self.dice.choice([1, 1, 1, 2])):
            self._mouse(button, x, y)
            self._mouse(button, x, y, "m")

    async def drag(self) -> None:
        x, y = self._spot()
        self._mouse(0, x, y)
        for _ in range(self.dice.randint(1, 8)):
            x, y = self._spot()
            self._mouse(32, x, y)
            await self._wait(0.05)
        self._mouse(0, x, y, "m")

    async def wheel(self) -> None:
        x, y = self._spot()
        kind = self.dice.choice([64, 65, 35])  # up, down, only moved
        for _ in range(self.dice.randint(1, 6)):
            self._mouse(kind, x, y)
            await self._wait(0.05)

    async def paste(self) -> None:
        text = self.dice.choice(PASTES)
        await self._type(f"\x1b[200~{text}\x1b[201~")

    async def resize(self) -> None:
        """Drag the window's corner, take a size at once, or drag there and back."""
        before = self.size
        for _ in range(self.dice.choice([1, 1, 1, 5])):
            if self.dice.random() < 0.3:
                self._fit(self.dice.choice(SIZES))
            else:
                self._fit((self.dice.randint(20, 160), self.dice.randint(6, 50)))
            await self._wait(self.dice.expovariate(20.0) * self.dice.randint(0, 1))
        if self.dice.random() < 0.2:
            self._fit(before)

    def _fit(self, size: tuple[int, int]) -> None:
        self.size = size
        self.sizes[size] += 1
        self._note(f"resize {size}")
        self.app.resize(size)

    async def change_looks(self) -> None:
        theme, glyphs = self.dice.choice(THEMES), self.dice.choice(["braille", "block", "ascii"])
        if self.dice.random() < 0.5:
            self._note(f"theme {theme}")
            self.app.theme = theme
        else:
            self._note(f"glyphs {glyphs}")
            self.app.set_glyphs(glyphs)

    async def leave(self) -> None:
        """Go to another window, or to the shell, and come back."""
        if self.dice.random() < 0.5:
            await self._type("\x1b[O")
            await self._wait(1)
            await self._type("\x1b[I")
        else:
            self._note("stop, and go on")
            self.app.come_back()

    async def look(self) -> None:
        await self._wait(self.dice.uniform(3, 20))
