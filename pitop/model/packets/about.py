"""What a packet is, as far as that leads to other panes."""

from __future__ import annotations

from pitop.model.leads import Party, Sort, Subject
from pitop.model.packets.packet import Packet
from pitop.model.scope import Flow

__all__ = ["flow_of", "subject_of_packet"]


def flow_of(packet: Packet) -> Flow | None:
    """The conversation that a packet belongs to; None where it has no ports."""
    if packet.source is None or packet.destination is None:
        return None
    if packet.source_port is None or packet.destination_port is None:
        return None
    protocol = "udp" if packet.tcp_flags is None else "tcp"
    ends = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    return Flow.between(protocol, *ends)


def subject_of_packet(packet: Packet | None) -> Subject | None:
    """A packet as what leads elsewhere: who had its socket when it passed, its conversation, both its ends."""
    if packet is None or not packet.number:
        return None
    party = None if packet.pid is None else Party(packet.pid, packet.process or "?", packet.start_ticks, packet.time)
    ends = dict.fromkeys(each for each in (packet.destination, packet.source) if each is not None)
    return Subject(
        sort=Sort.PACKET,
        process=party,
        flow=flow_of(packet),
        addresses=tuple(ends) if packet.source_port is not None or packet.protocol.startswith("ICMP") else (),
        name=packet.dns_name or packet.tls_server_name,
    )
