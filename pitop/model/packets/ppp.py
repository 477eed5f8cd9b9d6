"""PPP (RFC 1661, RFC 1662, RFC 1334, RFC 1994) and PPP over Ethernet (RFC 2516)."""

from __future__ import annotations

from pitop.model.packets.dissection import Dissection, printable
from pitop.model.packets.registry import ETHERTYPES, PPP_PROTOCOLS, ethertype

__all__ = ["NAMES", "by_ppp", "ppp", "pppoe"]

NAMES = {
    0x0021: "IP", 0x0023: "OSI", 0x0025: "NS", 0x0027: "DECNET", 0x0029: "APPLE", 0x002B: "IPX", 0x002D: "VJC IP",
    0x002F: "VJNC IP", 0x0031: "BRPDU", 0x0033: "STII", 0x0035: "VINES", 0x0281: "MPLS", 0x0283: "MPLS",
    0x00FD: "Compressed", 0x003D: "MLPPP", 0x0057: "IP6", 0x0201: "HELLO", 0x0231: "LUXCOM", 0x0233: "SNS",
    0x8021: "IPCP", 0x8023: "OSICP", 0x8025: "NSCP", 0x8027: "DECNETCP", 0x8029: "APPLECP", 0x802B: "IPXCP",
    0x8033: "STIICP", 0x8035: "VINESCP", 0x8057: "IP6CP", 0x8281: "MPLSCP", 0xC021: "LCP", 0xC023: "PAP",
    0xC025: "LQM", 0xC223: "CHAP", 0xC227: "EAP", 0xC027: "SPAP", 0xC123: "Old-SPAP", 0xC02B: "BACP", 0xC02D: "BAP",
    0xC03D: "MLPPP-CP", 0x80FD: "CCP",
}  # fmt: skip
_CONTROL = frozenset((0xC021, 0x8021, 0x8023, 0x8281, 0x8057, 0x80FD, 0xC02B))
_CODES = {
    0: "Vendor-Extension", 1: "Conf-Request", 2: "Conf-Ack", 3: "Conf-Nack", 4: "Conf-Reject", 5: "Term-Request",
    6: "Term-Ack", 7: "Code-Reject", 8: "Prot-Reject", 9: "Echo-Request", 10: "Echo-Reply", 11: "Disc-Req",
    12: "Ident", 13: "Time-Rem", 14: "Reset-Req", 15: "Reset-Ack",
}  # fmt: skip
_CHALLENGE = {1: "Challenge", 2: "Response", 3: "Success", 4: "Fail"}
_PASSWORD = {1: "Auth-Req", 2: "Auth-ACK", 3: "Auth-NACK"}
_DISCOVERY = {0x09: "PADI", 0x07: "PADO", 0x19: "PADR", 0x65: "PADS", 0xA7: "PADT", 0: ""}
_TAGS = {
    0x0000: "EOL", 0x0101: "Service-Name", 0x0102: "AC-Name", 0x0103: "Host-Uniq", 0x0104: "AC-Cookie",
    0x0105: "Vendor-Specific", 0x0110: "Relay-Session-ID", 0x0120: "PPP-Max-Payload",
    0x0201: "Service-Name-Error", 0x0202: "AC-System-Error", 0x0203: "Generic-Error",
}  # fmt: skip


@ethertype(0x880B)
def _ethertype_ppp(d: Dissection, at: int, length: int) -> None:
    if length:
        d.say(": ")
        ppp(d, at, length)


def ppp(d: Dissection, at: int, length: int) -> None:
    """A PPP frame, with or without address and control bytes."""
    d.protocol = "ppp"
    if length < 2:
        d.cut()
        return
    if d.u16(at) in (0x0003, 0x0103, 0xFF03):
        at += 2
        length -= 2
    if length < 2:
        d.cut()
        return
    if d.u8(at) % 2:
        by_ppp(d, d.u8(at), at + 1, length - 1)
    else:
        by_ppp(d, d.u16(at), at + 2, length - 2)


