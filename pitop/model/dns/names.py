"""Names as people write them, and as they travel (RFC 1035, IDNA 2008 with UTS 46 mapping)."""

from __future__ import annotations

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype

from pitop.model.dns.question import QuestionError

__all__ = ["absolute", "class_word", "type_word", "unicode_form"]


def absolute(text: str) -> str:
    """`text` as the absolute ASCII name that travels: `bücher.example` → `xn--bcher-kva.example.`.

    Raises QuestionError.
    """
    try:
        codec = dns.name.IDNA_2003_Practical if text.isascii() else dns.name.IDNA_2008_UTS_46
        return dns.name.from_text(text, idna_codec=codec).to_text()
    except (dns.exception.DNSException, UnicodeError, ValueError) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise QuestionError(f"“{text}” is not a name: {reason}") from None


def unicode_form(name: str) -> str | None:
    """How an ASCII name with `xn--` labels reads, or None where there is nothing else to read."""
    if "xn--" not in name.lower():
        return None
    try:
        shown = dns.name.from_text(name).to_unicode(idna_codec=dns.name.IDNA_2008_UTS_46)
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return None
    # What had to be escaped is no letter of any script.
    return shown if shown.lower() != name.lower() and ("\\" not in shown or "\\" in name) else None


def type_word(text: str) -> str | None:
    """The type that `text` names (`mx`, `TYPE65`) in its standard spelling, or None."""
    try:
        return dns.rdatatype.to_text(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError):
        return None


def class_word(text: str) -> str | None:
    """The class that `text` names (`in`, `CHAOS`, `CLASS3`) in its standard spelling, or None."""
    try:
        return dns.rdataclass.to_text(dns.rdataclass.from_text(text))
    except (dns.exception.DNSException, ValueError):
        return None
