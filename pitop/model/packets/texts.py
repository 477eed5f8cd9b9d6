"""Protocols whose first line is text: HTTP, FTP, SMTP, RTSP, SIP, SSH, Redis."""

from __future__ import annotations

from pitop.model.packets.dissection import Cut, Dissection, Printer, printable
from pitop.model.packets.registry import application

__all__ = ["HTTP_METHODS", "redis"]

HTTP_METHODS = frozenset(
    (
        "GET", "PUT", "COPY", "HEAD", "LOCK", "MOVE", "POLL", "POST", "BCOPY", "BMOVE", "MKCOL", "TRACE",
        "LABEL", "MERGE", "DELETE", "SEARCH", "UNLOCK", "REPORT", "UPDATE", "NOTIFY", "BDELETE", "CONNECT",
        "OPTIONS", "CHECKIN", "PROPFIND", "CHECKOUT", "CCM_POST", "SUBSCRIBE", "PROPPATCH", "BPROPFIND",
        "BPROPPATCH", "UNCHECKOUT", "MKACTIVITY", "MKWORKSPACE", "UNSUBSCRIBE", "RPC_CONNECT",
        "VERSION-CONTROL", "BASELINE-CONTROL",
    )
)  # fmt: skip
_RTSP_METHODS = frozenset(
    (
        "OPTIONS", "DESCRIBE", "ANNOUNCE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER",
        "SET_PARAMETER", "REDIRECT", "RECORD",
    )
)  # fmt: skip
_SIP_METHODS = frozenset(
    (
        "ACK", "BYE", "CANCEL", "DO", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "QAUTH",
        "REFER", "REGISTER", "SPRACK", "SUBSCRIBE", "UPDATE", "PUBLISH",
    )
)  # fmt: skip
_LONGEST_TOKEN = 128


def _token(d: Dissection, at: int, end: int) -> tuple[str, int]:
    """A word and where the next one begins; no word when something else than text stands there."""
    start = at
    while at < end:
        if at >= d.end:
            return "", 0
        code = d.data[at]
        if code in b" \t\r\n":
            break
        if not 0x20 <= code < 0x7F or at - start + 1 > _LONGEST_TOKEN:
            return "", 0
        at += 1
    if at == start:
        return "", 0
    word = d.data[start:at].decode("ascii")
    while at < end and at < d.end and d.data[at] == 0x20:
        at += 1
    return word, at


def _first_line(d: Dissection, at: int, length: int) -> None:
    """The first line, when it is text and ends; nothing when it is not text."""
    start, end = at, at + length
    while at < end:
        code = d.u8(at)
        if code == 0x0A:
            break
        if code == 0x0D:
            if at + 1 >= end or d.u8(at + 1) != 0x0A:
                return
            break
        if not 0x20 <= code < 0x7F and code != 0x09:
            return
        at += 1
    d.say(": " + d.data[start:at].decode("ascii"))
    if at >= end:
        d.cut()


def _lines(d: Dissection, at: int, length: int, methods: frozenset[str] | None) -> None:
    shown = methods is None
    if methods is not None:
        word, following = _token(d, at, at + length)
        if word:
            shown = word.upper() in methods
            code, _ = _token(d, following, at + length)
            shown = shown or (len(code) == 3 and code.isdigit())
    d.say(d.protocol.upper())
    if shown:
        _first_line(d, at, length)


def _text(
    rank: int, name: str, methods: frozenset[str] | None, *, udp: tuple[int, ...] = (), tcp: tuple[int, ...] = ()
) -> None:
    def over_tcp(d: Dissection, at: int, length: int) -> None:
        d.say(": ")
        d.protocol = name
        _lines(d, at, length, methods)

    def over_udp(d: Dissection, at: int, length: int) -> None:
        d.protocol = name
        _lines(d, at, length, methods)

    printer: Printer = over_tcp
    application(rank, tcp=tcp)(printer)
    application(rank, udp=udp)(over_udp)


_text(2, "smtp", None, tcp=(25,))
_text(3, "whois", None, tcp=(43,))
_text(11, "ftp", None, tcp=(21,))
_text(12, "http", HTTP_METHODS, tcp=(80, 8080))
_text(13, "rtsp", _RTSP_METHODS, tcp=(554, 8554))
_text(80, "sip", _SIP_METHODS, udp=(5060,))


