"""What a pinged machine and a hop are about, for the scope."""

from __future__ import annotations

from pitop.model.leads import Sort, Subject
from pitop.model.path.hops import Hop
from pitop.model.path.snapshot import PingTarget
from pitop.model.scope import About

__all__ = ["about_hop", "about_target", "subject_of_machine"]


def about_target(row: PingTarget) -> About:
    """Its address and its name, as it was typed."""
    addresses = frozenset() if row.address is None else frozenset({row.address})
    return About(addresses=addresses, names=frozenset({row.name}))


def about_hop(row: Hop) -> About:
    """Every address that answered here, and what the last is called."""
    addresses = frozenset(each for each in (row.address, *row.others) if each is not None)
    return About(addresses=addresses, names=frozenset() if row.name is None else frozenset({row.name}))


def subject_of_machine(row: PingTarget | Hop | None) -> Subject | None:
    """A machine that answers, as what leads elsewhere; nothing for one without an address."""
    if row is None or row.address is None:
        return None
    return Subject(sort=Sort.MACHINE, addresses=(row.address,), name=row.name)
