"""Numbers of the DNS and their names (IANA "Domain Name System (DNS) Parameters"). No dnspython here."""

from __future__ import annotations

__all__ = ["CLASSES", "RCODES", "TYPES", "class_word", "type_number", "type_word"]

TYPES: dict[int, str] = {
    1: "A", 2: "NS", 3: "MD", 4: "MF", 5: "CNAME", 6: "SOA", 7: "MB", 8: "MG", 9: "MR", 10: "NULL", 11: "WKS",
    12: "PTR", 13: "HINFO", 14: "MINFO", 15: "MX", 16: "TXT", 17: "RP", 18: "AFSDB", 19: "X25", 20: "ISDN", 21: "RT",
    22: "NSAP", 23: "NSAP-PTR", 24: "SIG", 25: "KEY", 26: "PX", 27: "GPOS", 28: "AAAA", 29: "LOC", 30: "NXT",
    33: "SRV", 35: "NAPTR", 36: "KX", 37: "CERT", 38: "A6", 39: "DNAME", 41: "OPT", 42: "APL", 43: "DS", 44: "SSHFP",
    45: "IPSECKEY", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 49: "DHCID", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA",
    53: "SMIMEA", 55: "HIP", 56: "NINFO", 59: "CDS", 60: "CDNSKEY", 61: "OPENPGPKEY", 62: "CSYNC", 63: "ZONEMD",
    64: "SVCB", 65: "HTTPS", 66: "DSYNC", 67: "HHIT", 68: "BRID", 99: "SPF", 103: "UNSPEC", 104: "NID",
    105: "L32", 106: "L64", 107: "LP", 108: "EUI48", 109: "EUI64", 128: "NXNAME", 249: "TKEY", 250: "TSIG",
    251: "IXFR", 252: "AXFR", 253: "MAILB", 254: "MAILA", 255: "ANY", 256: "URI",
    257: "CAA", 258: "AVC", 260: "AMTRELAY", 261: "RESINFO", 262: "WALLET", 32768: "TA",
    32769: "DLV",
}  # fmt: skip
CLASSES: dict[int, str] = {0: "RESERVED0", 1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}
RCODES: dict[int, str] = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET",
    8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI", 16: "BADVERS", 17: "BADKEY", 18: "BADTIME",
    19: "BADMODE", 20: "BADNAME", 21: "BADALG", 22: "BADTRUNC", 23: "BADCOOKIE",
}  # fmt: skip

_TYPE_NUMBERS = {word: number for number, word in TYPES.items()}
_CLASS_NUMBERS = {word: number for number, word in CLASSES.items()} | {
    "INTERNET": 1,
    "CHAOS": 3,
    "HESIOD": 4,
}


def _number(text: str, known: dict[str, int], generic: str) -> int | None:
    """The number of a word, or of its generic spelling (RFC 3597 5: `TYPE65`, `CLASS3`)."""
    word = text.upper()
    if word in known:
        return known[word]
    digits = word.removeprefix(generic)
    if digits != word and digits.isascii() and digits.isdigit() and int(digits) < 65536:
        return int(digits)
    return None


def type_number(text: str) -> int | None:
    """The number of the type that `text` names (`mx`, `TYPE65`), or None."""
    return _number(text, _TYPE_NUMBERS, "TYPE")


def type_word(text: str) -> str | None:
    """The type that `text` names in its standard spelling, or None."""
    number = type_number(text)
    return None if number is None else TYPES.get(number, f"TYPE{number}")


def class_word(text: str) -> str | None:
    """The class that `text` names (`in`, `CHAOS`, `CLASS3`) in its standard spelling, or None."""
    number = _number(text, _CLASS_NUMBERS, "CLASS")
    return None if number is None else CLASSES.get(number, f"CLASS{number}")
