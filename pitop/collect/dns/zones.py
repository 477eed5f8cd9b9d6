"""A zone on the way, and what its servers say of it against each other and against its parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dns.name

from pitop.model.dns.trace import Cut

__all__ = ["Zone", "differences"]

Name = dns.name.Name


@dataclass(slots=True)
class Zone:
    """A delegation as its parent gave it; `addresses` grows as name servers without glue are found."""

    name: Name
    parent: Name | None
    servers: tuple[Name, ...]
    addresses: dict[Name, list[str]]
    port: int
    signed: bool | None = None
    glue: tuple[tuple[Name, str], ...] = ()
    child_servers: frozenset[Name] | None = None
    serials: dict[str, int] = field(default_factory=dict)
    fastest: dict[str, float] = field(default_factory=dict)

    def cut(self) -> Cut:
        return Cut(
            self.name.to_text(),
            None if self.parent is None else self.parent.to_text(),
            tuple(server.to_text() for server in self.servers),
            None if self.child_servers is None else tuple(sorted(each.to_text() for each in self.child_servers)),
            tuple((name.to_text(), address) for name, address in self.glue),
            tuple(sorted(self.serials.items())),
            self.signed,
        )


def differences(zone: Zone, sets: Mapping[frozenset[Name], Sequence[str]]) -> Iterator[str]:
    """What does not agree, in sentences; `sets` are the NS sets that its servers gave, with who gave them."""
    if sets:
        parents = frozenset(zone.servers)
        own = max(sets, key=lambda each: len(sets[each]))
        for names, here, there in (
            (parents - own, "its parent", "the zone itself"),
            (own - parents, "the zone itself", "its parent"),
        ):
            if names:
                yield f"{here} names {', '.join(sorted(each.to_text() for each in names))}, which {there} does not"
    if len(sets) > 1:
        yield "its servers do not agree on its NS records"
    if len(set(zone.serials.values())) > 1:
        said = ", ".join(f"{serial} at {address}" for address, serial in sorted(zone.serials.items()))
        yield f"its servers have different SOA serials: {said}"
