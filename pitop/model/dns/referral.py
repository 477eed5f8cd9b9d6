"""What an authority's message means to who walks down the delegations."""

from __future__ import annotations

from typing import NamedTuple

from pitop.model.dns.codes import RCODES
from pitop.model.dns.trace import Outcome
from pitop.model.dns.wire import Message, is_within

__all__ = ["Meaning", "meaning"]

_NOERROR, _NXDOMAIN, _REFUSED = 0, 3, 5
_LONGEST = 16  # aliases followed inside one message
_NAME = 254  # characters of a name without escapes


class Meaning(NamedTuple):
    """An outcome and its words; `target` is the alias's end, `servers` the NS set of a referral to `child`.

    `glue` maps names in the zone that was asked (or below) to addresses; what a server says of names outside it is
    not believed. `signed` is whether a referral has a DS.
    """

    outcome: Outcome
    words: str
    target: str | None = None
    child: str | None = None
    servers: tuple[str, ...] = ()
    glue: tuple[tuple[str, str], ...] = ()
    signed: bool = False


def meaning(message: Message, zone: str, name: str, kind: str) -> Meaning:
    """What `message`, sent by a server of `zone`, says of `name` and `kind`. Raises ValueError for broken records."""
    rcode = message.rcode
    if rcode == _REFUSED:
        return Meaning(Outcome.REFUSED, f"refused: it does not serve {zone}, or not us")
    if rcode not in (_NOERROR, _NXDOMAIN):
        return Meaning(Outcome.FAILED, f"the server says {RCODES.get(rcode, rcode)}")
    found = _answer(message, zone, name, kind)
    if found is not None:
        if not message.authoritative:
            words = f"not authoritative for {zone}: {found.words} from a cache"
            return found._replace(outcome=Outcome.LAME, words=words)
        return found
    if rcode == _NXDOMAIN and message.authoritative:
        return Meaning(Outcome.NO_NAME, f"{name} does not exist")
    negative = message.authoritative and any(rr.type == "SOA" for rr in message.authority)
    referral = None if negative else _referral(message, zone, name)
    if referral is not None:
        return referral
    if message.authoritative:
        return Meaning(Outcome.NO_DATA, f"{name} has no {kind} record")
    if any(rr.type == "NS" for rr in message.authority):
        return Meaning(Outcome.LAME, f"lame: not authoritative for {zone}, refers elsewhere")
    return Meaning(Outcome.LAME, f"lame: not authoritative for {zone}")


def _answer(message: Message, zone: str, name: str, kind: str) -> Meaning | None:
    """The answer or the alias in the answer section, None where there is neither."""
    at = name
    hops = 0
    while hops < _LONGEST:
        count = sum(rr.name == at and kind in (rr.type, "ANY") for rr in message.answer)
        if count:
            what = "record" if count == 1 else "records"
            return Meaning(Outcome.ANSWER, f"{count} {what}" + (f" at {at}" if hops else ""))
        alias = next((rr for rr in message.answer if rr.name == at and rr.type == "CNAME"), None)
        target = message.host(alias) if alias is not None else _by_dname(message, at)
        if target is None:
            break
        at = target
        hops += 1
        if not is_within(at, zone):
            break  # what this server says of other zones' names is not its to say
    return Meaning(Outcome.ALIAS, f"alias for {at}", target=at) if hops else None


def _by_dname(message: Message, name: str) -> str | None:
    """Where a DNAME above `name` leads it (RFC 6672 2.2), None without one, or where the name gets too long."""
    for rr in message.answer:
        if rr.type == "DNAME" and name != rr.name and is_within(name, rr.name):
            first = name[: len(name) - len(rr.name)] if rr.name != "." else name
            made = first + message.host(rr).removeprefix("." if first.endswith(".") else "")
            return made if len(made) <= _NAME else None
    return None


def _referral(message: Message, zone: str, name: str) -> Meaning | None:
    for first in message.authority:
        child = first.name
        if first.type != "NS" or not is_within(name, child):
            continue
        if child == zone or not is_within(child, zone):
            return Meaning(Outcome.LAME, f"lame: refers back to {child}")
        servers = tuple(
            dict.fromkeys(message.host(rr) for rr in message.authority if rr.type == "NS" and rr.name == child)
        )
        glue = tuple(
            (rr.name, message.address(rr))
            for rr in message.additional
            if rr.type in ("A", "AAAA") and rr.name in servers and is_within(rr.name, zone)
        )
        signed = any(rr.type == "DS" and rr.name == child for rr in message.authority)
        what = "server" if len(servers) == 1 else "servers"
        words = f"refers to {child} ({len(servers)} {what}, {'signed' if signed else 'no DS'})"
        return Meaning(Outcome.REFERRAL, words, child=child, servers=servers, glue=glue, signed=signed)
    return None
