"""Numbers on the command line: within bounds, and said in words where they are not."""

from __future__ import annotations

import argparse
from collections.abc import Callable

__all__ = ["real", "whole"]


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number from `least` to `most`; None: as large as one likes."""
    words = f"a whole number from {least} {'up' if most is None else f'to {most}'} is needed"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(words) from None
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(words)
        return value

    return parse


def real(least: float, most: float = 1e9) -> Callable[[str], float]:
    """Reads a number from `least` to `most`."""
    words = f"a number from {least:g} {f'to {most:g}' if most < 1e9 else 'up'} is needed"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(words) from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(words)
        return value

    return parse
