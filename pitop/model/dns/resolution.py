"""How a machine resolves names: its files as values, and the steps that follow from them.

resolv.conf(5), hosts(5) and nsswitch.conf(5) as the GNU C library reads them.
"""

from __future__ import annotations

import re

from msgspec import Struct

from pitop.model.dns.question import address_of

__all__ = [
    "HostsLine",
    "ResolvConf",
    "Service",
    "candidates",
    "hosts_lines",
    "parse_nsswitch",
    "parse_resolv_conf",
]

_MAX_SERVERS = 3  # MAXNS of resolv.h; further lines are passed over
_LIMITS = {"ndots": 15, "timeout": 30, "attempts": 5}  # resolv.conf(5): silently capped


class ResolvConf(Struct, frozen=True):
    """What resolv.conf says. `ignored` are servers past the third, which the C library never asks."""

    servers: tuple[str, ...]
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout: int = 5
    attempts: int = 2
    options: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    implied: bool = False  # no server was named, so the one on this machine is asked


class Service(Struct, frozen=True):
    """One source of the `hosts` line of nsswitch.conf, and what is done on its results: `("NOTFOUND", "return")`."""

    name: str
    actions: tuple[tuple[str, str], ...] = ()


class HostsLine(Struct, frozen=True):
    """A line of hosts(5) that names what was looked for; `number` counts from 1."""

    number: int
    address: str
    names: tuple[str, ...]


def parse_resolv_conf(text: str, domain: str = "", environment: dict[str, str] | None = None) -> ResolvConf:
    """resolv.conf's text; `domain` is the machine's own, searched where nothing else is named.

    `environment` may hold LOCALDOMAIN and RES_OPTIONS, which override and amend.
    """
    environment = environment or {}
    servers: list[str] = []
    search: list[str] = [domain] if domain else []
    options: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0][0] in "#;":
            continue
        match words[0]:
            case "nameserver" if len(words) > 1 and address_of(words[1].partition("%")[0]) is not None:
                servers.append(words[1])
            case "domain" if len(words) > 1:
                search = [words[1]]
            case "search":
                search = words[1:]
            case "options":
                options += words[1:]
    if "LOCALDOMAIN" in environment:
        search = environment["LOCALDOMAIN"].split()
    options += environment.get("RES_OPTIONS", "").split()
    numbers = {"ndots": 1, "timeout": 5, "attempts": 2}
    for option in options:
        name, colon, value = option.partition(":")
        if colon and name in numbers and value.isascii() and value.isdigit():
            numbers[name] = min(int(value), _LIMITS[name])
    return ResolvConf(
        tuple(servers[:_MAX_SERVERS]) or ("127.0.0.1",),
        tuple(each.rstrip(".") for each in search),
        numbers["ndots"],
        numbers["timeout"],
        numbers["attempts"],
        tuple(options),
        tuple(servers[_MAX_SERVERS:]),
        not servers,
    )


def candidates(name: str, conf: ResolvConf) -> tuple[str, ...]:
    """The absolute names that are asked for in turn until one exists: res_nsearch of resolver(3)."""
    if name.endswith("."):
        return (name,)
    searched = tuple(f"{name}.{domain}." if domain else f"{name}." for domain in conf.search)
    itself = (f"{name}.",)
    found = itself + searched if name.count(".") >= conf.ndots else searched + itself
    return tuple(dict.fromkeys(found))


_SERVICE = re.compile(r"(\[[^\]]*\])|(\S+)")


def parse_nsswitch(text: str) -> tuple[Service, ...]:
    """The sources that names come from, in order; `files dns` where nothing is said."""
    for line in text.splitlines():
        database, colon, rest = line.partition("#")[0].partition(":")
        if colon and database.strip() == "hosts":
            services: list[Service] = []
            for match in _SERVICE.finditer(rest):
                if match[2]:
                    services.append(Service(match[2]))
                elif services:
                    pairs = (word.partition("=") for word in match[1][1:-1].split())
                    actions = tuple((status.upper(), action.lower()) for status, _, action in pairs)
                    services[-1] = Service(services[-1].name, actions)
            return tuple(services)
    return (Service("files"), Service("dns"))


def hosts_lines(text: str, name: str) -> tuple[HostsLine, ...]:
    """The lines of hosts(5) that give `name` an address, or give a name to it when it is an address."""
    wanted = name.rstrip(".").lower()
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if len(words) >= 2 and wanted in (word.lower() for word in words):
            found.append(HostsLine(number, words[0], tuple(words[1:])))
    return tuple(found)
