"""Which protocol answers which number: filled by the protocols themselves, read by what carries them.

The carriers (Ethernet, IP, UDP, TCP, GRE) and what they carry name each other in circles; this table is the one
place that knows both, so that every protocol stays a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.packets.dissection import Printer

__all__ = [
    "ETHERTYPES",
    "IP_PROTOCOLS",
    "PPP_PROTOCOLS",
    "TCP_PORTS",
    "UDP_PORTS",
    "application",
    "ethertype",
    "ip_protocol",
    "ppp_protocol",
]

ETHERTYPES: dict[int, Printer] = {}
IP_PROTOCOLS: dict[int, Printer] = {}
PPP_PROTOCOLS: dict[int, Printer] = {}
TCP_PORTS: dict[int, tuple[int, Printer]] = {}
UDP_PORTS: dict[int, tuple[int, Printer]] = {}

Register = Callable[[Printer], Printer]


def ethertype(*types: int) -> Register:
    """The function prints what follows these EtherTypes."""
    return _into(ETHERTYPES, types)


def ip_protocol(*numbers: int) -> Register:
    """The function prints these IP protocols, over IPv4 and IPv6."""
    return _into(IP_PROTOCOLS, numbers)


def ppp_protocol(*numbers: int) -> Register:
    """The function prints these PPP protocols."""
    return _into(PPP_PROTOCOLS, numbers)


def _into(table: dict[int, Printer], numbers: tuple[int, ...]) -> Register:
    def register(printer: Printer) -> Printer:
        for number in numbers:
            table[number] = printer
        return printer

    return register


def application(rank: int, *, udp: tuple[int, ...] = (), tcp: tuple[int, ...] = ()) -> Register:
    """The function prints the payload of these ports; of two that apply the lower `rank` does."""

    def register(printer: Printer) -> Printer:
        for port in udp:
            UDP_PORTS[port] = (rank, printer)
        for port in tcp:
            TCP_PORTS[port] = (rank, printer)
        return printer

    return register
