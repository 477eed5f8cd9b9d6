"""What validation says, and on what grounds. No dnspython here."""

from __future__ import annotations

import enum

from msgspec import Struct

__all__ = ["Link", "Security", "Verdict"]


class Security(enum.Enum):
    """The four states of RFC 4033 5."""

    SECURE = "secure"
    INSECURE = "insecure"
    INDETERMINATE = "indeterminate"
    BOGUS = "bogus"

    @property
    def rank(self) -> int:
        """How bad: the worst link decides the chain."""
        return list(Security).index(self)


class Link(Struct, frozen=True):
    """One thing that was checked: in which zone, what (`DS`, `DNSKEY`, `A`, `NSEC3`), and how it came out."""

    zone: str
    what: str
    security: Security
    words: str


class Verdict(Struct, frozen=True):
    """The security of an answer, why in a sentence, and every link from the anchor down."""

    security: Security
    why: str
    links: tuple[Link, ...] = ()
