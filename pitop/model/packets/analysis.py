"""What goes wrong in TCP connections, told from their packets, in the words of Wireshark's analysis.

The rules are those of its user guide ("TCP Analysis"): they look at one direction's next expected sequence number,
the other direction's last acknowledgement and window, and the time in between. What was lost before the capture
cannot be told.
"""

from __future__ import annotations

from pitop.model.packets.summary import Summary

__all__ = ["WORDS", "Analysis", "Side", "window_scale"]

WORDS = {
    "tcp retransmission": "Sent again: the first copy, or its acknowledgement, got lost or came too late.",
    "tcp fast retransmission": "Sent again at once, after two or more duplicate acknowledgements.",
    "tcp spurious retransmission": "Sent again although it had been acknowledged already.",
    "tcp out-of-order": "Overtaken on its way: it belongs before a segment that came earlier.",
    "tcp dup ack": "The same acknowledgement again: the receiver misses something and says from where on.",
    "tcp previous segment not captured": "There is a hole before this segment: lost, or not captured.",
    "tcp acked unseen segment": "Acknowledges what never was seen here: the capture missed it.",
    "tcp zero window": "The receiver has no room left: its application does not read fast enough.",
    "tcp zero window probe": "One byte, to ask whether there is room again.",
    "tcp zero window probe ack": "There is still no room.",
    "tcp window full": "This fills the receiver's whole window: the sender must wait now.",
    "tcp window update": "The receiver has room again, or more of it.",
    "tcp keep-alive": "Says nothing new, to see whether the other side still lives.",
    "tcp keep-alive ack": "The other side still lives.",
    "tcp reset": "The connection was refused or broken off.",
    "tcp port numbers reused": "A new connection between the same two ports.",
}
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_OUT_OF_ORDER = 0.003  # seconds after the highest segment within which an older one counts as overtaken
_FAST = 0.020  # seconds after the last duplicate ack within which the repetition counts as fast
_MOST = 20_000
_ALL, _HALF = 0xFFFFFFFF, 0x80000000  # sequence numbers are taken modulo 2³²; half of them lie ahead


class Side:
    """One direction of a connection."""

    __slots__ = (
        "ack", "dup_acks", "dup_time", "highest_time", "keeping_alive", "last_sequence", "next", "probing", "scale",
        "window", "zero",
    )  # fmt: skip

    def __init__(self) -> None:
        self.next: int | None = None  # the sequence number that is expected
        self.ack: int | None = None  # the last acknowledgement that this side sent
        self.window: int | None = None
        self.scale = -1
        self.dup_acks = 0
        self.dup_time = 0.0
        self.highest_time = 0.0
        self.last_sequence = -1
        self.keeping_alive = False
        self.probing = False
        self.zero = False


def _after(one: int, other: int) -> bool:
    """Whether sequence number `one` lies behind `other`, modulo 2³²."""
    return 0 < (one - other) & _ALL < _HALF


def _fills(end: int, theirs: Side) -> bool:
    """Whether a segment that goes up to `end` fills the receiver's window, as far as its scale is known."""
    if not theirs.window or theirs.ack is None or theirs.scale < 0:
        return False
    return end == (theirs.ack + (theirs.window << theirs.scale)) & _ALL


def _healthy(packet: Summary, mine: Side, theirs: Side, time: float) -> bool:
    """Enter a segment that comes as expected and of which nothing is to be said, as nearly all do: in order,
    acknowledging something new or carrying something, both windows open. False, and nothing done, for any other."""
    sequence, ack, size, window = packet.sequence, packet.ack, packet.size, packet.window
    if packet.flags & (_FIN | _SYN | _RST | _ACK) != _ACK or sequence != mine.next or not window or theirs.zero:
        return False
    if (size == 0 and ack == mine.ack) or (theirs.next is not None and 0 < (ack - theirs.next) & _ALL < _HALF):
        return False
    if size:
        end = (sequence + size) & _ALL
        if _fills(end, theirs):
            return False
        mine.next = end
        mine.highest_time = time
    if mine.ack is None or 0 < (ack - mine.ack) & _ALL < _HALF:
        mine.ack = ack
    mine.window = window
    mine.dup_acks = 0
    mine.last_sequence = sequence
    mine.zero = mine.keeping_alive = mine.probing = False
    return True


