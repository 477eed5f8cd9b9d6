"""dig's words as requests: `@server name type class +option`, and dig's letters `-x -t -c -q -p`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from pitop.model.dns.codes import class_word, type_word
from pitop.model.dns.names import absolute
from pitop.model.dns.question import (
    Options,
    Question,
    QuestionError,
    Server,
    Transport,
    address_of,
    parse_server,
    reverse_name,
)

__all__ = ["Request", "read_line", "read_words"]


class Request(Struct, frozen=True):
    """What a line of dig's words asks for.

    `servers` is empty for the machine's own. `display` holds dig's `+[no]…` words on printing, by name. Beside dig's
    words there are `+root=ADDRESS[:PORT]` and `+anchor=FILE` for traces and proofs, and `+noverify`.
    """

    questions: tuple[Question, ...]
    servers: tuple[Server, ...] = ()
    options: Options = Options()
    transport: Transport | None = None
    trace: bool = False
    short: bool = False
    search: bool = False
    display: tuple[tuple[str, bool], ...] = ()
    roots: tuple[str, ...] = ()
    root_port: int | None = None
    anchor: str | None = None


_PRINTING = frozenset(
    {
        "comments",
        "question",
        "answer",
        "authority",
        "additional",
        "stats",
        "cmd",
        "ttlid",
        "ttlunits",
        "class",
        "crypto",
    }
)
# Words of dig's on looks that there is one way of here; they are taken and change nothing.
_IDLE = frozenset(
    {
        "cmd",
        "multiline",
        "onesoa",
        "qr",
        "rrcomments",
        "split",
        "besteffort",
        "keepopen",
        "keepalive",
        "badcookie",
        "idn",
        "idnin",
        "idnout",
        "mapped",
        "showallmessages",
        "showbadcookie",
        "showbadvers",
        "showtruncated",
        "unknownformat",
        "expandaaaa",
        "defname",
        "identify",
        "ednsnegotiation",
        "fail",
        "ndots",
    }
)
_SYNONYMS = {
    "do": "dnssec",
    "recurse": "rec",
    "rdflag": "rec",
    "cdflag": "cd",
    "cdnflag": "cd",
    "adflag": "ad",
    "aaflag": "aa",
    "aaonly": "aa",
    "vc": "tcp",
    "edns0": "edns",
    "timeout": "time",
    "tls-host": "tls-hostname",
}


class _Reader:
    """Words taken one after another; the options hold for the whole line, wherever they stand."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.types: list[list[str]] = []
        self.waiting: list[str] = []  # types before the first name
        self.rclass = "IN"
        self.servers: list[str] = []
        self.options: dict[str, object] = {}
        self.transport: Transport | None = None
        self.path: str | None = None
        self.trace = self.short = self.search = False
        self.display: dict[str, bool] = {}
        self.roots: list[Server] = []
        self.anchor: str | None = None

    def word(self, word: str) -> None:
        if word.startswith("@"):
            self.servers.append(word[1:])
        elif word.startswith("+"):
            self.plus(word[1:])
        elif "." not in word and (kind := type_word(word)) is not None:
            self.kind(kind)
        elif "." not in word and (rclass := class_word(word)) is not None:
            self.rclass = rclass
        else:
            self.name(word)

    def name(self, name: str) -> None:
        self.names.append(name)
        self.types.append([])

    def kind(self, kind: str) -> None:
        (self.types[-1] if self.types else self.waiting).append(kind)

    def plus(self, text: str) -> None:
        word, equals, value = text.partition("=")
        word = word.lower()
        wanted = not word.startswith("no")
        word = word if wanted else word[2:]
        word = _SYNONYMS.get(word, word)
        if word == "all":
            for part in ("cmd", "comments", "question", "answer", "authority", "additional", "stats"):
                self.display[part] = wanted
        elif word in _PRINTING:
            self.display[word] = wanted
        elif word not in _IDLE:
            self.option(word, value if equals else None, wanted, text)

    def option(self, word: str, value: str | None, wanted: bool, text: str) -> None:
        flags = {"rec": "recursion", "cd": "checking_disabled", "ad": "authentic", "aa": "authoritative",
                 "dnssec": "dnssec", "nsid": "nsid", "verify": "verify"}  # fmt: skip
        transports = {"tcp": Transport.TCP, "tls": Transport.TLS, "https": Transport.HTTPS, "quic": Transport.QUIC}
        if word in flags:
            self.options[flags[word]] = wanted
        elif word in transports:
            self.transport = transports[word] if wanted else None
            self.path = value or self.path
        elif word == "ignore":
            self.options["fallback"] = not wanted
        elif word == "root":
            self.roots.append(parse_server(_needed(value, text)))
        elif word == "anchor":
            self.anchor = _needed(value, text)
        elif word == "trace":
            self.trace = wanted
        elif word == "short":
            self.short = wanted
        elif word == "search":
            self.search = wanted
        elif word == "edns":
            if value not in (None, "", "0"):
                raise QuestionError(f"+{text}: there is no other version of EDNS than 0")
            self.options["payload_bytes"] = 1232 if wanted else None
        elif word == "bufsize":
            self.options["payload_bytes"] = _number(value, text, 0, 65535) if wanted else None
        elif word == "subnet":
            self.options["subnet"] = _needed(value, text) if wanted else None
        elif word == "cookie":
            self.options["cookie"] = (value or "") if wanted else None
        elif word == "padding":
            self.options["padding_bytes"] = _number(value, text, 0, 512) if wanted else 0
        elif word == "time":
            self.options["timeout"] = float(_number(value, text, 1, 3600))
        elif word == "tries":
            self.options["tries"] = _number(value, text, 1, 100)
        elif word == "retry":
            self.options["tries"] = _number(value, text, 0, 99) + 1
        elif word == "tls-hostname":
            self.options["certificate_name"] = _needed(value, text) if wanted else None
        elif word == "tls-ca":
            self.options["verify"] = wanted
            self.options["authorities"] = value if wanted else None
        else:
            raise QuestionError(f"+{text} is not one of dig's words, or not one that is done here")


