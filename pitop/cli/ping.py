"""`pitop ping`: echoes to any number of machines at once, in ping's lines."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from msgspec import structs

from pitop.cli.numbers import real, whole
from pitop.collect.path.ping import echoes
from pitop.kernel.path.names import address_of, name_of
from pitop.kernel.path.pinger import Plan
from pitop.model.path.echoes import Echo, Tally, counted
from pitop.render.document import document
from pitop.render.path.ping import closing_lines, echo_line, echo_record, opening_line, tally_record

__all__ = ["run"]

_SMALLEST = 0.002  # seconds between echoes that anybody may ask for (ping(8))


def run(arguments: Sequence[str]) -> int:
    """Ping until counted out or interrupted; 1 where a machine did not answer at all."""
    options = _parser().parse_args(arguments)
    try:
        addresses = [address_of(name, options.family) for name in options.host]
    except OSError as error:
        print(f"pitop ping: {error.strerror or error}; check the spelling, or ask pitop dns", file=sys.stderr)
        return 1
    plan = Plan(options.interval, options.size, options.count, options.ttl, options.dont_fragment, options.timeout)
    return _Run(options.host, addresses, plan, numeric=options.numeric, as_json=options.json).all(options.deadline)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pitop ping", description="Echoes to any number of machines at once.")
    parser.add_argument("host", nargs="+", metavar="HOST")
    parser.add_argument("-c", dest="count", type=whole(1), metavar="N", help="end after N echoes a machine")
    parser.add_argument(
        "-i", dest="interval", type=real(_SMALLEST), default=1.0, metavar="S", help="seconds between echoes"
    )
    parser.add_argument(
        "-s",
        dest="size",
        type=whole(0, 65507),
        default=56,
        metavar="BYTES",
        help="payload bytes, 8 of header come on top",
    )
    parser.add_argument("-t", dest="ttl", type=whole(1, 255), metavar="HOPS", help="time to live")
    parser.add_argument("-D", dest="dont_fragment", action="store_const", const=True, help="forbid fragments")
    parser.add_argument(
        "-W",
        dest="timeout",
        type=real(0.001),
        default=2.0,
        metavar="S",
        help="seconds until an echo is lost",
    )
    parser.add_argument("-w", dest="deadline", type=real(0.001), metavar="S", help="end after S seconds")
    parser.add_argument("-n", dest="numeric", action="store_true", help="look no names up")
    parser.add_argument("-4", dest="family", action="store_const", const=4, default=0, help="IPv4 only")
    parser.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    parser.add_argument("--json", action="store_true", help="one JSON object a machine, at the end")
    return parser


class _Run:
    """One run of the command."""

    def __init__(
        self, names: Sequence[str], addresses: Sequence[str], plan: Plan, *, numeric: bool, as_json: bool
    ) -> None:
        self._names, self._addresses, self._plan = names, addresses, plan
        self._numeric, self._json = numeric, as_json
        self._tallies = [Tally() for _ in names]
        self._rows: list[list[Echo]] = [[] for _ in names]
        self._known: dict[str, str | None] = {}
        self._begin = self._last = time.monotonic()

    def all(self, deadline: float | None) -> int:
        """Ping, and tell the statistics however it ends."""
        if not self._json:
            for name, address in zip(self._names, self._addresses, strict=True):
                print(opening_line(name, address, self._plan.size))
        interrupted = False
        try:
            for found in echoes(self._addresses, self._plan, deadline):
                if isinstance(found, list):
                    self._sent(found)
                else:
                    self._take(found)
        except KeyboardInterrupt:
            interrupted = True
        except OSError as error:
            print(f"pitop ping: {error.strerror or error}; see pitop network for the way there", file=sys.stderr)
            return 1
        self._tell()
        if interrupted:
            return 130
        return 0 if all(tally.received for tally in self._tallies) else 1

    def _sent(self, numbers: Sequence[int]) -> None:
        for index, number in enumerate(numbers):
            if number != self._tallies[index].transmitted:
                self._tallies[index] = structs.replace(self._tallies[index], transmitted=number)
                self._last = time.monotonic()

    def _take(self, echo: Echo) -> None:
        self._tallies[echo.target] = counted(self._tallies[echo.target], echo)
        if self._json:
            self._rows[echo.target].append(echo)
            return
        address = echo.address or self._addresses[echo.target]
        name = None if self._numeric else self._named(echo.target, address)
        print(echo_line(echo, name, self._addresses[echo.target]), flush=True)

    def _named(self, target: int, address: str) -> str | None:
        if self._names[target] == address:
            return None  # ping looks no name up for an address that was typed
        if address not in self._known:
            self._known[address] = name_of(address)
        return self._known[address]

    def _tell(self) -> None:
        seconds = max(0.0, self._last - self._begin)
        for name, address, tally, rows in zip(self._names, self._addresses, self._tallies, self._rows, strict=True):
            if self._json:
                summary = {"target": name, "address": address, **tally_record(tally)}
                print(
                    document(
                        "ping", time.time(), os.uname().nodename, summary, (echo_record(row, name) for row in rows)
                    )
                )
            else:
                print("\n".join(closing_lines(name, tally, seconds)))
