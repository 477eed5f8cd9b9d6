"""Options that commands have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pitop.cli.numbers import whole
from pitop.collect.scope import grown, scope_of
from pitop.model.filter import Filter, FilterError, Operand, compile_filter
from pitop.model.scope import About, Scope, ScopeError

__all__ = ["add_json", "add_repeat", "add_scope", "checked_filter", "checked_scope", "joined_sort", "scoped", "seconds"]

R = TypeVar("R")


def seconds(text: str) -> float:
    """An interval: 0.1 to 3600 seconds."""
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("seconds from 0.1 to 3600")
    return value


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="one JSON object a snapshot, one line each")


def add_repeat(parser: argparse.ArgumentParser) -> None:
    """--interval and --count."""
    parser.add_argument("--interval", type=seconds, metavar="S", help="repeat every S seconds; rates need this")
    parser.add_argument("--count", type=whole(1), metavar="N", help="end after N snapshots")


def add_scope(parser: argparse.ArgumentParser) -> None:
    """--scope."""
    parser.add_argument(
        "--scope",
        metavar="SCOPE",
        help="only what belongs to pid:N (pid:N+ with all below it), user:NAME, host:ADDRESS, port:N, name:NAME",
    )


def joined_sort(arguments: Sequence[str]) -> list[str]:
    """`--sort -KEY` as one word, so that the minus is not taken for an option."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--sort":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def checked_scope(parser: argparse.ArgumentParser, text: str | None) -> Scope | None:
    """The scope that --scope names; words that make none end the command. Raises Unavailable for a pid nobody has."""
    if text is None:
        return None
    try:
        return scope_of(text)
    except ScopeError as error:
        parser.error(str(error))


def scoped(rows: Sequence[R], scope: Scope | None, about: Callable[[R], About]) -> list[R]:
    """Those of `rows` that belong to `scope`; all, and a word on standard error, where it means nothing to them."""
    if scope is None:
        return list(rows)
    scope = grown(scope)
    said = [scope.holds(about(row)) for row in rows]
    if rows and all(each is None for each in said):
        print(f"pitop: a scope of {scope.kind.value}: means nothing here; all are shown", file=sys.stderr)
        return list(rows)
    return [row for row, each in zip(rows, said, strict=True) if each]


def checked_filter(
    parser: argparse.ArgumentParser, text: str, operands: Mapping[str, Operand[R]], main: tuple[str, ...]
) -> Filter[R]:
    """The compiled expression; a wrong one ends the command with carets under the place."""
    try:
        return compile_filter(text, operands, [operands[name] for name in main])
    except FilterError as error:
        parser.exit(2, f"{parser.prog}: filter: {error.message}\n  {text}\n  {error.caret()}\n")
