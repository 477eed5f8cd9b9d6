"""Several blocking calls at the same time, on threads that nobody waits for at the end of the program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["together"]

T = TypeVar("T")
R = TypeVar("R")


def together(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` for each of `items`, all at once, in their order. Raises what the first of them raised.

    Not an executor, whose threads would hold the program back when it is left while a name server is silent.
    """
    results: dict[int, R] = {}
    errors: dict[int, BaseException] = {}

    def run(place: int) -> None:
        try:
            results[place] = work(items[place])
        except Exception as error:  # raised again where the results are asked for
            errors[place] = error

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(items))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(items))]
