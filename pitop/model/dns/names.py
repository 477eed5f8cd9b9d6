"""Names as people write them, and as they travel (RFC 1035, IDNA 2008 with UTS 46 mapping).

Most names are letters, digits and hyphens, for which nothing needs to be imported; the others are dnspython's.
"""

from __future__ import annotations

import re

from pitop.model.dns.question import QuestionError

__all__ = ["absolute", "unicode_form"]

_PLAIN = re.compile(r"(?=.{1,253}\.?\Z)[A-Za-z0-9_*-]{1,63}(?:\.[A-Za-z0-9_*-]{1,63})*\.?\Z")


def absolute(text: str) -> str:
    """`text` as the absolute ASCII name that travels: `bücher.example` → `xn--bcher-kva.example.`.

    Raises QuestionError.
    """
    if _PLAIN.match(text) is not None:
        return text if text.endswith(".") else text + "."
    import dns.exception
    import dns.name

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
    import dns.exception
    import dns.name

    try:
        shown = dns.name.from_text(name).to_unicode(idna_codec=dns.name.IDNA_2008_UTS_46)
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return None
    # What had to be escaped is no letter of any script.
    return shown if shown.lower() != name.lower() and ("\\" not in shown or "\\" in name) else None
