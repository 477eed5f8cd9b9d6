"""The command line of `pitop dns`: dig's words and letters, and long options for the rest."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from pitop.model.dns.question import Options, QuestionError, Transport
from pitop.model.dns.words import Request, read_words

__all__ = ["Job", "parse"]


class Job(Struct, frozen=True, kw_only=True):
    """What is to be done, whole."""

    request: Request
    command: str
    mode: str  # lookup, trace, compare, why
    json: bool
    family: int | None
    prove: bool
    port: int | None
    watch: float | None
    count: int | None
    names_file: str | None
    turns: int
    rate: float
    own: bool


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitop dns",
        description="Ask name servers: look up, trace from the root, prove, compare, and say why it is slow.",
        epilog="dig's words work: pitop dns @192.0.2.1 example.org MX +short +tcp +dnssec +trace. A server may also be "
        "a name, 192.0.2.1#5353, [2001:db8::1]:53, tls://…, https://…/dns-query or quic://….",
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="WORD", help="@SERVER, NAME, TYPE, CLASS and +OPTION in dig's grammar")
    what = parser.add_argument_group("what to do")
    what.add_argument(
        "--trace", action="store_true", help="walk down from the root, and compare all servers on the way"
    )
    what.add_argument("--dnssec", action="store_true", help="validate here, from the trust anchor to the answer")
    what.add_argument(
        "--compare", action="store_true", help="time this machine's servers and every @SERVER side by side"
    )
    what.add_argument("--why", action="store_true", help="show step by step how this machine resolves the name")
    what.add_argument("--watch", type=float, metavar="SECONDS", help="ask again and again, and tell what changes")
    how = parser.add_argument_group("how to ask")
    how.add_argument("-q", "--name", action="append", default=[], metavar="NAME", help="ask for this name")
    how.add_argument(
        "-t", "--type", action="append", default=[], metavar="TYPE", help="ask for this type, once or more"
    )
    how.add_argument("-c", "--class", dest="rclass", metavar="CLASS", help="IN, CH")
    how.add_argument(
        "-x", "--reverse", action="append", default=[], metavar="ADDRESS", help="ask for an address's name"
    )
    how.add_argument("-p", "--port", type=int, help="the port of every server that names none")
    how.add_argument("-4", dest="family", action="store_const", const=4, help="reach servers over IPv4 only")
    how.add_argument("-6", dest="family", action="store_const", const=6, help="reach servers over IPv6 only")
    how.add_argument("--server", action="append", default=[], metavar="SERVER", help="the same as @SERVER")
    for transport in (Transport.TCP, Transport.TLS, Transport.HTTPS, Transport.QUIC):
        how.add_argument(
            f"--{transport.value}",
            dest="transport",
            action="store_const",
            const=transport,
            help=f"ask over {transport.name}",
        )
    how.add_argument("--timeout", type=float, metavar="SECONDS", help="for each try; 5")
    how.add_argument("--tries", type=int, help="over UDP; 3")
    how.add_argument("--search", action="store_true", help="try the domains of resolv.conf's search list")
    how.add_argument("--cd", action="store_true", help="ask the server not to validate")
    how.add_argument("--no-recurse", action="store_true", help="ask for what the server knows itself")
    how.add_argument("--no-edns", action="store_true", help="ask as it was done before 1999")
    how.add_argument("--bufsize", type=int, metavar="BYTES", help="the EDNS buffer size; 1232")
    how.add_argument("--nsid", action="store_true", help="ask the server for its name (RFC 5001)")
    how.add_argument("--subnet", metavar="ADDRESS/LENGTH", help="pretend to ask from there (RFC 7871); 0 for nowhere")
    how.add_argument("--padding", type=int, metavar="BYTES", help="fill the query to a multiple of this")
    trust = parser.add_argument_group("whom to trust")
    trust.add_argument("--no-verify", action="store_true", help="take any certificate")
    trust.add_argument("--certificate-name", metavar="NAME", help="the name that the certificate must be for")
    trust.add_argument("--authorities", metavar="FILE", help="PEM certificates to trust instead of the system's")
    trust.add_argument("--anchor", metavar="FILE", help="trust anchors to start from, DS or DNSKEY records")
    trust.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="ADDRESS[:PORT]",
        help="where a trace starts; the port then holds for all servers, unless -p says otherwise",
    )
    many = parser.add_argument_group("comparing and watching")
    many.add_argument("--names", metavar="FILE", help="names to compare with, one a line; - for standard input")
    many.add_argument("--repeat", type=int, default=1, metavar="N", help="times that each name is asked for again; 1")
    many.add_argument("--rate", type=float, default=1000.0, metavar="N", help="questions a second to each server; 1000")
    many.add_argument("--no-own", action="store_true", help="leave this machine's own servers out of the comparison")
    many.add_argument("--count", type=int, metavar="N", help="stop watching after so many")
    look = parser.add_argument_group("what to print")
    look.add_argument("--short", action="store_true", help="the data alone")
    look.add_argument("--json", action="store_true", help="one object a line")
    return parser


def parse(arguments: Sequence[str]) -> Job:
    """The job that the words and options describe. Raises QuestionError; argparse ends the program with 2."""
    parser = _parser()
    given = parser.parse_intermixed_args(arguments)
    changes: dict[str, object] = {
        "timeout": given.timeout,
        "tries": given.tries,
        "payload_bytes": given.bufsize,
        "subnet": given.subnet,
        "padding_bytes": given.padding,
        "certificate_name": given.certificate_name,
        "authorities": given.authorities,
        "nsid": given.nsid or None,
        "checking_disabled": given.cd or None,
        "recursion": False if given.no_recurse else None,
        "verify": False if given.no_verify else None,
    }
    options = msgspec.structs.replace(Options(), **{key: value for key, value in changes.items() if value is not None})
    if given.no_edns:
        options = msgspec.structs.replace(options, payload_bytes=None)
    _check(given)
    request = read_words(
        [
            *(f"@{server}" for server in given.server),
            *(f"+root={address}" for address in given.root),
            *([f"+anchor={given.anchor}"] if given.anchor is not None else []),
            *given.words,
        ],
        names=given.name,
        types=given.type,
        rclass=given.rclass,
        reverse=given.reverse,
        port=given.port,
        transport=given.transport,
        options=options,
    )
    if given.compare and not (given.words or given.name or given.reverse or given.names):
        raise QuestionError("--compare needs names, or --names FILE")
    modes = [mode for mode in ("trace", "compare", "why") if getattr(given, mode)]
    if request.trace and "trace" not in modes:
        modes.append("trace")
    if len(modes) > 1:
        raise QuestionError(f"--{modes[0]} and --{modes[1]} do not go together")
    return Job(
        request=msgspec.structs.replace(
            request, short=request.short or given.short, search=request.search or given.search
        ),
        command=" ".join(arguments),
        mode=modes[0] if modes else "lookup",
        json=given.json,
        family=given.family,
        prove=given.dnssec,
        port=given.port,
        watch=given.watch,
        count=given.count,
        names_file=given.names,
        turns=1 + given.repeat,
        rate=given.rate,
        own=not given.no_own,
    )


def _check(given: argparse.Namespace) -> None:
    """What argparse does not see. Raises QuestionError."""
    for option, value, least, most in (
        ("--timeout", given.timeout, 0.01, 3600),
        ("--tries", given.tries, 1, 100),
        ("--port", given.port, 1, 65535),
        ("--bufsize", given.bufsize, 0, 65535),
        ("--padding", given.padding, 0, 512),
        ("--watch", given.watch, 0.1, 86400),
        ("--count", given.count, 1, 10**9),
        ("--repeat", given.repeat, 0, 100),
        ("--rate", given.rate, 0.1, 10**6),
    ):
        if value is not None and not least <= value <= most:
            raise QuestionError(f"{option} needs a number from {least} to {most}")
