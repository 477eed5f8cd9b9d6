"""What an expression is made of and compiles to."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

__all__ = ["Filter", "FilterError", "Kind", "Operand", "Test", "compile_filter"]

R = TypeVar("R")
Test = Callable[[R], bool | None]

_LONGEST = 20_000  # characters of an expression; a scope may name many processes


class Kind(enum.Enum):
    """How a field's values compare and how a value is written in an expression."""

    TEXT = "text"
    NUMBER = "a number"
    BYTES = "a size"
    SECONDS = "a time"
    MILLISECONDS = "a time in ms"
    FLAG = "yes or no"
    ADDRESS = "address"


class Operand(Struct, Generic[R], frozen=True):
    """One field that an expression may name: its key, its kind, and how to read it from a row.

    `others` are fields that answer to the same name: a comparison holds when it does for one of them (`port=80` for
    either side of a packet), one with `!=` or `!~` when it does for all.
    """

    key: str
    kind: Kind
    read: Callable[[R], Any]
    others: tuple[Operand[R], ...] = ()


class FilterError(ValueError):
    """A wrong expression: what is wrong, and where (`position` and `length` in characters)."""

    def __init__(self, message: str, position: int, length: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = max(1, length)

    def caret(self) -> str:
        """Carets to stand under the expression."""
        return " " * self.position + "^" * self.length


class Filter(Struct, Generic[R], frozen=True):
    """A compiled expression: its text, the test, and the keys of the fields that it reads."""

    text: str
    test: Test[R]
    keys: frozenset[str]

    def __call__(self, row: R) -> bool:
        return self.test(row) is True


def compile_filter(text: str, operands: Mapping[str, Operand[R]], main: Sequence[Operand[R]]) -> Filter[R]:
    """Compile `text`; `operands` are the fields by every name they answer to, `main` what a lone word matches.

    Raises FilterError with the place. An empty text matches every row.
    """
    if len(text) > _LONGEST:
        raise FilterError(f"an expression has at most {_LONGEST} characters", _LONGEST)
    if not text.strip():
        return Filter(text, _always, frozenset())
    from pitop.model.filter.parser import Parser  # when the first expression is there

    parser = Parser(text, operands, main)
    return Filter(text, parser.whole(), frozenset(parser.keys))


def _always(row: Any) -> bool | None:
    return True
