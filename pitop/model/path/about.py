"""What a pinged machine and a hop are about, for the scope."""

from __future__ import annotations

from pitop.model.path.hops import Hop
from pitop.model.path.snapshot import PingTarget
from pitop.model.scope import About

__all__ = ["about_hop", "about_target"]


def about_target(row: PingTarget) -> About:
    """Its address and its name, as it was typed."""
    addresses = frozenset() if row.address is None else frozenset({row.address})
    return About(addresses=addresses, names=frozenset({row.name}))


def about_hop(row: Hop) -> About:
    """Every address that answered here, and what the last is called."""
    addresses = frozenset(each for each in (row.address, *row.others) if each is not None)
    return About(addresses=addresses, names=frozenset() if row.name is None else frozenset({row.name}))
