"""The rows of the network, in the words of ip-link(8), ip-address(8), ip-route(8), ip-rule(8) and resolv.conf(5)."""

from __future__ import annotations

from msgspec import Struct

__all__ = [
    "Address",
    "Change",
    "Counters",
    "Interface",
    "Lease",
    "Nameserver",
    "Neighbour",
    "NextHop",
    "Resolver",
    "Route",
    "Rule",
]


class Counters(Struct, frozen=True):
    """What an interface has counted since it came up (struct rtnl_link_stats64, linux/if_link.h)."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_errors: int
    tx_errors: int
    rx_dropped: int
    tx_dropped: int
    multicast: int
    collisions: int
    rx_overruns: int  # receiver FIFO
    tx_overruns: int
    rx_frame: int  # length, ring buffer, CRC and frame alignment errors together, as /proc/net/dev
    tx_carrier: int  # carrier, aborted, window and heartbeat errors together, as /proc/net/dev
    rx_missed: int  # dropped by the device for want of buffers; ifconfig counts them as dropped


class Interface(Struct, frozen=True, kw_only=True):
    """One network interface.

    `state` is the operational state of RFC 2863 (UP, DOWN, LOWERLAYERDOWN, DORMANT, UNKNOWN …), `flags` are the
    device flags (UP, LOWER_UP, BROADCAST …) in ip's order. `link_kind` is what made a virtual one (veth, bridge,
    vlan …), "" for hardware. Rates are None at first sight.
    """

    index: int
    name: str
    state: str
    flags: tuple[str, ...]
    flag_bits: int
    link_type: str
    link_kind: str
    mac: str | None
    vendor: str | None
    mtu: int
    queue_length: int
    carrier: bool | None
    master: str | None
    parent: str | None
    speed_mbit: int | None
    duplex: str | None
    signal_dbm: float | None
    counters: Counters
    rx_bytes_per_second: float | None = None
    tx_bytes_per_second: float | None = None
    rx_packets_per_second: float | None = None
    tx_packets_per_second: float | None = None

    @property
    def up(self) -> bool:
        """Switched on by the administrator; says nothing about the cable."""
        return "UP" in self.flags


class Address(Struct, frozen=True, kw_only=True):
    """An address on an interface. Lifetimes in seconds; None lasts for ever."""

    interface: str
    index: int
    family: int
    address: str
    prefix_length: int
    peer: str | None
    broadcast: str | None
    scope: str
    label: str | None
    flags: tuple[str, ...]
    valid_seconds: int | None
    preferred_seconds: int | None


class NextHop(Struct, frozen=True):
    """One way out of a route. The kernel passes a dead one over; one without carrier only where it is told to
    (`ignore_routes_with_linkdown`, off by default)."""

    gateway: str | None
    interface: str | None
    weight: int = 1
    dead: bool = False
    carrier: bool = True


class Route(Struct, frozen=True, kw_only=True):
    """A route. `destination` is `default`, an address, or `network/length`; `kind` is ip's type (unicast, local …)."""

    family: int
    table: str
    table_id: int
    kind: str
    destination: str
    source_prefix: str | None
    tos: int
    metric: int
    scope: str
    protocol: str
    source: str | None
    preference: str | None
    hops: tuple[NextHop, ...]
    expires_seconds: float | None = None
    mtu: int | None = None

    @property
    def gateway(self) -> str | None:
        """The first next hop's gateway; None where the destination is on the link."""
        return self.hops[0].gateway if self.hops else None

    @property
    def interface(self) -> str | None:
        """The first next hop's interface."""
        return self.hops[0].interface if self.hops else None


class Rule(Struct, frozen=True, kw_only=True):
    """A routing policy rule (ip-rule(8)): when all of its selectors match, its action is taken."""

    family: int
    priority: int
    action: str  # lookup, goto, nop, blackhole, unreachable, prohibit
    table: str
    table_id: int
    inverted: bool = False
    source: str | None = None
    destination: str | None = None
    tos: int = 0
    mark: int | None = None
    mark_mask: int = 0xFFFFFFFF
    input_interface: str | None = None
    output_interface: str | None = None
    users: tuple[int, int] | None = None
    protocol: int | None = None
    source_ports: tuple[int, int] | None = None
    destination_ports: tuple[int, int] | None = None
    suppress_prefix_length: int | None = None
    goto: int | None = None


class Neighbour(Struct, frozen=True, kw_only=True):
    """A machine on the link, from ARP or neighbour discovery. `state` as ip prints it (REACHABLE, STALE, FAILED …)."""

    family: int
    address: str
    mac: str | None
    vendor: str | None
    interface: str
    state: str
    router: bool
    proxy: bool
    confirmed_seconds: float | None
    used_seconds: float | None
    updated_seconds: float | None


class Lease(Struct, frozen=True, kw_only=True):
    """An address that a DHCP server lent, as the client wrote it down. Times are unix seconds, None where not told."""

    interface: str
    client: str  # dhclient, dhcpcd, NetworkManager, systemd-networkd
    address: str
    prefix_length: int | None = None
    server: str | None = None
    routers: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    domain: str | None = None
    hostname: str | None = None
    lease_seconds: int | None = None
    obtained_time: float | None = None
    renew_time: float | None = None
    rebind_time: float | None = None
    expiry_time: float | None = None
    path: str = ""


class Nameserver(Struct, frozen=True, kw_only=True):
    """A name server that this machine is told to ask, by resolv.conf or, for a link, by its network service."""

    address: str
    interface: str | None = None
    origin: str = ""  # the file that names it
    used: bool = True  # False for those past the third in resolv.conf, which the C library never asks


class Resolver(Struct, frozen=True, kw_only=True):
    """How the C library's resolver is set up (resolv.conf(5))."""

    servers: tuple[Nameserver, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class Change(Struct, frozen=True, kw_only=True):
    """One thing that came, went or became different: `sign` is + - or ~, `key` names the row, `words` say it."""

    time: float
    kind: str
    key: str
    sign: str
    words: str
