"""Who does what an action asks for: each kind of action by name, its performer imported when it is first needed."""

from __future__ import annotations

from importlib import import_module

from pitop.model.actions import Action, Outcome

__all__ = ["PERFORMERS", "perform"]

PERFORMERS: dict[str, str] = {
    "CloseSocket": "pitop.collect.sockets:close",
    "SendSignal": "pitop.collect.signals:perform",
    "SetAffinity": "pitop.collect.tuning:perform",
    "SetIoPriority": "pitop.collect.tuning:perform",
    "SetLimit": "pitop.collect.tuning:perform",
    "SetNice": "pitop.collect.tuning:perform",
    "SetOomScoreAdj": "pitop.collect.tuning:perform",
    "SetScheduler": "pitop.collect.tuning:perform",
    "ShiftNice": "pitop.collect.tuning:perform",
    "TimeCommand": "pitop.collect.time:perform",
    "WriteStream": "pitop.collect.packets.writing:perform",
}
"""The action's class name → `module:function`, a function from the action to its Outcome."""


def perform(action: Action) -> Outcome:
    """Do it, and say what came of it; whatever goes wrong is an outcome, too."""
    module, _, name = PERFORMERS[type(action).__name__].partition(":")
    try:
        outcome: Outcome = getattr(import_module(module), name)(action)
    except PermissionError as error:
        return Outcome(False, f"not permitted: {error.strerror or error}", "Run pitop as root for this.")
    except Exception as error:  # an action that fails is told where it was asked for, and ends nothing else
        return Outcome(False, f"{type(error).__name__}: {error}")
    return outcome
