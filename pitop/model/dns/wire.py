"""Messages as they travel (RFC 1035 4, RFC 6891), as far as a walk down the delegations needs them.

Names are text as in zone files, in lower case and absolute. Everything rare is left to dnspython
(`model.dns.message`), whose import takes longer than most walks.
"""

from __future__ import annotations

import binascii
import socket
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple

from pitop.model.dns.codes import CLASSES, TYPES, type_number

__all__ = ["Message", "Mismatch", "Rr", "is_within", "mismatch", "parent", "query", "read_message", "text_of"]

_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")
_SPECIAL = frozenset(b'"().;\\@$')
_LETTERS = {each: chr(each) if 0x20 < each < 0x7F else f"\\{each:03d}" for each in range(256)} | {
    each: "\\" + chr(each) for each in _SPECIAL
}
_LONGEST = 255  # bytes of a name (RFC 1035 3.1)
_OPT = 41
_DO = 0x8000
_PIECE = 56  # characters after which dig sets a space into keys and signatures


class Rr(NamedTuple):
    """A resource record: `data` is where its data begins and ends in the message, whose names may point back."""

    name: str
    type: str
    rclass: str
    ttl: int
    data: tuple[int, int]


class Message(NamedTuple):
    """A message as it came. `rcode` has the OPT record's eight bits; `payload` is None without EDNS.

    `edns` is the OPT record's flags (RFC 6891 6.1.3) and where its options begin and end.
    """

    wire: bytes
    id: int
    flags: int
    rcode: int
    answer: tuple[Rr, ...]
    authority: tuple[Rr, ...]
    additional: tuple[Rr, ...]
    payload: int | None = None
    edns: tuple[int, int, int] | None = None

    @property
    def authoritative(self) -> bool:
        """Whether the server says that the zone is its own (AA)."""
        return bool(self.flags & 0x0400)

    @property
    def truncated(self) -> bool:
        """Whether the answer did not fit (TC)."""
        return bool(self.flags & 0x0200)

    def host(self, rr: Rr) -> str:
        """The name that a record's data is: of NS, CNAME, DNAME or PTR. Raises ValueError."""
        return _name(self.wire, rr.data[0])[0]

    def address(self, rr: Rr) -> str:
        """The address that an A or AAAA record's data is. Raises ValueError."""
        start, end = rr.data
        if end - start != (4 if rr.type == "A" else 16):
            raise ValueError(f"an {rr.type} record of {end - start} bytes")
        return socket.inet_ntop(socket.AF_INET if rr.type == "A" else socket.AF_INET6, self.wire[start:end])

    def serial(self, rr: Rr) -> int:
        """The serial number of an SOA record. Raises ValueError."""
        at = _name(self.wire, _name(self.wire, rr.data[0])[1])[1]
        if at + 20 > rr.data[1]:
            raise ValueError("an SOA record that is cut off")
        return int.from_bytes(self.wire[at : at + 4], "big")


# --- names


def parent(name: str) -> str:
    """The name above; the root's is the root."""
    at = 0
    while at < len(name) and name[at] != ".":
        at += 2 if name[at] == "\\" else 1
    return name[at + 1 :] or "."


def is_within(name: str, zone: str) -> bool:
    """Whether `name` is `zone` or below it."""
    if zone == "." or name == zone:
        return True
    if not name.endswith(zone) or len(name) <= len(zone):
        return False
    while len(name) > len(zone):
        name = parent(name)
    return name == zone


def _labels(name: str) -> Iterator[bytes]:
    """The labels of an absolute name in text form. Raises ValueError."""
    label = bytearray()
    at = 0
    while at < len(name):
        letter = name[at]
        if letter == "." and label:
            yield bytes(label)
            label.clear()
        elif letter == "\\":
            digits = name[at + 1 : at + 4]
            if digits.isdigit():
                label.append(int(digits))
                at += 3
            else:
                label += name[at + 1 : at + 2].encode("ascii")
                at += 1
        elif letter != ".":
            label += letter.encode("ascii")
        at += 1


def _name(wire: bytes, at: int, *, fold: bool = True) -> tuple[str, int]:
    """The name at a place, in lower case unless not `fold`, and where what follows begins. Raises ValueError.

    A pointer leads to an earlier place than all before it (RFC 1035 4.1.4), so every name ends.
    """
    labels: list[str] = []
    size = 1
    after: int | None = None
    earliest = at
    try:
        while length := wire[at]:
            if length < 64:
                label = wire[at + 1 : at + 1 + length]
                if len(label) < length:
                    raise ValueError("a name that is cut off")
                size += 1 + length
                if size > _LONGEST:
                    raise ValueError("a name of more than 255 bytes")
                label = label.lower() if fold else label
                labels.append("".join([_LETTERS[each] for each in label]))
                at += 1 + length
            elif length >= 192:
                target = (length & 0x3F) << 8 | wire[at + 1]
                after = at + 2 if after is None else after
                if target >= earliest:
                    raise ValueError("a compression pointer that leads nowhere or in a loop")
                at = earliest = target
            else:
                raise ValueError("a label of an unknown kind")
    except IndexError:
        raise ValueError("a name that is cut off") from None
    return ".".join(labels) + ".", at + 1 if after is None else after


# --- questions


