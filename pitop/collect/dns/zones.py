"""A zone on the way, and what its servers say of it against each other and against its parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from pitop.model.dns.trace import Cut

__all__ = ["Zone", "differences"]


class Zone(Struct, eq=False):
    """A delegation as its parent gave it; `addresses` grows as name servers without glue are found."""

    name: str
    parent: str | None
    servers: tuple[str, ...]
    addresses: dict[str, list[str]]
    port: int
    signed: bool | None = None
    glue: tuple[tuple[str, str], ...] = ()
    child_servers: frozenset[str] | None = None
    serials: dict[str, int] = {}  # noqa: RUF012: msgspec gives every zone its own
    fastest: dict[str, float] = {}

    def cut(self) -> Cut:
        return Cut(
            self.name,
            self.parent,
            self.servers,
            None if self.child_servers is None else tuple(sorted(self.child_servers)),
            self.glue,
            tuple(sorted(self.serials.items())),
            self.signed,
        )


def differences(zone: Zone, sets: Mapping[frozenset[str], Sequence[str]]) -> Iterator[str]:
    """What does not agree, in sentences; `sets` are the NS sets that its servers gave, with who gave them."""
    if sets:
        parents = frozenset(zone.servers)
        own = max(sets, key=lambda each: len(sets[each]))
        for names, here, there in (
            (parents - own, "its parent", "the zone itself"),
            (own - parents, "the zone itself", "its parent"),
        ):
            if names:
                yield f"{here} names {', '.join(sorted(names))}, which {there} does not"
    if len(sets) > 1:
        yield "its servers do not agree on its NS records"
    if len(set(zone.serials.values())) > 1:
        said = ", ".join(f"{serial} at {address}" for address, serial in sorted(zone.serials.items()))
        yield f"its servers have different SOA serials: {said}"
