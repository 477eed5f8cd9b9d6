"""Options that commands have in common."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TypeVar

from pitop.model.filter import Filter, FilterError, Operand, compile_filter

__all__ = ["add_json", "add_repeat", "checked_filter", "seconds"]

R = TypeVar("R")


def seconds(text: str) -> float:
    """An interval: 0.1 to 3600 seconds."""
    value = float(text)
    if not 0.1 <= value <= 3600:
        raise argparse.ArgumentTypeError("seconds from 0.1 to 3600")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("a count from 1 up")
    return value


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="one JSON object a snapshot, one line each")


def add_repeat(parser: argparse.ArgumentParser) -> None:
    """--interval and --count."""
    parser.add_argument("--interval", type=seconds, metavar="S", help="repeat every S seconds; rates need this")
    parser.add_argument("--count", type=_count, metavar="N", help="end after N snapshots")


def checked_filter(
    parser: argparse.ArgumentParser, text: str, operands: Mapping[str, Operand[R]], main: tuple[str, ...]
) -> Filter[R]:
    """The compiled expression; a wrong one ends the command with carets under the place."""
    try:
        return compile_filter(text, operands, [operands[name] for name in main])
    except FilterError as error:
        parser.exit(2, f"{parser.prog}: filter: {error.message}\n  {text}\n  {error.caret()}\n")
