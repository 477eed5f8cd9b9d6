"""Coroutines that wait for name servers and for each other, without an event loop.

`asyncio` takes longer to import than most walks take. A strand runs until it awaits a promise that is not kept yet,
and on as soon as somebody keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any, Generic, TypeVar

__all__ = ["Promise", "Strand", "all_of", "first_of"]

T = TypeVar("T")


class Promise(Generic[T]):
    """A value that will be there; awaiting it gives it."""

    def __init__(self) -> None:
        self.done = False
        self._value: T | None = None
        self._waiting: list[Callable[[], None]] = []

    def keep(self, value: T) -> None:
        """The value is there: whoever waits runs on, now."""
        self.done = True
        self._value = value
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()

    def then(self, call: Callable[[], None]) -> None:
        """Call when the value is there."""
        if self.done:
            call()
        else:
            self._waiting.append(call)

    def __await__(self) -> Generator[Promise[T], None, T]:
        if not self.done:
            yield self
        return self._value  # type: ignore[return-value]


class Strand(Promise[T]):
    """A coroutine under way, which promises its result. What it raises comes out of whoever made it run on."""

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        super().__init__()
        self._work = work
        self._run()

    def _run(self) -> None:
        try:
            awaited: Promise[Any] = self._work.send(None)
        except StopIteration as stop:
            self.keep(stop.value)
        else:
            awaited.then(self._run)


async def all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results, of coroutines that run beside each other."""
    return [await strand for strand in [Strand(each) for each in work]]


async def first_of(strands: Iterable[Promise[T]]) -> None:
    """Until one of them is done; there is one."""
    one: Promise[None] = Promise()

    def done() -> None:
        if not one.done:
            one.keep(None)

    for strand in strands:
        strand.then(done)
    await one
