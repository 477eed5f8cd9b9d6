"""What an authority's message means to who walks down the delegations."""

from __future__ import annotations

from typing import NamedTuple

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from pitop.model.dns.trace import Outcome

__all__ = ["Meaning", "meaning"]

_NS, _CNAME, _DNAME, _SOA, _ANY = (
    dns.rdatatype.NS,
    dns.rdatatype.CNAME,
    dns.rdatatype.DNAME,
    dns.rdatatype.SOA,
    dns.rdatatype.ANY,
)
_LONGEST = 16  # aliases followed inside one message


class Meaning(NamedTuple):
    """An outcome and its words; `target` is the alias's end, `servers` the NS set of a referral to `child`.

    `glue` maps names in the zone that was asked (or below) to addresses; what a server says of names outside it is
    not believed.
    """

    outcome: Outcome
    words: str
    target: dns.name.Name | None = None
    child: dns.name.Name | None = None
    servers: tuple[dns.name.Name, ...] = ()
    glue: tuple[tuple[dns.name.Name, str], ...] = ()


def meaning(
    message: dns.message.Message, zone: dns.name.Name, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> Meaning:
    """What `message`, sent by a server of `zone`, says of `name` and `kind`."""
    rcode = message.rcode()
    authoritative = bool(message.flags & dns.flags.AA)
    if rcode == dns.rcode.REFUSED:
        return Meaning(Outcome.REFUSED, f"refused: it does not serve {zone}, or not us")
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Meaning(Outcome.FAILED, f"the server says {dns.rcode.to_text(rcode)}")
    found = _answer(message, zone, name, kind)
    if found is not None:
        if not authoritative:
            words = f"not authoritative for {zone}: {found.words} from a cache"
            return found._replace(outcome=Outcome.LAME, words=words)
        return found
    if rcode == dns.rcode.NXDOMAIN and authoritative:
        return Meaning(Outcome.NO_NAME, f"{name} does not exist")
    referral = None if authoritative and _rrset(message.authority, _SOA) is not None else _referral(message, zone, name)
    if referral is not None:
        return referral
    if authoritative:
        return Meaning(Outcome.NO_DATA, f"{name} has no {dns.rdatatype.to_text(kind)} record")
    if any(rrset.rdtype == _NS for rrset in message.authority):
        return Meaning(Outcome.LAME, f"lame: not authoritative for {zone}, refers elsewhere")
    return Meaning(Outcome.LAME, f"lame: not authoritative for {zone}")


def _answer(
    message: dns.message.Message, zone: dns.name.Name, name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> Meaning | None:
    """The answer or the alias in the answer section, None where there is neither."""
    at = name
    hops = 0
    while hops < _LONGEST:
        records = [rrset for rrset in message.answer if rrset.name == at and kind in (rrset.rdtype, _ANY)]
        if records:
            count = sum(len(rrset) for rrset in records)
            what = "record" if count == 1 else "records"
            return Meaning(Outcome.ANSWER, f"{count} {what}" + (f" at {at}" if hops else ""))
        alias = next((rrset for rrset in message.answer if rrset.name == at and rrset.rdtype == _CNAME), None)
        target = alias[0].target if alias is not None else _by_dname(message, at)
        if target is None:
            break
        at = target
        hops += 1
        if not at.is_subdomain(zone):
            break  # what this server says of other zones' names is not its to say
    return Meaning(Outcome.ALIAS, f"alias for {at}", target=at) if hops else None


def _by_dname(message: dns.message.Message, name: dns.name.Name) -> dns.name.Name | None:
    """Where a DNAME above `name` leads it (RFC 6672 2.2), None without one, or where the name gets too long."""
    for rrset in message.answer:
        if rrset.rdtype == _DNAME and name != rrset.name and name.is_subdomain(rrset.name):
            try:
                made: dns.name.Name = name.relativize(rrset.name) + rrset[0].target
            except dns.name.NameTooLong:
                return None
            return made
    return None


def _referral(message: dns.message.Message, zone: dns.name.Name, name: dns.name.Name) -> Meaning | None:
    for rrset in message.authority:
        if rrset.rdtype != _NS or not name.is_subdomain(rrset.name):
            continue
        if rrset.name == zone or not rrset.name.is_subdomain(zone):
            return Meaning(Outcome.LAME, f"lame: refers back to {rrset.name}")
        servers = tuple(rdata.target for rdata in rrset)
        glue = tuple(
            (each.name, rdata.address)
            for each in message.additional
            if each.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
            and each.name in servers
            and each.name.is_subdomain(zone)
            for rdata in each
        )
        signed = any(each.rdtype == dns.rdatatype.DS and each.name == rrset.name for each in message.authority)
        what = "server" if len(servers) == 1 else "servers"
        words = f"refers to {rrset.name} ({len(servers)} {what}, {'signed' if signed else 'no DS'})"
        return Meaning(Outcome.REFERRAL, words, child=rrset.name, servers=servers, glue=glue)
    return None


def _rrset(section: list[dns.rrset.RRset], kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
    return next((each for each in section if each.rdtype == kind), None)
