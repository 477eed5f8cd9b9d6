"""dhclient.leases(5): the file that ISC's DHCP client appends to, also when NetworkManager runs it."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterator

from pitop.kernel.network.wording import integer, mask_length
from pitop.model.network.rows import Lease

__all__ = ["parse_dhclient"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{};]|#[^\n]*|[^\s{};"#]+')


def parse_dhclient(data: bytes, interface: str, changed: float, path: str) -> list[Lease]:
    """Every `lease` and `lease6` block, oldest first; `interface` is for those that name none."""
    client = "NetworkManager" if "NetworkManager" in path else "dhclient"
    text = data.decode(errors="backslashreplace")
    found = []
    words = iter([match[0] for match in _TOKEN.finditer(text)])
    for word in words:
        if word in ("lease", "lease6"):
            if next(words, "") != "{":
                continue
            block = _block(words)
            made = (_lease4 if word == "lease" else _lease6)(block, interface, client, path)
            if made is not None:
                found.append(made)
    return found


_Statement = tuple[list[str], "list[_Statement]"]


def _block(words: Iterator[str]) -> list[_Statement]:
    """Statements up to the closing brace: their words, and the block behind them where there is one."""
    made: list[_Statement] = []
    line: list[str] = []
    for word in words:
        if word == "}":
            break
        if word == "{":
            made.append((line, _block(words)))
            line = []
        elif word == ";":
            made.append((line, []))
            line = []
        elif word.startswith("#"):
            if made and not line:
                made[-1][0].append(word)
        else:
            line.append(word[1:-1] if word.startswith('"') else word)
    return made


def _flat(block: list[_Statement]) -> dict[str, list[str]]:
    found = {}
    for line, _ in block:
        if line:
            key, rest = (
                (f"option {line[1]}", line[2:]) if line[0] == "option" and len(line) > 1 else (line[0], line[1:])
            )
            found[key] = [word for word in rest if not word.startswith("#")]
    return found


def _listed(words: list[str] | None) -> tuple[str, ...]:
    return tuple(part for part in ",".join(words or ()).replace(" ", ",").split(",") if part)


def _first(words: list[str] | None) -> str | None:
    return words[0] if words else None


def _moment(words: list[str] | None) -> float | None:
    """`4 2026/11/26 12:00:00` (UTC), `epoch 1795694400`, or `never`."""
    if not words or words[0] == "never":
        return None
    if words[0] == "epoch":
        return float(words[1])
    try:
        return float(calendar.timegm(time.strptime(" ".join(words[1:3]), "%Y/%m/%d %H:%M:%S")))
    except ValueError:
        return None


def _lease4(block: list[_Statement], interface: str, client: str, path: str) -> Lease | None:
    found = _flat(block)
    address = _first(found.get("fixed-address"))
    if address is None:
        return None
    expiry = _moment(found.get("expire"))
    seconds = integer(_first(found.get("option dhcp-lease-time")))
    return Lease(
        interface=_first(found.get("interface")) or interface,
        client=client,
        address=address,
        prefix_length=mask_length(_first(found.get("option subnet-mask"))),
        server=_first(found.get("option dhcp-server-identifier")),
        routers=_listed(found.get("option routers")),
        nameservers=_listed(found.get("option domain-name-servers")),
        domain=_first(found.get("option domain-name")),
        hostname=_first(found.get("option host-name")),
        lease_seconds=seconds,
        obtained_time=expiry - seconds if expiry is not None and seconds else None,
        renew_time=_moment(found.get("renew")),
        rebind_time=_moment(found.get("rebind")),
        expiry_time=expiry,
        path=path,
    )


def _lease6(block: list[_Statement], interface: str, client: str, path: str) -> Lease | None:
    top = _flat(block)
    for line, inside in block:
        if line[:1] != ["ia-na"]:
            continue
        association = _flat(inside)
        for inner, content in inside:
            if inner[:1] != ["iaaddr"] or len(inner) < 2:
                continue
            address = _flat(content)
            start = integer(_first(address.get("starts")) or _first(association.get("starts")))
            life = integer(_first(address.get("max-life")))
            renew = integer(_first(association.get("renew")))
            rebind = integer(_first(association.get("rebind")))
            return Lease(
                interface=_first(top.get("interface")) or interface,
                client=client,
                address=inner[1],
                prefix_length=128,
                nameservers=_listed(top.get("option dhcp6.name-servers")),
                domain=_first(top.get("option dhcp6.domain-search")),
                lease_seconds=life,
                obtained_time=start,
                renew_time=None if start is None or renew is None else start + renew,
                rebind_time=None if start is None or rebind is None else start + rebind,
                expiry_time=None if start is None or life is None else start + life,
                path=path,
            )
    return None
