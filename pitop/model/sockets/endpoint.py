"""One reading of one socket, as the kernel gives it."""

from __future__ import annotations

import enum

from msgspec import Struct

__all__ = ["TCP_STATES", "Endpoint", "EndpointKey", "Family", "Tcp", "Unix"]

EndpointKey = tuple[int, int | str]
"""What a socket is: the inode of its network namespace (0: the one looked from), and its cookie (sock_diag(7)).

Where the kernel tells no cookies the second is a text made of protocol, addresses and inode.
"""

TCP_STATES = (
    "UNKNOWN",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
    "SYN_RECV",  # TCP_NEW_SYN_RECV: half open, not yet a socket of its own
    "CLOSE",  # TCP_BOUND_INACTIVE: bound, neither listening nor connected
)
"""netstat's words for the states of net/tcp_states.h, by number."""


class Family(enum.Enum):
    """Which world a socket's addresses belong to."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    UNIX = "unix"
    PACKET = "packet"


class Tcp(Struct, frozen=True, gc=False):
    """What tcp_info (linux/tcp.h) tells of one connection. None is what this kernel is too old to tell.

    Times of the last segments are unix seconds; windows are in segments where the kernel counts segments.
    """

    rtt_ms: float | None
    rtt_variation_ms: float | None
    minimum_rtt_ms: float | None
    rto_ms: float
    congestion_window: int
    slow_start_threshold: int | None
    congestion_control: str | None
    congestion_state: str
    retransmits: int
    unacked: int
    lost: int
    reordering: int
    mss_bytes: int
    receive_mss_bytes: int
    path_mtu_bytes: int
    bytes_sent: int | None
    bytes_acked: int | None
    bytes_received: int | None
    bytes_retransmitted: int | None
    segments_sent: int | None
    segments_received: int | None
    unsent_bytes: int | None
    pacing_bytes_per_second: float | None
    delivery_bytes_per_second: float | None
    busy_ms: float | None
    receive_window_limited_ms: float | None
    send_buffer_limited_ms: float | None
    application_limited: bool | None
    last_sent_time: float | None
    last_received_time: float | None
    options: str


class Unix(Struct, frozen=True, gc=False):
    """What only unix sockets have: their type, the inode of the other end, and netstat's RefCnt and Flags."""

    kind: str  # STREAM, DGRAM, SEQPACKET
    peer_inode: int | None = None
    references: int | None = None
    accepts: bool = False


class Endpoint(Struct, frozen=True, gc=False, kw_only=True):
    """One socket at one moment. None is what the kernel does not tell, or what the socket does not have.

    `protocol` and `state` are in netstat's words. IPv4 in an IPv6 socket is written as IPv4, as netstat does; the
    protocol still ends in 6. The queues are in bytes, except of a listener: `receive_queue` is how many connections
    wait to be accepted, `send_queue` how many may. Of a raw socket `local_port` is the IP protocol, of a packet
    socket the Ethernet type (0 is all). `timer_time` is when the timer fires, in unix seconds. `retries` counts
    timeouts in a row without an answer. `drops` is what the kernel threw away for want of room.
    """

    key: EndpointKey
    protocol: str
    family: Family
    state: str
    receive_queue: int | None
    send_queue: int | None
    local_address: str | None
    local_port: int | None
    remote_address: str | None
    remote_port: int | None
    uid: int | None
    inode: int
    cookie: int | None = None
    interface_index: int = 0
    interface: str = ""
    timer: str = ""
    timer_time: float | None = None
    retries: int | None = None
    drops: int | None = None
    receive_buffer_bytes: int | None = None
    send_buffer_bytes: int | None = None
    only_ipv6: bool | None = None
    cgroup: int | None = None
    tcp: Tcp | None = None
    unix: Unix | None = None

    @property
    def transport(self) -> str:
        """The protocol without the version of IP: tcp, udp, udplite, raw, unix, packet."""
        return self.protocol.rstrip("6")

    @property
    def listening(self) -> bool:
        """Whether strangers may reach it: a TCP or unix listener, or an unconnected UDP socket bound to a port."""
        if self.state in ("LISTEN", "LISTENING"):
            return True
        if self.tcp is not None:
            return False
        return self.transport in ("udp", "udplite") and self.remote_port is None and bool(self.local_port)