def by_ppp(d: Dissection, kind: int, at: int, length: int) -> None:
    """What a PPP protocol number says."""
    if kind in _CONTROL:
        d.say(f"{NAMES[kind]}, ")
        if length < 4 or not d.has(at, 2):
            d.cut()
            return
        code = d.u8(at)
        d.say(f"{_CODES.get(code, 'Unknown Opcode')} (0x{code:02x}), id {d.u8(at + 1)}, length {length + 2}")
    elif kind == 0xC223:
        _challenge(d, at, length)
    elif kind == 0xC023:
        _password(d, at, length)
    elif kind == 0x002F:
        PPP_PROTOCOLS[0x0021](d, at, length)
    elif kind in (0x0800, 0x86DD):
        ETHERTYPES[kind](d, at, length)
    elif kind == 0x00FD:
        d.say("compressed PPP data")
    elif kind in PPP_PROTOCOLS:
        PPP_PROTOCOLS[kind](d, at, length)
    else:
        d.say(NAMES.get(kind, f"unknown PPP protocol (0x{kind:04x})") + " ")
        d.dump(at, min(length, d.left(at)))


def _challenge(d: Dissection, at: int, length: int) -> None:
    """CHAP: who challenges and who answers; never more than the packet says."""
    if length < 4:
        d.say("[|chap]" if length < 1 else f"[|chap 0x{d.u8(at):02x}]")
        return
    code, whole = d.u8(at), d.u16(at + 2)
    d.say(f"CHAP, {_CHALLENGE.get(code, 'unknown')} (0x{code:02x}), id {d.u8(at + 1)}")
    if code in (1, 2):
        if length < 5:
            return
        size = d.u8(at + 4)
        if length - 5 < size:
            return
        d.say(f", Value {d.bytes(at + 5, size).hex()}, Name ")
        d.say(printable(d.bytes(at + 5 + size, whole - 5 - size)))
    elif code in (3, 4):
        d.say(", Msg ")
        d.say(printable(d.bytes(at + 4, whole - 4)))


def _password(d: Dissection, at: int, length: int) -> None:
    """PAP: the peer's name and password, in clear."""
    if length < 4:
        d.say("[|pap]" if length < 1 else f"[|pap 0x{d.u8(at):02x}]")
        return
    code, whole = d.u8(at), d.u16(at + 2)
    d.say(f"PAP, {_PASSWORD.get(code, 'unknown')} (0x{code:02x}), id {d.u8(at + 1)}")
    if whole > length:
        d.say(f", length {whole} > packet size")
        return
    if whole < 4:
        d.say(f", length {whole} < PAP header length")
        return
    words = {1: (", Peer ", ", Name "), 2: (", Msg ",), 3: (", Msg ",)}.get(code, ())
    if words and whole < 4 + len(words):
        d.say("[|pap]")
        return
    place, stop = at + 4, at + whole
    for word in words:
        if place >= stop:
            return
        size = d.u8(place)
        if stop - place - 1 < size:
            return
        d.say(word + printable(d.bytes(place + 1, size)))
        place += 1 + size


@ethertype(0x8863, 0x8864, 0x3C12, 0x3C13)
def pppoe(d: Dissection, at: int, length: int) -> None:
    """PPP over Ethernet: discovery with its tags, or a session's frame."""
    d.protocol = "pppoe"
    if length < 6:
        d.say(f" (length {length} < 6)")
        d.invalid()
        return
    length -= 6
    d.need(at, 6)
    version, code, session, size = d.u8(at), d.u8(at + 1), d.u16(at + 2), d.u16(at + 4)
    if version >> 4 != 1:
        d.say(f" [ver {version >> 4}]")
    if version & 0x0F != 1:
        d.say(f" [type {version & 0x0F}]")
    d.say("PPPoE " + _DISCOVERY.get(code, f"PAD-{code:x}"))
    if code == 0x09 and size > 1478:
        d.say(f" [len {size}!]")
    if size > length:
        d.say(f" [len {size} > {length}!]")
        size = length
    if session:
        d.say(f" [ses 0x{session:x}]")
    at += 6
    if code == 0:
        d.say(" ")
        ppp(d, at, size)
        return
    stop = at + size
    kind = -1
    while kind and at < stop:
        d.step()
        kind, size = d.u16(at), d.u16(at + 2)
        at += 4
        d.say(f" [{_TAGS.get(kind, f'TAG-0x{kind:x}')}")
        if size:
            content = d.bytes(at, size)
            head = content[:79]
            shown = sum(0x20 <= c < 0x7F for c in head)
            if shown > len(head) - shown:
                d.say(' "' + "".join(chr(c) if 0x20 <= c < 0x7F else "." for c in head) + '"')
            else:
                d.say(" 0x" + content.hex().upper())
        d.say("]")
        at += size
