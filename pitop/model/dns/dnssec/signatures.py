"""Signatures, one at a time, each with the reason why it does not hold (RFC 4035 5.3)."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from typing import Any, NamedTuple

import dns.dnssec
import dns.exception
import dns.name
import dns.node
import dns.rdata
import dns.rdataset
import dns.rdatatype
import dns.rrset

__all__ = ["Check", "check_rrset", "matches_ds", "signatures_of", "supported", "supported_digest"]

_TRIES = 8  # signatures and keys tried for one RRset; more is an attack on the processor (CVE-2023-50387)
_ZONE_KEY = 0x0100  # RFC 4034 2.1.1
_REVOKED = 0x0080  # RFC 5011 3

# What dnspython computes with cryptography, by IANA's numbers: RSA (5, 7, 8, 10), ECDSA (13, 14), EdDSA (15, 16).
_ALGORITHMS = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
_DIGESTS = frozenset({1, 2, 4})


class Check(NamedTuple):
    """Whether a set of records is signed as it must be, why or why not, and the wildcard that it came from.

    `unsupported` means that only algorithms unknown here were used.
    """

    good: bool
    words: str
    wildcard: dns.name.Name | None = None
    unsupported: bool = False


def supported(algorithm: int) -> bool:
    """Whether signatures of this algorithm can be checked here."""
    return algorithm in _ALGORITHMS


def supported_digest(digest_type: int) -> bool:
    """Whether DS digests of this type can be computed here."""
    return digest_type in _DIGESTS


def signatures_of(section: Iterable[dns.rrset.RRset], name: dns.name.Name, covered: int) -> list[Any]:
    """The RRSIG records in a section of a message that cover `covered` at `name`."""
    return [
        rdata
        for rrset in section
        if rrset.name == name and rrset.rdtype == dns.rdatatype.RRSIG
        for rdata in rrset
        if rdata.type_covered == covered
    ]


def check_rrset(
    rrset: dns.rrset.RRset, signatures: list[Any], zone: dns.name.Name, keys: Iterable[Any], now: float
) -> Check:
    """Whether one of `signatures` over `rrset` was made by one of `keys`, the trusted DNSKEY records of `zone`."""
    what = f"{dns.rdatatype.to_text(rrset.rdtype)} of {rrset.name}"
    if not signatures:
        return Check(False, f"{what} has no signature")
    reasons: list[str] = []
    usable = [key for key in keys if key.flags & _ZONE_KEY and key.protocol == 3 and not key.flags & _REVOKED]
    tries = 0
    for signature in signatures:
        reason = _before_key(rrset, signature, zone, now)
        if reason is None:
            reason = f"key {signature.key_tag} (algorithm {signature.algorithm}) is not among the keys of {zone}"
            for key in usable:
                if key.algorithm != signature.algorithm or dns.dnssec.key_id(key) != signature.key_tag:
                    continue
                tries += 1
                if tries > _TRIES:
                    return Check(False, f"{what}: too many signatures and keys to try")
                if _verifies(rrset, signature, zone, key, now):
                    return Check(True, f"{what} is signed by key {signature.key_tag}", _wildcard(rrset.name, signature))
                reason = f"the signature by key {signature.key_tag} does not verify"
        reasons.append(reason)
    if not any(supported(signature.algorithm) for signature in signatures):
        return Check(False, f"{what}: no signature of a supported algorithm", None, True)
    return Check(False, f"{what}: " + "; ".join(dict.fromkeys(reasons)))


def _before_key(rrset: dns.rrset.RRset, signature: Any, zone: dns.name.Name, now: float) -> str | None:
    """What is wrong with a signature before any key is looked at, or None."""
    if signature.signer != zone:
        return f"the signer is {signature.signer}, not the zone {zone}"
    if signature.labels > _labels(rrset.name):
        return "the signature counts more labels than the name has"
    if signature.expiration < now:
        return f"the signature expired on {_date(signature.expiration)} ({_span(now - signature.expiration)} ago)"
    if signature.inception > now:
        return f"the signature is valid from {_date(signature.inception)} only (in {_span(signature.inception - now)})"
    if not supported(signature.algorithm):
        return f"algorithm {signature.algorithm} is not supported"
    return None


def _verifies(rrset: dns.rrset.RRset, signature: Any, zone: dns.name.Name, key: Any, now: float) -> bool:
    try:
        keys: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {zone: dns.rdataset.from_rdata(0, key)}
        dns.dnssec.validate_rrsig(rrset, signature, keys, None, now, dns.dnssec.allow_all_policy)
    except (dns.exception.DNSException, ValueError):
        return False
    return True


def _labels(name: dns.name.Name) -> int:
    """As RRSIG counts them (RFC 4034 3.1.3): neither the root nor a leading asterisk."""
    count = len(name.labels) - 1
    return count - 1 if name.is_wild() else count


def _wildcard(name: dns.name.Name, signature: Any) -> dns.name.Name | None:
    """The wildcard that `name` was made from, where the signature says that it was (RFC 4035 5.3.4)."""
    if signature.labels >= _labels(name):
        return None
    return dns.name.Name([b"*", *name.labels[-1 - signature.labels :]])


def matches_ds(zone: dns.name.Name, key: Any, ds: Any) -> bool:
    """Whether `ds` is the digest of the DNSKEY `key` of `zone`."""
    try:
        made = dns.dnssec.make_ds(zone, key, ds.digest_type, policy=dns.dnssec.allow_all_policy)
    except (dns.exception.DNSException, ValueError):
        return False
    return bool(made == ds)


def _date(seconds: float) -> str:
    return clock.strftime("%Y-%m-%d %H:%M:%S", clock.gmtime(seconds)) + " UTC"


def _span(seconds: float) -> str:
    for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} seconds"
