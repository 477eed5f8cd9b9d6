"""How fast names are asked for: beside dnspython's own asyncio client, and beside `dig +trace`. Needs root.

    python -m bench.dns

The name servers are those of the tests, in a network namespace of their own.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.message

from pitop.collect.dns.compare import Comparer
from pitop.collect.dns.roots import root_servers
from pitop.collect.dns.trace import Tracer
from pitop.model.dns.question import Options, Question, Server
from tests.dnslab import BIND, DNSMASQ, LEAF, ROOT, TLD, UNBOUND, DnsLab

_NAMES = 1000
_AT_ONCE = 32  # as many as pitop has under way to one server


async def bare(names: list[str], servers: list[str]) -> tuple[float, int]:
    """Seconds that dnspython takes for every name at every server, as many under way as pitop has; and the lost."""
    started = time.perf_counter()
    answered = 0

    async def one(server: str) -> None:
        waiting = iter(names)

        async def worker() -> None:
            nonlocal answered
            for name in waiting:
                with suppress(dns.exception.Timeout):
                    await dns.asyncquery.udp(dns.message.make_query(name, "A", use_edns=0), server, timeout=2)
                    answered += 1

        await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))

    await asyncio.gather(*(one(server) for server in servers))
    return time.perf_counter() - started, len(names) * len(servers) - answered


async def compared(names: list[str], servers: list[str], rate: float) -> tuple[float, int]:
    """The same with pitop, which keeps every figure besides; seconds, and what it found of the caches."""
    asked = [Server(address) for address in servers]
    comparer = Comparer(names, "A", asked, Options(timeout=2, tries=1), turns=1, rate=rate)
    found = await comparer.run()
    lost = sum(each.asked - each.answered for each in found.servers)
    return found.seconds, lost


def walls(lab: DnsLab, times: int) -> dict[str, list[float]]:
    """Seconds of whole programs, one after the other in every round, and of the walk alone."""
    program = (str(Path(sys.executable).with_name("pitop")), "dns", "--trace", "--root", ROOT, "www.pitop.lab")
    commands = {
        "dig +trace": ("dig", "+trace", "www.pitop.lab"),
        "pitop dns --trace": program,
        "pitop dns --trace --dnssec": (*program, "--dnssec", "--anchor", str(lab.anchor)),
        "python, doing nothing": (sys.executable, "-c", "pass"),
    }
    spent: dict[str, list[float]] = {name: [] for name in (*commands, "the walk alone")}
    for _ in range(times):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run([*lab.command, *command], capture_output=True, check=True)
            spent[name].append(time.perf_counter() - started)
        with lab.inside():
            found = Tracer(Question("www.pitop.lab."), root_servers([ROOT])).run()
        spent["the walk alone"].append(found.total_ms / 1000)
    return spent


def tell(title: str, spent: dict[str, list[float]]) -> None:
    """A table of medians, beside dig's."""
    print(title)
    dig = statistics.median(spent["dig +trace"])
    for name, seconds in spent.items():
        median = statistics.median(seconds)
        low, high = min(seconds) * 1000, max(seconds) * 1000
        print(f"  {name:<28} {median * 1000:6.0f} ms  {median / dig:5.2f}× dig  ({low:.0f} to {high:.0f})")


@contextmanager
def slow(lab: DnsLab, milliseconds: int, servers: Sequence[str] = (ROOT, TLD, LEAF, BIND, DNSMASQ)) -> Iterator[None]:
    """Questions to `servers` take so much longer meanwhile."""
    command = [*lab.command, sys.executable, "-m", "bench.slow_dns", str(milliseconds), *servers]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


def main() -> None:
    """Measure and print."""
    lab = DnsLab()
    try:
        lab.up()
        with lab.inside():
            names = [f"n{number}.wild.pitop.lab." for number in range(_NAMES)]
            servers = [LEAF, BIND, UNBOUND, DNSMASQ]
            asyncio.run(bare(names, servers))  # fill the caches for both
            for _ in range(3):
                alone, missed = asyncio.run(bare(names, servers))
                seconds, lost = asyncio.run(compared(names, servers, rate=0))
                paced, _ = asyncio.run(compared(names, servers, rate=1000))
                print(
                    f"{_NAMES} names, {len(servers)} servers: dnspython {alone:.2f} s ({missed} lost), "
                    f"pitop {seconds:.2f} s ({lost} lost; {seconds / alone:.2f}×), "
                    f"at most 1000/s a server {paced:.2f} s ({paced / alone:.2f}×)"
                )
        tell("a walk of three zones, on this machine:", walls(lab, 11))
        with slow(lab, 20):
            tell("the same, with 20 ms from question to answer:", walls(lab, 11))
    finally:
        lab.down()


if __name__ == "__main__":
    main()
