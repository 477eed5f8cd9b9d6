"""Pens: the colours and attributes of a cell, and the shortest way from one to the next.

SGR: ECMA-48 §8.3.117, and for colours ISO 8613-6; hyperlinks: OSC 8. A pen is one character, so that the pens of a
row are a string that is compared and searched at the speed of strings.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PLAIN", "Palette", "Pen", "eight"]

PLAIN = "\x20"
"""The pen after a reset: default colours, no attributes."""

# What ends each attribute. The rest have no agreed ending but a reset.
_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "9": "29"}
# What shows on an empty cell, so that erasing is not the same as writing a space.
_MARKS = frozenset({"4", "5", "6", "7", "9", "21", "51", "52", "53"})
_FIRST = ord(PLAIN)
_LAST = 0xD7FF  # the last before the surrogates


def eight(sgr: str) -> str:
    """SGR parameters for the Linux console (console_codes(4)), which has eight colours and shows bold ones brighter.

    It takes 90 for bold, which 37 does not end, and 100 for 40. So bright colours are bold here, backgrounds are plain.
    """
    if "38;" in sgr or "48;" in sgr:
        return sgr
    return ";".join(
        f"1;3{code[1]}" if len(code) == 2 and code[0] == "9" else f"4{code[2]}" if len(code) == 3 else code
        for code in sgr.split(";")
    )


class Pen(NamedTuple):
    """SGR attributes and colours as their parameters; empty is the terminal's default."""

    attributes: tuple[str, ...] = ()
    foreground: str = ""
    background: str = ""
    link: str = ""  # the parameters of OSC 8: "id=1;https://…"

    @classmethod
    def parse(cls, sgr: str, link: str = "") -> Pen:
        """The pen that the parameters of an SGR, such as ``1;38;5;208``, give after a reset.

        Raises ValueError where they are not understood.
        """
        attributes: list[str] = []
        foreground = background = ""
        codes = iter(sgr.split(";") if sgr else ())
        for code in codes:
            number = int(code)
            if number in (38, 48):
                kind = next(codes, "")
                length = {"5": 1, "2": 3}.get(kind)
                if length is None:
                    raise ValueError(f"unknown colour in SGR {sgr!r}")
                colour = ";".join([code, kind, *[str(int(next(codes, "x"))) for _ in range(length)]])
                if number == 38:
                    foreground = colour
                else:
                    background = colour
            elif 30 <= number <= 37 or 90 <= number <= 97:
                foreground = code
            elif 40 <= number <= 47 or 100 <= number <= 107:
                background = code
            elif number == 39:
                foreground = ""
            elif number == 49:
                background = ""
            elif 1 <= number <= 9 or number in (21, 51, 52, 53):
                attributes.append(code)
            else:
                raise ValueError(f"unknown parameter in SGR {sgr!r}")
        return cls(tuple(sorted(set(attributes))), foreground, background, link)

    @property
    def sgr(self) -> str:
        """The parameters that give this pen after a reset."""
        return ";".join([*self.attributes, *filter(None, (self.foreground, self.background))])


class Palette:
    """Every pen met so far, each as one character, and the sequences between them."""

    def __init__(self) -> None:
        self._pens: list[Pen] = [Pen()]
        self._characters: dict[Pen, str] = {Pen(): PLAIN}
        self._parsed: dict[tuple[str, str], str] = {("", ""): PLAIN}
        self._changes: dict[str, str] = {}

    def pen(self, sgr: str, link: str = "") -> str:
        """The character for the pen with these SGR parameters and OSC 8 link.

        Raises ValueError where they are not understood, OverflowError where there are more pens than characters.
        """
        key = (sgr, link)
        character = self._parsed.get(key)
        if character is None:
            pen = Pen.parse(sgr, link)
            character = self._characters.get(pen)
            if character is None:
                if _FIRST + len(self._pens) > _LAST:
                    raise OverflowError("too many different colours")
                character = chr(_FIRST + len(self._pens))
                self._pens.append(pen)
                self._characters[pen] = character
            self._parsed[key] = character
        return character

    def __getitem__(self, character: str) -> Pen:
        return self._pens[ord(character) - _FIRST]

    def change(self, old: str, new: str) -> str:
        """The shortest sequence that makes the terminal go on with pen `new` after `old`."""
        key = old + new
        sequence = self._changes.get(key)
        if sequence is None:
            if len(self._changes) > 4096:
                self._changes.clear()
            sequence = self._changes[key] = _change(self[old], self[new])
        return sequence

    def erases(self, character: str, *, coloured: bool) -> bool:
        """May cells of this pen that hold spaces be erased in place of written?

        `coloured`: the terminal erases in the background colour (terminfo's ``bce``).
        """
        pen = self[character]
        return not pen.link and _MARKS.isdisjoint(pen.attributes) and (coloured or not pen.background)


def _change(old: Pen, new: Pen) -> str:
    link = f"\x1b]8;{new.link or ';'}\x1b\\" if new.link != old.link else ""
    if new[:3] == old[:3]:
        return link
    if not new.sgr:
        return link + "\x1b[m"
    whole = f"0;{new.sgr}" if old.sgr else new.sgr
    lost = set(old.attributes) - set(new.attributes)
    if lost <= _ENDS.keys():
        ends = {_ENDS[attribute] for attribute in lost}
        kept = [a for a in new.attributes if a not in old.attributes or _ENDS.get(a) in ends]
        colours = []
        if new.foreground != old.foreground:
            colours.append(new.foreground or "39")
        if new.background != old.background:
            colours.append(new.background or "49")
        step = ";".join([*sorted(ends), *kept, *colours])
        if len(step) < len(whole):
            return f"{link}\x1b[{step}m"
    return f"{link}\x1b[{whole}m"
