"""Who is asked for names: resolv.conf(5) and the servers that systemd-resolved or NetworkManager keep behind it."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from pitop.model.network.rows import Nameserver, Resolver

__all__ = ["parse_resolv_conf", "resolver"]

_MOST = 3  # MAXNS in resolv.h: the C library asks no more
_STUBS = ("127.0.0.53", "127.0.0.54")


def parse_resolv_conf(text: str, origin: str) -> Resolver:
    """What the C library makes of the text: the last `search` or `domain` wins, servers past the third are unused."""
    servers: list[Nameserver] = []
    search: tuple[str, ...] = ()
    options: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if not words or line[0] in "#;":
            continue
        match words[0]:
            case "nameserver" if len(words) > 1:
                address, _, zone = words[1].partition("%")
                servers.append(
                    Nameserver(address=address, interface=zone or None, origin=origin, used=len(servers) < _MOST)
                )
            case "search":
                search = tuple(words[1:])
            case "domain":
                search = tuple(words[1:2])
            case "options":
                options.extend(words[1:])
    return Resolver(servers=tuple(servers), search=search, options=tuple(options))


def resolver(root: Path = Path("/")) -> Resolver:
    """The resolver's set-up. Where resolv.conf names only systemd-resolved's stub, its own servers are added.

    Without a resolv.conf the C library asks 127.0.0.1; there is then no server here, since none was configured.
    """
    path = root / "etc/resolv.conf"
    try:
        text = path.read_text(errors="backslashreplace")
    except OSError:
        return Resolver()
    found = parse_resolv_conf(text, "/etc/resolv.conf")
    if not any(each.address in _STUBS for each in found.servers):
        return found
    try:
        text = (root / "run/systemd/resolve/resolv.conf").read_text(errors="backslashreplace")
    except OSError:
        return found
    behind = parse_resolv_conf(text, "/run/systemd/resolve/resolv.conf").servers
    servers = (*found.servers, *(structs.replace(each, used=True) for each in behind))
    return Resolver(servers=servers, search=found.search, options=found.options)