@application(7, tcp=(22,))
def _ssh(d: Dissection, at: int, length: int) -> None:
    """The version line that both sides begin with."""
    d.protocol = "ssh"
    start, end = at, at + length
    for letter in b"SSH-":
        if d.u8(at) != letter:
            return
        at += 1
    while at < end:
        code = d.u8(at)
        if code == 0x0A:
            break
        if code == 0x0D:
            if at + 1 >= end or d.u8(at + 1) != 0x0A:
                d.cut()
                return
            break
        if not 0x20 <= code < 0x7F:
            d.cut()
            return
        at += 1
    else:
        d.cut()
        return
    d.say(": SSH: " + d.data[start:at].decode("ascii"))


@application(6, tcp=(6379,))
def redis(d: Dissection, at: int, length: int) -> None:
    """RESP: commands and answers, each as quoted text."""
    d.protocol = "resp"
    d.say(": RESP")
    end = at + length
    try:
        while at < end:
            at = _value(d, at, end, 0)
    except _Broken:
        d.cut()


class _Broken(Exception):
    """A value that ends too early or cannot be."""


def _quoted(d: Dissection, start: int, end: int) -> None:
    d.say(f' "{printable(d.data[start : min(end, d.end)])}"')


def _line_end(d: Dissection, at: int, end: int) -> int:
    """Where CR LF stands."""
    while True:
        if at + 2 > end or not d.has(at, 2):
            raise _Broken
        if d.data[at] == 0x0D and d.data[at + 1] == 0x0A:
            return at
        at += 1


def _value(d: Dissection, at: int, end: int, depth: int) -> int:
    if at >= end:
        raise _Broken
    if depth > 30:
        raise Cut
    d.step()
    kind = d.u8(at)
    if kind in b"+-:":
        stop = _line_end(d, at + 1, end)
        _quoted(d, at + 1, stop)
        return stop + 2
    if kind in b"$*":
        size, at = _length(d, at + 1, end)
        if size == -2:
            raise _Broken
        words = {-1: " null", -3: " length too large", -4: " length negative and not -1", -5: " invalid"}
        if size < 0:
            d.say(words[size])
            return at
        if kind == 0x2A:
            for _ in range(size):
                at = _value(d, at, end, depth + 1)
            if size == 0:
                d.say(" empty")
            return at
        if size == 0:
            d.say(" empty")
        else:
            if end - at < size or not d.has(at, size):
                raise _Broken
            _quoted(d, at, at + size)
            at += size
        return _line_end(d, at, end) + 2
    at = _breaks(d, at, end)
    stop = at
    while True:
        if stop >= end:
            raise _Broken
        if d.u8(stop) in b"\r\n":
            break
        stop += 1
    _quoted(d, at, stop)
    return _breaks(d, stop, end)


def _breaks(d: Dissection, at: int, end: int) -> int:
    """Past CR and LF; where neither stands the value cannot begin or end."""
    found = False
    while at < end and d.has(at, 1) and d.data[at] in b"\r\n":
        found = True
        at += 1
    if (at >= end or not d.has(at, 1)) and not found:
        raise _Broken
    return at


def _length(d: Dissection, at: int, end: int) -> tuple[int, int]:
    """A decimal length and where it ends; -1 null, -2 cut, -3 too large, -4 negative, -5 no number."""
    negative = at < end and d.u8(at) == 0x2D
    if at >= end:
        return -2, at
    at += negative
    start = at
    while True:
        if at >= end:
            return -2, at
        if not 0x30 <= d.u8(at) <= 0x39:
            break
        at += 1
    if at == start:
        return -5, at + 1
    number = int(d.data[start : min(at, start + 11)])
    if d.u8(at) != 0x0D:
        return -5, at + 1
    if at + 1 >= end:
        return -2, at + 1
    if d.u8(at + 1) != 0x0A:
        return -5, at + 2
    at += 2
    large = number > 0x7FFFFFFF
    if negative:
        return (-1 if number == 1 and not large else -4), at
    return (-3 if large else number), at
