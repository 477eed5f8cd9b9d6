"""A way to trace: c - r1 - (r2a | r2b) - r3 - r4 - t, with a fork and a smaller MTU where asked for."""

from __future__ import annotations

from tests.netlab import Lab

__all__ = ["TARGET", "TARGET6", "build"]

TARGET, TARGET6 = "10.9.7.2", "fd09:7::2"

_LINKS = (
    ("c", "r1", 1),
    ("r1", "r2a", 2),
    ("r1", "r2b", 3),
    ("r2a", "r3", 4),
    ("r2b", "r3", 5),
    ("r3", "r4", 6),
    ("r4", "t", 7),
)


def build(lab: Lab, *, fork: bool = False, mtu: int = 1500) -> None:
    """Make the way; with `fork` r1 shares flows out over r2a and r2b, else all go by r2a. `mtu` is that of r3 - r4."""
    lab.add("c", "r1", "r2a", "r2b", "r3", "r4", "t")
    for a, b, number in _LINKS:
        lab.link(a, b, number, mtu if number == 6 else 1500)
    # Policy 3 and these fields: with 1 the kernel reuses a hash that veth carries over from the sending socket.
    lab.sysctl("r1", **{"net.ipv4.fib_multipath_hash_policy": 3, "net.ipv4.fib_multipath_hash_fields": 0x37})
    lab.sysctl("r1", **{"net.ipv6.fib_multipath_hash_policy": 3, "net.ipv6.fib_multipath_hash_fields": 0x37})
    for four, net in (("", "10.9.{}.{}"), ("-6 ", "fd09:{}::{}")):

        def via(number: int, host: int, net: str = net) -> str:
            return net.format(number, host)

        ways = f"nexthop via {via(2, 2)} nexthop via {via(3, 2)}" if fork else f"via {via(2, 2)}"
        size = "24" if not four else "64"
        near = [via(number, 0).replace("::0", "::") + f"/{size}" for number in (1, 2, 3)]
        for name, words in (
            ("c", f"default via {via(1, 2)}"),
            ("r1", f"default {ways}"),
            ("r2a", f"default via {via(4, 2)}"),
            ("r2b", f"default via {via(5, 2)}"),
            ("r2a", f"{near[0]} via {via(2, 1)}"),
            ("r2b", f"{near[0]} via {via(3, 1)}"),
            ("r3", f"default via {via(6, 2)}"),
            ("r3", f"{near[0]} via {via(4, 1)}"),
            ("r3", f"{near[1]} via {via(4, 1)}"),
            ("r3", f"{near[2]} via {via(5, 1)}"),
            ("r4", f"default via {via(6, 1)}"),
            ("t", f"default via {via(7, 1)}"),
        ):
            lab.ip(name, *f"{four}route add {words}".split())
