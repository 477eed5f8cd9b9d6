"""One thing that was looked at on the way."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Step"]


class Step(Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    `outcome`: `ok`; `failed`, nothing behind it can work; `warning`, odd but not in the way; `skipped`, not needed.
    `fault` names what is broken (or in doubt) in a word, "" where nothing is; `cause` and `advice` are a sentence each.
    """

    name: str
    outcome: str
    tried: str
    came: str
    time_ms: float | None = None
    fault: str = ""
    cause: str = ""
    advice: str = ""
