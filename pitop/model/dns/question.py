"""What to ask, whom and how."""

from __future__ import annotations

import enum
import ipaddress

from msgspec import Struct

__all__ = [
    "PORTS",
    "Options",
    "Query",
    "Question",
    "QuestionError",
    "Server",
    "Transport",
    "address_of",
    "parse_server",
    "reverse_name",
]


class QuestionError(ValueError):
    """A name, type, server or option that cannot be asked, in words for a person."""


class Transport(enum.Enum):
    """How a query travels. UDP goes over to TCP when an answer does not fit (RFC 7766)."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"  # RFC 7858
    HTTPS = "https"  # RFC 8484
    QUIC = "quic"  # RFC 9250


PORTS = {Transport.UDP: 53, Transport.TCP: 53, Transport.TLS: 853, Transport.HTTPS: 443, Transport.QUIC: 853}


class Question(Struct, frozen=True):
    """A name (absolute, with its last dot, as it travels), a type and a class, in their text forms."""

    name: str
    type: str = "A"
    rclass: str = "IN"

    def __str__(self) -> str:
        return f"{self.name} {self.rclass} {self.type}"


class Server(Struct, frozen=True):
    """Whom to ask. `host` is an address or a name that is still to be looked up; `name` is what it was called."""

    host: str
    port: int = 53
    transport: Transport = Transport.UDP
    path: str = "/dns-query"
    name: str = ""

    @property
    def label(self) -> str:
        """As dig writes a server: `127.0.0.1#53`."""
        return f"{self.host}#{self.port}"

    def __str__(self) -> str:
        if self.transport is Transport.HTTPS:
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"https://{host}:{self.port}{self.path}"
        prefix = "" if self.transport in (Transport.UDP, Transport.TCP) else f"{self.transport.value}://"
        return prefix + self.label


class Options(Struct, frozen=True):
    """How a query is put. The defaults are dig's.

    `payload_bytes` is the EDNS buffer size, None for a query without EDNS. `cookie` is None for none, "" for a
    random client cookie, else hexadecimal. `padding_bytes` fills the query to a multiple (RFC 7830). `timeout` is
    in seconds for each of `tries`. `verify` is whether a certificate must be valid for `certificate_name`, or the
    server's own name or address. `serial` is where an IXFR starts.
    """

    recursion: bool = True
    checking_disabled: bool = False
    authentic: bool = True
    authoritative: bool = False
    dnssec: bool = False
    payload_bytes: int | None = 1232
    nsid: bool = False
    subnet: str | None = None
    cookie: str | None = ""
    padding_bytes: int = 0
    timeout: float = 5.0
    tries: int = 3
    fallback: bool = True
    verify: bool = True
    certificate_name: str | None = None
    authorities: str | None = None
    serial: int | None = None


class Query(Struct, frozen=True):
    """A question, put to a server in a certain way."""

    question: Question
    server: Server
    options: Options = Options()


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that `text` is, or None for anything else; an interface (`fe80::1%eth0`) may follow."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def reverse_name(text: str) -> str:
    """The name that leads back from an address (RFC 1035 3.5, RFC 3596 2.5). Raises QuestionError."""
    address = address_of(text.partition("%")[0])
    if address is None:
        raise QuestionError(f"“{text}” is not an address; -x needs one such as 192.0.2.1 or 2001:db8::1")
    return address.reverse_pointer + "."


def parse_server(text: str, transport: Transport | None = None, port: int | None = None) -> Server:
    """`text` as a server: `192.0.2.1`, `::1`, `ns.example`, `192.0.2.1#5353`, `[::1]:5353`, `tls://…`, `https://…`.

    `transport` and `port` hold where the text names none. Raises QuestionError.
    """
    if "://" in text:
        return _from_url(text, port)
    host, number = _split_port(text)
    if not host or any(character.isspace() for character in host):
        raise QuestionError(f"“{text}” names no server; write @192.0.2.1, @ns.example or @[2001:db8::1]:53")
    transport = transport or Transport.UDP
    return Server(host, number or port or PORTS[transport], transport, name=host)


def _split_port(text: str) -> tuple[str, int | None]:
    for mark in "#:":
        host, found, number = text.rpartition(mark)
        if mark == ":" and ":" in host and not host.endswith("]"):
            break  # a bare IPv6 address
        if found:
            return host.removeprefix("[").removesuffix("]"), _port(number)
    return text.removeprefix("[").removesuffix("]"), None


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise QuestionError(f"“{text}” is not a port; it is a number from 1 to 65535")


def _from_url(text: str, port: int | None) -> Server:
    from urllib.parse import urlsplit

    scheme = text.partition("://")[0].lower()
    try:
        transport = Transport(scheme)
        parts = urlsplit(text)
        number = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise QuestionError(f"“{text}” is not a server; use udp://, tcp://, tls://, https:// or quic://") from None
    if "#" in text and parts.fragment:
        number = _port(parts.fragment)
    if not host:
        raise QuestionError(f"“{text}” names no server")
    path = (parts.path + (f"?{parts.query}" if parts.query else "")) or "/dns-query"
    return Server(host, number or port or PORTS[transport], transport, path, host)
