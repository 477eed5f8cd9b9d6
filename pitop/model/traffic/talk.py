"""One conversation of two ends, and what an address is called."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from pitop.model.sockets import Owner

__all__ = ["End", "NameSource", "Named", "Talk"]

End = tuple[str, int]
"""An address and a port."""

NameSource = Literal["dns", "hosts", "reverse"]
"""Where a name came from: an answer that crossed the wire (the name that was asked for), the hosts file, a reverse
look-up. The first is what a program wanted; the last is what the owner of the address calls it."""


class Talk(Struct, frozen=True, gc=False, kw_only=True):
    """A conversation as the wire showed it, `a` being the end that opened it.

    `number` is its own while the capture runs. `transport` is `tcp` or `udp`, `protocol` what it carries as far as
    that was seen (`DNS`, `QUIC`, `TCP`). `a_here` and `b_here` tell whether the address is this machine's. An owner
    is None where the process is not known, or elsewhere; while `sought` it may still be found. `a_cookie` and
    `b_cookie` are the ends' socket cookies (sock_diag(7)). Octets are of whole packets; None for TCP, of which only
    the beginnings and ends are taken: its sockets count. `began` and `last` are unix seconds. `translated` are the
    two ends, in the order of `a` and `b`, as they are on the other side of an address translation (NAT).
    """

    number: int
    transport: str
    protocol: str
    a: End
    b: End
    a_here: bool
    b_here: bool
    a_owner: Owner | None = None
    b_owner: Owner | None = None
    a_cookie: int | None = None
    b_cookie: int | None = None
    sought: bool = False
    octets_ab: int | None = None
    octets_ba: int | None = None
    packets_ab: int | None = None
    packets_ba: int | None = None
    began: float
    last: float
    ended: bool = False
    translated: tuple[End, End] | None = None

    @property
    def here(self) -> bool:
        """Whether one of its ends is this machine's."""
        return self.a_here or self.b_here

    @property
    def ends_here(self) -> tuple[int, ...]:
        """Which of its ends (0 is a) are sockets of this machine, known or not. At a port that nobody listens on there
        is none: what comes to it is refused."""
        found = []
        if self.a_here:
            found.append(0)
        if self.b_here and (self.b_owner is not None or self.b_cookie is not None or self.sought):
            found.append(1)
        return tuple(found)

    @property
    def owner(self) -> Owner | None:
        """Who has this machine's end of it; of two, who opened it."""
        return self.a_owner if self.a_here else self.b_owner

    @property
    def peer(self) -> Owner | None:
        """Who has the other end, where that is this machine's, too."""
        return self.b_owner if self.a_here and self.b_here else None


class Named(Struct, frozen=True, gc=False):
    """A name of an address: where it came from, when it was learnt (unix seconds), and who asked for it, if known."""

    address: str
    name: str
    source: NameSource
    time: float
    asked_by: Owner | None = None
