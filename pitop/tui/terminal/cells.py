"""Which cells of the terminal a text takes, as far as every terminal agrees.

A row is two strings of the same length, one character a cell: what stands there, and which pen drew it (see `pens`).
A wide character is followed by a `STUB` for the cell that it covers. Text on whose width terminals differ (combining
characters, emoji, joiners) has no cells here: whoever writes it has to write the whole of it and know nothing after.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

__all__ = ["STUB", "UNKNOWN", "spread"]

STUB = "\0"
"""The right half of a wide character."""

UNKNOWN = "\1"
"""A cell of which nothing is known."""

# One cell in every terminal: Latin, Greek, Cyrillic, punctuation, currency, arrows, mathematics, technical symbols,
# box drawing, blocks, shapes, Braille. Without soft hyphen, combining marks, and what may be drawn as emoji two wide.
_NARROW = (
    " -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u0482\u048a-\u052f"
    "\u2010-\u2027\u2030-\u205e\u2070\u2071\u2074-\u208e\u20a0-\u20bf\u2190-\u21ff\u2200-\u22ff\u2308-\u230b"
    "\u2320\u2321\u239b-\u23ae\u23ba-\u23bd\u2400-\u2426\u2500-\u25fc\u25ff\u2605\u2606\u2713\u2717\u2800-\u28ff"
)

# Two cells in every terminal: Kana, CJK ideographs, Hangul syllables, full-width forms.
_WIDE = (
    "\u2e80-\u2e99\u2e9b-\u2ef3\u2f00-\u2fd5\u3001-\u3029\u3030-\u303e\u3041-\u3096\u309b-\u30ff\u3105-\u312f"
    "\u3131-\u3163\u3165-\u318e\u3190-\u31e3\u3200-\u321e\u3220-\u3247\u3250-\u4dbf\u4e00-\ua48c\uac00-\ud7a3"
    "\uf900-\ufa6d\ufa70-\ufad9\ufe30-\ufe52\uff01-\uff60\uffe0-\uffe6\U00020000-\U0002a6df"
)

_all_narrow = re.compile(f"[{_NARROW}]*").fullmatch


@cache
def _wide() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """For texts of narrow and wide characters only, and for a wide one; made when the first text may have some."""
    return re.compile(f"[{_NARROW}{_WIDE}]*"), re.compile(f"([{_WIDE}])")


def spread(text: str) -> str | None:
    """`text` as one character a cell, or None where terminals may not agree on its cells.

    Control characters have no cells.
    """
    if text.isascii():
        return text if text.isprintable() else None
    return _spread(text)


@lru_cache(1024)
def _spread(text: str) -> str | None:
    if _all_narrow(text):
        return text
    known, wide = _wide()
    return wide.sub("\\1" + STUB, text) if known.fullmatch(text) else None
