"""A packet as the line that `tcpdump -n` prints after the time."""

from __future__ import annotations

# Every protocol enters itself into the registry when its module is imported.
from pitop.model.packets import (
    applications as _applications,
)
from pitop.model.packets import (
    arp as _arp,
)
from pitop.model.packets import (
    dhcp as _dhcp,
)
from pitop.model.packets import (
    domain as _domain,
)
from pitop.model.packets import (
    icmp as _icmp,
)
from pitop.model.packets import (
    icmp6 as _icmp6,
)
from pitop.model.packets import (
    igmp as _igmp,
)
from pitop.model.packets import (
    ptp as _ptp,
)
from pitop.model.packets import (
    routing as _routing,
)
from pitop.model.packets import (
    sctp as _sctp,
)
from pitop.model.packets import (
    texts as _texts,
)
from pitop.model.packets import (
    tunnels as _tunnels,
)
from pitop.model.packets import (
    udp as _udp,
)
from pitop.model.packets.dissection import Cut, Dissection, Relative, SequenceBook
from pitop.model.packets.links import LINK_NAMES, LINKS

__all__ = ["MOST_BYTES", "packet_line"]

_REGISTERED = (
    _applications, _arp, _dhcp, _domain, _icmp, _icmp6, _igmp, _ptp, _routing, _sctp, _texts, _tunnels, _udp,
)  # fmt: skip
MOST_BYTES = 262144  # of one packet, as tcpdump and libpcap have it


def packet_line(data: bytes, link: int, length: int | None = None, sequences: Relative | None = None) -> str:
    """The line of a packet: `data` as captured, `length` as it was on the wire, `link` the pcap link type.

    What tcpdump prints on lines of their own (dumps of what is unknown) follows after newlines. Never raises, and
    takes time and memory in proportion to the packet.
    """
    length = len(data) if length is None else length
    wrong = _impossible(data, length)
    if wrong:
        return wrong
    d = Dissection(data, SequenceBook() if sequences is None else sequences)
    printer = LINKS.get(link)
    try:
        if printer is None:
            name = LINK_NAMES.get(link)
            d.say(f"{name}, length {length}" if name else f"link type {link}, length {length}")
            d.dump(0, len(data))
        else:
            printer(d, 0, length)
    except Cut:
        d.cut()
    return "".join(d.out)


def _impossible(data: bytes, length: int) -> str:
    """What is wrong with a record whose sizes cannot be."""
    captured = len(data)
    reasons = []
    if captured == 0:
        reasons.append("caplen==0")
    if length == 0:
        reasons.append("len==0")
    elif length < captured:
        reasons.append(f"len({length}) < caplen({captured})")
    if captured > MOST_BYTES:
        reasons.append(f"caplen({captured}) > {MOST_BYTES}")
    if length > MOST_BYTES:
        reasons.append(f"len({length}) > {MOST_BYTES}")
    return f"[Invalid header: {', '.join(reasons)}]" if reasons else ""
