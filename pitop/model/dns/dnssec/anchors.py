"""Trust anchors: what validation starts from."""

from __future__ import annotations

import re
from collections.abc import Mapping

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

__all__ = ["ROOT_ANCHORS", "AnchorError", "Anchors", "closest", "parse_anchors"]

Anchors = Mapping[dns.name.Name, tuple[dns.rdata.Rdata, ...]]
"""For each anchored zone its DS or DNSKEY records."""

ROOT_ANCHORS = """\
. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
"""
"""The root's keys of 2017 and 2024, as IANA publishes them (root-anchors.xml, RFC 7958)."""


class AnchorError(ValueError):
    """A file of anchors that holds none, or that cannot be read as such."""


_BIND = re.compile(
    r'(\S+)\s+(?P<how>initial-key|static-key|initial-ds|static-ds)\s+(\d+)\s+(\d+)\s+(\d+)\s+"([^"]*)"', re.S
)
_ZONE = re.compile(r"^\s*(\S+)\s+(?:\d+\s+)?(?:IN\s+)?(?:\d+\s+)?(DS|DNSKEY)\s+(.+)$", re.I)


def parse_anchors(text: str) -> Anchors:
    """Anchors as zone file lines (`. IN DS …`, `. IN DNSKEY …`) or as BIND's `trust-anchors`. Raises AnchorError."""
    found: dict[dns.name.Name, list[dns.rdata.Rdata]] = {}
    for match in _BIND.finditer(text):
        kind = "DS" if match["how"].endswith("ds") else "DNSKEY"
        _add(found, match[1].strip('"'), kind, f"{match[3]} {match[4]} {match[5]} {''.join(match[6].split())}")
    if not found:
        for line in text.splitlines():
            plain = line.partition(";")[0].replace("(", " ").replace(")", " ")
            record = _ZONE.match(plain)
            if record is not None:
                _add(found, record[1], record[2].upper(), record[3])
    if not found:
        raise AnchorError("no DS or DNSKEY record in it")
    return {zone: tuple(records) for zone, records in found.items()}


def _add(found: dict[dns.name.Name, list[dns.rdata.Rdata]], zone: str, kind: str, text: str) -> None:
    try:
        name = dns.name.from_text(zone)
        record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text.strip())
    except (dns.exception.DNSException, ValueError) as error:
        raise AnchorError(f"the {kind} record of {zone} cannot be read: {error}") from None
    found.setdefault(name, []).append(record)


def closest(anchors: Anchors, name: dns.name.Name) -> dns.name.Name | None:
    """The anchored zone that is nearest above `name`, or None where no anchor covers it."""
    while True:
        if name in anchors:
            return name
        if name == dns.name.root:
            return None
        name = name.parent()
