"""Names that payloads carry: what a DNS message asks, which server a TLS hello names, what an HTTP request wants."""

from __future__ import annotations

from typing import NamedTuple

from pitop.model.packets.dissection import printable

__all__ = ["Question", "answered_addresses", "client_hello_name", "client_request", "dns_question", "server_name"]

_MOST_LABELS = 128


class Question(NamedTuple):
    """The first question of a DNS message; `rcode` and `answers` are those of a response."""

    identity: int
    response: bool
    name: str
    kind: int
    rcode: int
    answers: int


def dns_question(message: bytes) -> Question | None:
    """The question of a DNS message without any length before it; None when there is none that can be read."""
    if len(message) < 17:
        return None
    flags = message[2] << 8 | message[3]
    if (message[4] << 8 | message[5]) < 1:
        return None
    labels = []
    at = 12
    for _ in range(_MOST_LABELS):
        if at >= len(message):
            return None
        size = message[at]
        at += 1
        if size == 0:
            break
        if size > 63 or at + size > len(message):
            return None
        labels.append(printable(message[at : at + size]))
        at += size
    else:
        return None
    if at + 4 > len(message):
        return None
    kind = message[at] << 8 | message[at + 1]
    name = ".".join(labels) + "."
    identity = message[0] << 8 | message[1]
    return Question(identity, bool(flags & 0x8000), name, kind, flags & 0x0F, message[6] << 8 | message[7])


def answered_addresses(message: bytes) -> tuple[bytes, ...]:
    """The addresses in the answer section of a DNS message, packed; none of a question, or of what cannot be read."""
    if len(message) < 17 or not message[2] & 0x80:
        return ()
    questions, answers = message[4] << 8 | message[5], message[6] << 8 | message[7]
    at = 12
    for _ in range(min(questions, _MOST_LABELS)):
        at = _behind_name(message, at) + 4
    found: list[bytes] = []
    for _ in range(min(answers, _MOST_LABELS)):
        at = _behind_name(message, at)
        if at + 10 > len(message):
            break
        kind, size = message[at] << 8 | message[at + 1], message[at + 8] << 8 | message[at + 9]
        data = message[at + 10 : at + 10 + size]
        if (kind, len(data)) in ((1, 4), (28, 16)):
            found.append(bytes(data))
        at += 10 + size
    return tuple(found)


def _behind_name(message: bytes, at: int) -> int:
    """Where a name ends (RFC 1035, 4.1.4); behind the message for one that does not."""
    for _ in range(_MOST_LABELS):
        if at >= len(message):
            break
        size = message[at]
        if size >= 0xC0:
            return at + 2
        at += 1 + size
        if not size:
            return at
    return len(message)


def client_request(payload: bytes) -> str | None:
    """`GET example.org/path` of a request that begins here; None when none does."""
    head = payload[:4096]
    line, _, rest = head.partition(b"\r\n")
    words = line.split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/") or not words[0].isalpha() or not words[0].isupper():
        return None
    host = b""
    for header in rest.split(b"\r\n"):
        if header[:5].lower() == b"host:":
            host = header[5:].strip()
            break
    target = words[1] if words[1][:1] == b"/" or not host else b" " + words[1]
    return f"{words[0].decode()} {printable(host + target)}"


def server_name(payload: bytes) -> str | None:
    """The server that a TLS ClientHello names (RFC 6066); None when this is no hello or it names none."""
    if len(payload) < 44 or payload[0] != 22 or payload[1] != 3 or payload[5] != 1:
        return None
    return client_hello_name(payload[5:])


def client_hello_name(hello: bytes) -> str | None:
    """The same from the handshake message itself, as TLS and QUIC carry it."""
    if len(hello) < 39 or hello[0] != 1:
        return None
    at = 38
    at += 1 + hello[at]
    if at + 2 > len(hello):
        return None
    at += 2 + int.from_bytes(hello[at : at + 2], "big")
    if at + 1 > len(hello):
        return None
    at += 1 + hello[at]
    end = min(len(hello), at + 2 + int.from_bytes(hello[at : at + 2], "big"))
    at += 2
    while at + 4 <= end:
        kind, size = int.from_bytes(hello[at : at + 2], "big"), int.from_bytes(hello[at + 2 : at + 4], "big")
        at += 4
        if kind == 0:
            length = int.from_bytes(hello[at + 3 : at + 5], "big")
            name = hello[at + 5 : at + 5 + length]
            return printable(name) if at + 5 + length <= end and name else None
        at += size
    return None
