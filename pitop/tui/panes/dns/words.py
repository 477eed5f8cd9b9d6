"""Completion for a line of words: earlier lines whole, else the last word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.suggester import Suggester

__all__ = ["WordSuggester"]

_TYPES = (
    "AAAA", "ANY", "AXFR", "CAA", "CNAME", "DNAME", "DNSKEY", "DS", "HTTPS", "MX", "NAPTR", "NS", "NSEC", "NSEC3PARAM",
    "PTR", "RRSIG", "SOA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT",
)  # fmt: skip
_WORDS = (
    "+tcp", "+tls", "+https", "+dnssec", "+norec", "+cd", "+nsid", "+subnet=", "+bufsize=", "+padding=", "+noedns",
    "+ignore", "+time=", "+tries=", "+root=", "+anchor=", "+noverify",
)  # fmt: skip


class WordSuggester(Suggester):
    """Suggests the newest earlier line that begins alike; else completes types, dig's words, servers and names."""

    def __init__(self, history: Sequence[str], servers: Iterable[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._history = list(reversed(history))
        names = [word for line in self._history for word in line.split() if word[0] not in "+"]
        own = [f"@{server.removesuffix('#53')}" for server in servers]
        self._candidates = list(dict.fromkeys([*names, *own, *_WORDS, *_TYPES]))

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line that is suggested."""
        if not value or value[-1].isspace():
            return None
        for line in self._history:
            if line != value and line.startswith(value):
                return line
        begun = value.split()[-1]
        for word in self._candidates:
            if word != begun and word.lower().startswith(begun.lower()) and (len(begun) > 1 or begun in "@+"):
                return value + word[len(begun) :]
        return None
