"""Names to addresses and back, as this machine is set up to do it (getaddrinfo(3), getnameinfo(3)). They may block."""

from __future__ import annotations

import ipaddress
import socket

__all__ = ["address_of", "addresses_of", "name_of"]


def addresses_of(name: str, version: int = 0) -> list[str]:
    """The addresses of `name` in the order to be tried, an address as itself. Raises OSError with the reason.

    Those that this machine has no route to come last: a name may have an IPv6 address on a machine without IPv6.
    """
    family = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}[version]
    try:
        bare = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        pass
    else:
        if version not in (0, bare.version):
            raise OSError(f"{name} is not an IPv{version} address")
        return [name]
    try:
        found = socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError) as error:
        raise OSError(f"{name}: {error.strerror if isinstance(error, OSError) else 'not a host name'}") from None
    ends = dict.fromkeys((each[0], each[4]) for each in found)
    return list(dict.fromkeys(str(end[0]) for _, end in sorted(ends, key=lambda each: not _has_way(*each))))


def _has_way(family: int, end: tuple[object, ...]) -> bool:
    """Whether there is a route. Connecting a UDP socket asks the kernel and sends nothing."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((end[0], 9, *end[2:]))
    except OSError:
        return False
    return True


def address_of(name: str, version: int = 0) -> str:
    """The first address of `name`. Raises OSError with the reason."""
    return addresses_of(name, version)[0]


def name_of(address: str) -> str | None:
    """The name that the address maps back to, None where there is none."""
    try:
        name, _ = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)
    except (OSError, UnicodeError):
        return None
    return name
