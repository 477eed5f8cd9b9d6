"""A process's environment, with values that look like secrets hidden until they are asked for."""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["HIDDEN", "Variable", "environment_of"]

HIDDEN = "********"
"""Stands for a hidden value, whatever its length."""

_NAME = re.compile(
    r"passw|passphrase|(^|_)(pass|pwd|pw|pin|psk)($|_)|secret|token|credential|(^|_|-)api_?key|(^|_)key$|_keys?(_|$)"
    r"|private_?key|access_?key|apikey|(^|_)jwt|cookie|bearer|(^|_)salt$|(^|_)dsn$|connection_?string|_auth$|^auth$",
    re.I,
)
_HARMLESS = frozenset(("PWD", "OLDPWD"))
_VALUE = re.compile(
    r"^(eyJ[\w-]+\.eyJ|-----BEGIN|AKIA[0-9A-Z]{12}|ASIA[0-9A-Z]{12}|gh[pousr]_\w{20}|github_pat_|glpat-|xox[abposr]-"
    r"|sk-[\w-]{20}|AIza[\w-]{30}|npm_\w{20}|hvs\.|dop_v1_|Bearer )"
)
_IN_URL = re.compile(r"([a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@", re.I)


class Variable(Struct, frozen=True):
    """One variable. `hidden` says that (part of) the value is not shown."""

    name: str
    value: str
    hidden: bool = False


def environment_of(data: bytes, reveal: bool = False) -> tuple[Variable, ...]:
    """The variables in /proc/PID/environ (proc_pid_environ(5)), in their order, secrets hidden unless `reveal`.

    A value is hidden for its name (PASSWORD, TOKEN, …_KEY), for its shape (keys and tokens of known kinds), and in
    part for a password in a URL. A path is not: it names the file that holds the secret.
    """
    found = []
    for entry in data.split(b"\0"):
        name, equals, value = entry.decode("utf-8", "backslashreplace").partition("=")
        if equals or name:
            found.append(Variable(name, value) if reveal else _masked(name, value))
    return tuple(found)


def _masked(name: str, value: str) -> Variable:
    if not value or name in _HARMLESS or re.match(r"(unix:)?\.{0,2}/[\w./@+-]*$", value):
        return Variable(name, value)
    if _NAME.search(name) or _VALUE.match(value):
        return Variable(name, HIDDEN, True)
    shown, count = _IN_URL.subn(rf"\1{re.escape(HIDDEN)}@".replace("\\*", "*"), value)
    return Variable(name, shown, bool(count))