def _needed(value: str | None, text: str) -> str:
    if not value:
        raise QuestionError(f"+{text} needs a value: +{text}=…")
    return value


def _number(value: str | None, text: str, least: int, most: int) -> int:
    if value is not None and value.isascii() and value.isdigit() and least <= int(value) <= most:
        return int(value)
    option = text if text.startswith("-") else f"+{text.partition('=')[0]}"
    raise QuestionError(f"{option} needs a number from {least} to {most}")


def read_words(
    words: Sequence[str],
    *,
    names: Sequence[str] = (),
    types: Sequence[str] = (),
    rclass: str | None = None,
    reverse: Sequence[str] = (),
    port: int | None = None,
    transport: Transport | None = None,
    options: Options | None = None,
) -> Request:
    """`words` in dig's grammar, with what its letters gave: `-q`, `-t`, `-c`, `-x`, `-p`.

    A lone type asks about the root, as dig's `NS` does for no name at all; an address for which no type is wanted asks
    for its name, as host(1) does; words later in the line win. Raises QuestionError.
    """
    reader = _Reader()
    for name in names:
        reader.name(name)
    for word in words:
        reader.word(word)
    for text in types:
        kind, equals, serial = text.partition("=")
        known = type_word(kind)
        if known is None:
            raise QuestionError(f"“{text}” is not a type of record; write A, MX, TYPE65 and the like")
        if known == "IXFR" and equals:
            reader.options["serial"] = _number(serial, "ixfr", 0, 2**32 - 1)
        reader.kind(known)
    if rclass is not None:
        known_class = class_word(rclass)
        if known_class is None:
            raise QuestionError(f"“{rclass}” is not a class; write IN or CH")
        reader.rclass = known_class
    questions = []
    for name, kinds in zip(reader.names, reader.types, strict=True):
        wanted = kinds or reader.waiting
        if not wanted and address_of(name.partition("%")[0]) is not None:
            questions.append(Question(reverse_name(name), "PTR", reader.rclass))
        else:
            questions += [Question(absolute(name), kind, reader.rclass) for kind in wanted or ["A"]]
    questions += [Question(reverse_name(each), "PTR", reader.rclass) for each in reverse]
    if not questions:
        questions = [Question(".", kind, reader.rclass) for kind in (reader.waiting or ["NS"])]
    chosen = reader.transport or transport
    servers = tuple(parse_server(text, chosen, port) for text in reader.servers)
    if reader.path is not None:
        servers = tuple(msgspec.structs.replace(each, path=reader.path) for each in servers)
    return Request(
        tuple(questions),
        servers,
        msgspec.structs.replace(options or Options(), **reader.options),
        chosen,
        reader.trace,
        reader.short,
        reader.search,
        tuple(reader.display.items()),
        tuple(root.host for root in reader.roots),
        next((root.port for root in reader.roots if root.port != 53), port),
        reader.anchor,
    )


_LETTERS = {"-q": "names", "-t": "types", "-c": "rclass", "-x": "reverse", "-p": "port"}


def read_line(line: str) -> Request:
    """A line as one types it: dig's words and letters, quoted as in a shell. Raises QuestionError."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise QuestionError(str(error).lower()) from None
    plain: list[str] = []
    given: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        letter, value = word[:2], word[2:]
        if not word.startswith("-"):
            plain.append(word)
        elif letter not in _LETTERS:
            raise QuestionError(f"“{word}” means nothing here: -x ADDRESS, -t TYPE, -c CLASS, -q NAME, -p PORT do")
        else:
            value = value or next(rest, "")
            if not value:
                raise QuestionError(f"{letter} needs a value after it")
            given.setdefault(_LETTERS[letter], []).append(value)
    port = given.get("port", [""])[-1]
    return read_words(
        plain,
        names=given.get("names", ()),
        types=given.get("types", ()),
        rclass=given.get("rclass", [None])[-1],
        reverse=given.get("reverse", ()),
        port=_number(port, "-p", 1, 65535) if port else None,
    )