def query(name: str, kind: str, identity: int, payload: int, *, dnssec: bool) -> bytes:
    """A question to an authority: not recursive, of class IN, with EDNS. Raises ValueError."""
    number = type_number(kind)
    if number is None:
        raise ValueError(f"{kind} is not a type of record")
    question = b"".join(bytes((len(label),)) + label for label in _labels(name)) + b"\0"
    opt = b"\0" + _FIXED.pack(_OPT, payload, _DO if dnssec else 0, 0)
    return _HEADER.pack(identity, 0, 1, 0, 0, 1) + question + struct.pack("!HH", number, 1) + opt


class Mismatch(NamedTuple):
    """Why a message is no answer to a question; `bare` where it does not even repeat one."""

    words: str
    bare: bool = False


def mismatch(asked: bytes, came: bytes) -> Mismatch | None:
    """Whether `came` answers `asked`, which has one question: by id, direction, operation and question. None: it does.

    Names are compared without regard to case (RFC 4343).
    """
    if len(came) < _HEADER.size:
        return Mismatch(f"{len(came)} bytes that are no message")
    if came[:2] != asked[:2]:
        return Mismatch(f"an answer with the wrong id {int.from_bytes(came[:2], 'big')}")
    if came[4:6] == b"\0\0":
        return Mismatch("a message that does not repeat the question", bare=True)
    end = _question_end(asked)
    same = came[_HEADER.size : end].lower() == asked[_HEADER.size : end].lower()
    if not came[2] & 0x80 or (came[2] ^ asked[2]) & 0x78 or came[4:6] != b"\0\1" or not same:
        return Mismatch("an answer to another question")
    return None


def _question_end(wire: bytes) -> int:
    at = _HEADER.size
    while wire[at]:
        at += 1 + wire[at]
    return at + 5


# --- answers


def read_message(wire: bytes) -> Message:
    """A message from its wire form; what follows it is passed over. Raises ValueError with the reason in words."""
    if len(wire) < _HEADER.size:
        raise ValueError("shorter than a header")
    identity, flags, questions, *counts = _HEADER.unpack_from(wire)
    at = _HEADER.size
    for _ in range(questions):
        at = _name(wire, at)[1] + 4
    sections: list[tuple[Rr, ...]] = []
    rcode = flags & 0x0F
    payload: int | None = None
    edns: tuple[int, int, int] | None = None
    for count in counts:
        section = []
        for _ in range(count):
            name, at = _name(wire, at)
            if at + _FIXED.size > len(wire):
                raise ValueError("a record that is cut off")
            kind, network, ttl, size = _FIXED.unpack_from(wire, at)
            at += _FIXED.size + size
            if at > len(wire):
                raise ValueError("a record that is cut off")
            if kind == _OPT:
                payload, edns = network, (ttl, at - size, at)
                rcode |= ttl >> 20 & 0xFF0
                continue
            rclass = CLASSES.get(network, f"CLASS{network}")
            ttl = 0 if ttl > 0x7FFFFFFF else ttl  # RFC 2181 8
            section.append(Rr(name, TYPES.get(kind, f"TYPE{kind}"), rclass, ttl, (at - size, at)))
        sections.append(tuple(section))
    answer, authority, additional = sections
    return Message(wire, identity, flags, rcode, answer, authority, additional, payload, edns)


def text_of(message: Message, rr: Rr) -> str | None:
    """A record's data as dig writes it, None for a type that is too rare to be known here. Raises ValueError."""
    wire, (start, end) = message.wire, rr.data
    if rr.type in ("A", "AAAA"):
        return message.address(rr)
    if rr.type in ("NS", "CNAME", "DNAME", "PTR"):
        return _name(wire, start, fold=False)[0]
    if rr.type == "MX":
        return f"{int.from_bytes(wire[start : start + 2], 'big')} {_name(wire, start + 2, fold=False)[0]}"
    if rr.type == "SOA":
        server, at = _name(wire, start, fold=False)
        mailbox, at = _name(wire, at, fold=False)
        if at + 20 != end:
            raise ValueError("an SOA record that is cut off")
        return " ".join((server, mailbox, *map(str, struct.unpack_from("!5I", wire, at))))
    if rr.type == "TXT":
        return " ".join(_strings(wire[start:end]))
    if rr.type == "DS" and end - start > 4:
        tag, algorithm, digest = struct.unpack_from("!HBB", wire, start)
        return f"{tag} {algorithm} {digest} {_pieces(wire[start + 4 : end].hex().upper())}"
    if rr.type == "RRSIG" and end - start > 18:
        kind, algorithm, labels, ttl, until, since, tag = struct.unpack_from("!HBBIIIH", wire, start)
        signer, at = _name(wire, start + 18, fold=False)
        moments = " ".join(time.strftime("%Y%m%d%H%M%S", time.gmtime(moment)) for moment in (until, since))
        signature = _pieces(binascii.b2a_base64(wire[at:end], newline=False).decode("ascii"))
        covered = TYPES.get(kind, f"TYPE{kind}")
        return f"{covered} {algorithm} {labels} {ttl} {moments} {tag} {signer} {signature}"
    return None


def _pieces(text: str) -> str:
    return " ".join(text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _strings(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise ValueError("a text that is cut off")
        yield '"' + "".join(_quoted(each) for each in data[at + 1 : end]) + '"'
        at = end


def _quoted(each: int) -> str:
    if each in b'"\\':
        return "\\" + chr(each)
    return chr(each) if 0x20 <= each < 0x7F else f"\\{each:03d}"
