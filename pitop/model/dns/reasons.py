"""Codes in words: response codes, extended errors, and what each means to a person."""

from __future__ import annotations

from pitop.model.dns.answer import Answer

__all__ = ["EXTENDED", "STATUS", "explain", "extended_words"]

STATUS = {
    "NOERROR": "the question was understood and answered",
    "FORMERR": "the server could not read the query; an old one may not know EDNS (try +noedns)",
    "SERVFAIL": "the server failed: nobody who knows could be reached, or validation failed (+cd tells them apart)",
    "NXDOMAIN": "the name does not exist",
    "NOTIMP": "the server does not do this kind of query",
    "REFUSED": "the server will not answer us: it is not meant for this network, or does not serve this zone",
    "YXDOMAIN": "a name exists that should not; a DNAME made the name too long",
    "NOTAUTH": "the server is not authoritative for the zone, or the key is not its own",
    "NOTZONE": "the name is not in the zone",
    "BADVERS": "the server does not know this version of EDNS",
    "BADCOOKIE": "the server wants its own cookie first",
}
"""Response codes (RFC 1035 4.1.1, RFC 6895) and what they mean to who asked."""

EXTENDED = (
    "another error",
    "the zone's key algorithm is not supported",
    "the delegation's digest type is not supported",
    "a stale answer from the cache",
    "a forged answer, by policy",
    "security could not be determined",
    "validation failed: the answer is bogus",
    "a signature has expired",
    "a signature is not yet valid",
    "a DNSKEY is missing that a DS calls for",
    "signatures are missing",
    "no key of the zone is a zone key",
    "proof of absence is missing",
    "an earlier error, from the cache",
    "the server is not ready",
    "blocked by the server's operator",
    "censored: the server's operator was made to",
    "filtered, as the client asked",
    "prohibited: this client may not ask",
    "a stale “no such name” from the cache",
    "the server is not authoritative",
    "not supported",
    "no authority could be reached",
    "a network error on the way to an authority",
    "invalid data",
    "a signature expires before it is valid",
    "too early",
    "too many NSEC3 iterations",
    "the answer does not conform to policy",
    "synthesized by the server",
    "the query's type is not valid",
)
"""Extended error codes 0 to 30 (RFC 8914 4, IANA "Extended DNS Error Codes")."""


def extended_words(code: int) -> str:
    """An extended error's code in words."""
    return EXTENDED[code] if 0 <= code < len(EXTENDED) else f"extended error {code}"


def explain(answer: Answer) -> str:
    """What an answer means, in a sentence: its status, what it lacks, and its extended errors."""
    words = STATUS.get(answer.status, f"the server says {answer.status}")
    if answer.status == "NOERROR" and not any(
        record.type == answer.question.type or answer.question.type in ("ANY", "AXFR", "IXFR")
        for record in answer.records
        if record.section.value == "answer"
    ):
        aliases = [record for record in answer.records if record.section.value == "answer" and record.type == "CNAME"]
        words = f"the name exists, but has no {answer.question.type} record"
        if aliases:
            words = f"the name is an alias for {aliases[-1].data}, which has no {answer.question.type} record here"
    errors = answer.edns.errors if answer.edns is not None else ()
    for error in errors:
        words += f"; {error.words}" + (f" ({error.text})" if error.text else "")
    return words
