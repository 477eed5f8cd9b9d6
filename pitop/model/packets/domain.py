"""DNS messages as one line (RFC 1035, RFC 6891, RFC 6762), over UDP, TCP and multicast."""

from __future__ import annotations

from pitop.model.packets.addresses import ipv4_text, ipv6_text
from pitop.model.packets.dissection import Dissection, printable
from pitop.model.packets.edns import edns_option
from pitop.model.packets.names import name, skip_name
from pitop.model.packets.registry import application

__all__ = ["TYPES", "dns"]

_OPERATIONS = (
    "", " inv_q", " stat", " op3", " notify", " update", " op6", " op7", " op8", " updateA", " updateD", " updateDA",
    " updateM", " updateMA", " zoneInit", " zoneRef",
)  # fmt: skip
_RCODES = (
    "", " FormErr", " ServFail", " NXDomain", " NotImp", " Refused", " YXDomain", " YXRRSet", " NXRRSet", " NotAuth",
    " NotZone", " Resp11", " Resp12", " Resp13", " Resp14", " NoChange", " BadVers", "Resp17", " Resp18", " Resp19",
    " Resp20", "Resp21", " Resp22", " BadCookie",
)  # fmt: skip
TYPES = {
    1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR", 10: "NULL", 11: "WKS",
    12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB", 19: "X25", 20: "ISDN", 21: "RT",
    22: "NSAP", 23: "NSAP_PTR", 24: "SIG", 25: "KEY", 26: "PX", 27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT",
    31: "EID", 32: "NIMLOC", 33: "SRV", 34: "ATMA", 35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6", 39: "DNAME",
    40: "SINK", 41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP", 45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY",
    99: "SPF", 100: "UINFO", 101: "UID", 102: "GID", 103: "UNSPEC", 104: "UNSPECA", 249: "TKEY", 250: "TSIG",
    251: "IXFR", 252: "AXFR", 253: "MAILB", 254: "MAILA", 255: "ANY", 256: "URI",
}  # fmt: skip
_CLASSES = {1: "IN", 3: "CHAOS", 4: "HS", 255: "ANY"}
_HEADER = 12


@application(1, udp=(53,))
def _unicast(d: Dissection, at: int, length: int) -> None:
    dns(d, at, length)


@application(2, udp=(5353,))
def _multicast(d: Dissection, at: int, length: int) -> None:
    dns(d, at, length, multicast=True)


@application(14, tcp=(53,))
def _over_tcp(d: Dissection, at: int, length: int) -> None:
    d.protocol = "domain"
    if length < 2:
        d.say(f" [DNS over TCP: length {length} < 2]")
        d.invalid()
        return
    prefix = d.u16(at)
    if prefix != length - 2:
        d.say(f" [prefix length({prefix}) != length({length - 2})]")
        d.invalid()
        return
    d.say(" ")
    dns(d, at + 2, length - 2)


def dns(d: Dissection, at: int, length: int, *, multicast: bool = False) -> None:
    """A DNS message without any length before it."""
    d.protocol = "domain"
    if length < _HEADER:
        d.say(f"domain [length {length} < {_HEADER}]")
        d.invalid()
        return
    if not d.has(at, _HEADER):
        d.cut()
        return
    message = _Message(d, at, multicast)
    if message.response() if d.u16(at + 2) & 0x8000 else message.request():
        d.say(f" ({length})")
    else:
        d.cut()


