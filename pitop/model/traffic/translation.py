"""Conversations whose addresses are translated on their way (NAT): what one is called on the other side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pitop.model.traffic.talk import End

__all__ = ["OtherSide", "Translation", "other_sides"]

OtherSide = Mapping[tuple[str, End, End], tuple[End, End]]
"""Transport and two ends, as they are on one side → the same two ends, as they are on the other side."""


class Translation(NamedTuple):
    """A translated connection: who opened it to where, and what answers to whom, as conntrack keeps both."""

    transport: str
    source: End
    target: End
    answering: End
    answered: End


def other_sides(translations: Iterable[Translation]) -> OtherSide:
    """Where to find each connection by its ends, from either side and in either order."""
    found: dict[tuple[str, End, End], tuple[End, End]] = {}
    for transport, source, target, answering, answered in translations:
        found[transport, source, target] = (answered, answering)
        found[transport, target, source] = (answering, answered)
        found[transport, answered, answering] = (source, target)
        found[transport, answering, answered] = (target, source)
    return found
