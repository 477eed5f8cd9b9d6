"""What a person may do to the machine, as values: asked of a source, answered with an outcome."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Action", "Outcome", "Performed"]


class Action(Struct, frozen=True):
    """The base of everything that changes something. What it hits is named by identity, never by a pid alone."""


class Outcome(Struct, frozen=True):
    """What came of an action, in one sentence, and what would help where it failed."""

    done: bool
    message: str
    advice: str = ""


class Performed(Struct, frozen=True):
    """An action that was asked for here, when (unix seconds) it was done, and what came of it."""

    time: float
    action: Action
    outcome: Outcome