class _Message:
    def __init__(self, d: Dissection, at: int, multicast: bool) -> None:
        self.d = d
        self.at = at
        self.multicast = multicast
        self.flags = d.u16(at + 2)
        self.counts = tuple(d.u16(at + place) for place in (4, 6, 8, 10))

    def rcode(self) -> int:
        """The whole response code: four bits here, eight more in the OPT record where there is one."""
        d = self.d
        low = self.flags & 0x0F
        questions, answers, authorities, others = self.counts
        place: int | None = self.at + _HEADER
        for _ in range(questions):
            place = skip_name(d, place)
            if place is None or place + 4 >= d.end:
                return low
            place += 4
        for number in range(answers + authorities + others):
            place = skip_name(d, place)
            if place is None:
                return low
            if number >= answers + authorities:
                if place + 2 > d.end:
                    return low
                if d.u16(place) == 41:
                    return low | (d.u8(place + 4) << 4 if place + 5 <= d.end else 0)
            if place + 10 > d.end:
                return low
            place += 10 + d.u16(place + 8)
            if place >= d.end:
                return low
        return low

    def response(self) -> bool:
        """An answer; False when it is cut."""
        d = self.d
        flags = self.flags
        questions, answers, authorities, others = self.counts
        rcode = self.rcode()
        d.say(f"{d.u16(self.at)}{_OPERATIONS[flags >> 11 & 0x0F]}")
        d.say(_RCODES[rcode] if rcode < len(_RCODES) else f" Resp{rcode & 0xFFF}")
        d.say(("*" if flags & 0x0400 else "") + ("" if flags & 0x0080 else "-"))
        d.say(("|" if flags & 0x0200 else "") + ("$" if flags & 0x0020 else ""))
        if questions != 1:
            d.say(f" [{questions}q]")
        place: int | None = self.at + _HEADER
        for number in range(questions):
            if number:
                d.say(",")
            place = skip_name(d, place)
            if place is None:
                return False
            place += 4
        d.say(f" {answers}/{authorities}/{others}")
        for number in range(answers):
            if number:
                if place is None or place >= d.end:
                    return False
                d.say(",")
            assert place is not None
            place = self.record(place)
            if place is None:
                return False
        return True

    def request(self) -> bool:
        """A question; False when it is cut."""
        d = self.d
        flags = self.flags
        questions, answers, authorities, others = self.counts
        operation = flags >> 11 & 0x0F
        d.say(f"{d.u16(self.at)}{_OPERATIONS[operation]}")
        d.say(("+" if flags & 0x0100 else "") + ("%" if flags & 0x0010 else ""))
        if flags & 0x06CF:
            d.say(f" [b2&3=0x{flags:x}]")
        if operation == 1:
            d.say((f" [{questions}q]" if questions else "") + (f" [{answers}a]" if answers != 1 else ""))
        else:
            d.say((f" [{answers}a]" if answers else "") + (f" [{questions}q]" if questions != 1 else ""))
        d.say((f" [{authorities}n]" if authorities else "") + (f" [{others}au]" if others else ""))
        place: int | None = self.at + _HEADER
        for number in range(questions):
            assert place is not None
            if number and place >= d.end:
                return False
            place = self.question(place)
            if place is None:
                return False
        return True

    def question(self, at: int) -> int | None:
        """Type, class where it is not IN, and name; gives where it ends."""
        d = self.d
        after = skip_name(d, at)
        if after is None or not d.has(after, 4):
            return None
        kind, network = d.u16(after), d.u16(after + 2)
        d.say(" " + TYPES.get(kind, f"Type{kind}"))
        actual = network & 0x7FFF if self.multicast else network
        if actual != 1:
            d.say(" " + _CLASSES.get(actual, f"(Class {actual})"))
        if self.multicast:
            d.say(" (QU)" if network & 0x8000 else " (QM)")
        d.say("? ")
        end = name(d, at, self.at)
        return None if end is None else end + 4

    def record(self, at: int) -> int | None:
        """A resource record; gives where it ends."""
        d = self.d
        after = skip_name(d, at)
        if after is None or not d.has(after, 10):
            return d.end
        kind, network = d.u16(after), d.u16(after + 2)
        actual = network & 0x7FFF if self.multicast else network
        if actual != 1 and kind != 41:
            d.say(" " + _CLASSES.get(actual, f"(Class {actual})"))
        if self.multicast and network & 0x8000:
            d.say(" (Cache flush)")
        size = d.u16(after + 8)
        data = after + 10
        d.say(" " + TYPES.get(kind, f"Type{kind}"))
        if data + size > d.end:
            return None
        d.step()
        return data + size if self.data(kind, data, size, actual, d.u16(after + 6)) else None

    def data(self, kind: int, at: int, size: int, network: int, flags: int) -> bool:
        """A record's data; False when it is cut or broken."""
        d = self.d
        end = at + size
        if kind == 1:
            if not d.has(at, 4):
                return False
            d.say(" " + ipv4_text(d.bytes(at, 4)))
        elif kind == 28:
            if not d.has(at, 16):
                return False
            d.say(" " + ipv6_text(d.bytes(at, 16)))
        elif kind in (2, 5, 12, 39):
            d.say(" ")
            return name(d, at, self.at) is not None
        elif kind == 15:
            d.say(" ")
            if not d.has(at, 2) or name(d, at + 2, self.at) is None:
                return False
            d.say(f" {d.u16(at)}")
        elif kind == 16:
            while at < end:
                if not d.has(at, 1):
                    return False
                d.say(' "')
                length = d.u8(at)
                if not d.text(at + 1, length):
                    return False
                d.say('"')
                at += 1 + length
        elif kind == 33:
            d.say(" ")
            if not d.has(at, 6) or name(d, at + 6, self.at) is None:
                return False
            d.say(f":{d.u16(at + 4)} {d.u16(at)} {d.u16(at + 2)}")
        elif kind == 38:
            return self.a6(at)
        elif kind == 256:
            d.say(f" {d.u16(at)} {d.u16(at + 2)} ")
            d.say(printable(d.data[at + 4 : min(end, d.end)]))
        elif kind == 41:
            d.say(f" UDPsize={network}" + (" DO" if flags & 0x8000 else ""))
            return self.options(at, end)
        elif kind == 104:
            return d.text(at, size)
        return True

    def a6(self, at: int) -> bool:
        """An A6 record (RFC 2874): a suffix of an address and the name of its prefix."""
        d = self.d
        if not d.has(at, 1):
            return False
        prefix = d.u8(at)
        skipped = prefix // 8
        if prefix > 128:
            d.say(f" {prefix}(bad plen)")
            return True
        if prefix < 128:
            d.say(f" {prefix} {ipv6_text(bytes(skipped) + d.bytes(at + 1, 16 - skipped))}")
        if prefix > 0:
            d.say(" ")
            return name(d, at + 17 - skipped, self.at) is not None
        return True

    def options(self, at: int, end: int) -> bool:
        """EDNS options (RFC 6891)."""
        d = self.d
        if at >= end:
            return True
        d.say(" [")
        place: int | None = at
        while place is not None and place < end:
            place = edns_option(d, place)
            if place is not None and place < end:
                d.say(",")
        if place is None:
            return False
        d.say("]")
        return True