class Analysis:
    """Follows every connection of a capture; `judge` takes its packets in their order.

    Remembers the last 20,000 connections.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[bytes, bytes, int, int], tuple[Side, Side]] = {}

    def judge(
        self, packet: Summary, time: float, scale: int | None = None, sides: tuple[Side, Side] | None = None
    ) -> tuple[str, ...]:
        """What is to be said of a TCP segment; nothing for a healthy one. `time` in seconds.

        `scale` is the window scale option of a SYN, where it was read. `sides` are the sender's and the receiver's
        where whoever calls keeps them; then nothing has to be looked up.
        """
        mine, theirs = self._sides(packet) if sides is None else sides
        if _healthy(packet, mine, theirs, time):
            return ()
        flags = packet.flags
        words: list[str] = []
        if flags & _RST:
            words.append("tcp reset")
        if flags & _SYN and not flags & _ACK and mine.next is not None and mine.last_sequence != packet.sequence:
            words.append("tcp port numbers reused")
            mine.__init__()  # type: ignore[misc]
            theirs.__init__()  # type: ignore[misc]
        if flags & _SYN:
            mine.scale = -1 if scale is None else scale
        self._sequence_words(packet, mine, theirs, time, words)
        self._window_words(packet, mine, theirs, words)
        self._ack_words(packet, mine, theirs, time, words)
        self._remember(packet, mine, time, words)
        return tuple(words)

    def _sides(self, packet: Summary) -> tuple[Side, Side]:
        one = (packet.source, packet.source_port)
        other = (packet.destination, packet.destination_port)
        turned = one > other
        low, high = (other, one) if turned else (one, other)
        key = (low[0], high[0], low[1], high[1])
        found = self._connections.get(key)
        if found is None:
            if len(self._connections) >= _MOST:
                del self._connections[next(iter(self._connections))]
            found = self._connections[key] = (Side(), Side())
        return (found[1], found[0]) if turned else found

    @staticmethod
    def _sequence_words(packet: Summary, mine: Side, theirs: Side, time: float, words: list[str]) -> None:
        flags, size, sequence = packet.flags, packet.size, packet.sequence
        if mine.next is None or flags & _RST:
            return
        control = flags & (_SYN | _FIN)
        if theirs.zero and size == 1 and sequence == mine.next:
            words.append("tcp zero window probe")
            return
        if size <= 1 and not control and sequence == (mine.next - 1) & 0xFFFFFFFF:
            if flags & _ACK:
                words.append("tcp keep-alive")
            return
        if _after(sequence, mine.next):
            words.append("tcp previous segment not captured")
        elif (size or control) and _after(mine.next, sequence):
            end = (sequence + size) & 0xFFFFFFFF
            if theirs.dup_acks >= 2 and theirs.ack == sequence and time - theirs.dup_time < _FAST:
                words.append("tcp fast retransmission")
            elif theirs.ack is not None and size and not _after(end, theirs.ack):
                words.append("tcp spurious retransmission")
            elif time - mine.highest_time < _OUT_OF_ORDER and end != mine.next and not flags & _SYN:
                words.append("tcp out-of-order")
            else:
                words.append("tcp retransmission")

    @staticmethod
    def _window_words(packet: Summary, mine: Side, theirs: Side, words: list[str]) -> None:
        flags, size = packet.flags, packet.size
        control = flags & (_SYN | _FIN | _RST)
        if packet.window == 0 and not control:
            words.append("tcp zero window")
        if size and not control and _fills((packet.sequence + size) & _ALL, theirs):
            words.append("tcp window full")

    @staticmethod
    def _ack_words(packet: Summary, mine: Side, theirs: Side, time: float, words: list[str]) -> None:
        flags, size, ack = packet.flags, packet.size, packet.ack
        if not flags & _ACK or flags & _RST:
            return
        if theirs.next is not None and _after(ack, theirs.next):
            words.append("tcp acked unseen segment")
        plain = size == 0 and not flags & (_SYN | _FIN) and "tcp keep-alive" not in words
        if not plain or ack != mine.ack:
            mine.dup_acks = 0
            return
        same_place = packet.sequence == mine.next
        if mine.window is not None and packet.window != mine.window and same_place:
            if packet.window:
                words.append("tcp window update")
        elif theirs.probing and mine.zero:
            words.append("tcp zero window probe ack")
        elif theirs.keeping_alive and same_place:
            words.append("tcp keep-alive ack")
        elif packet.window and same_place:
            mine.dup_acks += 1
            mine.dup_time = time
            words.append("tcp dup ack")

    @staticmethod
    def _remember(packet: Summary, mine: Side, time: float, words: list[str]) -> None:
        flags, size = packet.flags, packet.size
        if flags & _ACK:
            if mine.ack is None or _after(packet.ack, mine.ack):
                mine.ack = packet.ack
            mine.window = packet.window
            mine.zero = packet.window == 0 and not flags & (_SYN | _FIN | _RST)
        length = size + bool(flags & _SYN) + bool(flags & _FIN)
        end = (packet.sequence + length) & 0xFFFFFFFF
        if mine.next is None or _after(end, mine.next):
            mine.next = end
            mine.highest_time = time
        mine.last_sequence = packet.sequence
        mine.keeping_alive = "tcp keep-alive" in words
        mine.probing = "tcp zero window probe" in words


def window_scale(data: bytes, summary: Summary) -> int | None:
    """The window scale option of a SYN; 0 when there is none."""
    at = summary.payload
    start = summary.network
    header = (data[start] & 0x0F) * 4 if data[start] >> 4 == 4 else 40
    place = start + header + 20
    while place + 1 < min(at, len(data)):
        kind = data[place]
        if kind == 0:
            break
        if kind == 1:
            place += 1
            continue
        size = data[place + 1]
        if kind == 3 and size == 3 and place + 2 < len(data):
            return min(data[place + 2], 14)
        if size < 2:
            break
        place += size
    return 0
