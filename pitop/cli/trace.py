"""`pitop trace`: the way to a machine, once as traceroute tells it, or over rounds as mtr -r reports it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from pitop.cli.numbers import real, whole
from pitop.collect.path.names import Names
from pitop.collect.path.rounds import Rounds, once
from pitop.collect.path.trace import opened
from pitop.kernel.path.mtu import mtu_steps
from pitop.kernel.path.names import address_of
from pitop.kernel.path.tracer import Tracer
from pitop.model.path.hops import Hop, HopTally, Reply, added, judged, paths_text, ways
from pitop.model.path.snapshot import TraceRequest
from pitop.render.document import document
from pitop.render.path.trace import hop_line, hop_record, report_lines, traceroute_head

__all__ = ["run"]

_PATIENCE = 2.0  # seconds that a line waits for its names


def run(arguments: Sequence[str]) -> int:
    """Trace; 1 where the target was not reached."""
    options = _parser().parse_args(arguments)
    try:
        address = address_of(options.host, options.family)
        return _traced(options, address)
    except OSError as error:
        print(f"pitop trace: {error.strerror or error}; see pitop diagnose {options.host}", file=sys.stderr)
        return 1


def _traced(options: argparse.Namespace, address: str) -> int:
    request = TraceRequest(
        target=options.host,
        method=options.method or ("" if options.cycles is not None else "udp"),
        port=options.port,
        interval=options.interval,
        max_hops=options.hops,
        flows=options.flows,
        size=options.size,
        timeout=options.timeout,
    )
    names = Names()
    with closing(opened(address, request)) as tracer:
        shown = _numeric if options.numeric else lambda text: _named(names, text)
        if options.cycles is None and options.flows == 1:
            return _once(options, address, tracer, shown)
        return _rounds(options, address, tracer, shown)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pitop trace", description="The way to a machine, hop by hop.")
    parser.add_argument("host", metavar="HOST")
    for name, words in (
        ("udp", "UDP probes to ports where nobody listens (the way of traceroute; needs no rights)"),
        ("icmp", "echo requests (the way of mtr; the default with -c where permitted)"),
        ("tcp", "connection attempts (pass where firewalls stop the others; needs no rights)"),
    ):
        parser.add_argument(f"--{name}", dest="method", action="store_const", const=name, help=words)
    parser.add_argument("-p", "--port", type=whole(1, 65535), metavar="PORT", help="for udp (33434) and tcp (80)")
    parser.add_argument("-q", dest="queries", type=whole(1, 10), default=3, metavar="N", help="probes a hop, once")
    parser.add_argument(
        "-c", dest="cycles", type=whole(1, 1_000_000), metavar="N", help="report over N rounds, as mtr -r"
    )
    parser.add_argument(
        "-i", dest="interval", type=real(0.01, 3600), default=1.0, metavar="S", help="seconds a round (with -c)"
    )
    parser.add_argument("-f", dest="first", type=whole(1, 255), default=1, metavar="HOP", help="first hop")
    parser.add_argument("-m", dest="hops", type=whole(1, 255), default=30, metavar="HOPS", help="hops at most")
    parser.add_argument(
        "-w", dest="timeout", type=real(0.01, 3600), default=2.0, metavar="S", help="seconds an answer may take"
    )
    parser.add_argument("-s", dest="size", type=whole(4, 65000), default=32, metavar="BYTES", help="payload bytes")
    parser.add_argument(
        "--flows",
        type=whole(1, 64),
        default=1,
        metavar="N",
        help="vary the flow to find ways in parallel; draws a tree",
    )
    parser.add_argument("--mtu", action="store_true", help="find the path MTU, and the hop where it shrinks")
    parser.add_argument("-n", dest="numeric", action="store_true", help="look no names up")
    parser.add_argument("-4", dest="family", action="store_const", const=4, default=0, help="IPv4 only")
    parser.add_argument("-6", dest="family", action="store_const", const=6, help="IPv6 only")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    return parser


def _numeric(address: str) -> str:
    return address


def _named(names: Names, address: str) -> str:
    return f"{names.wait(address, _PATIENCE) or address} ({address})"


def _once(options: argparse.Namespace, address: str, tracer: Tracer, shown: Callable[[str], str]) -> int:
    if not options.json:
        print(traceroute_head(options.host, address, options.hops, options.size), flush=True)
    by_hop: dict[int, list[Reply]] = {}
    told = options.first
    end: int | None = None
    reached = False
    for reply in once(tracer, options.first, options.hops, options.queries):
        by_hop.setdefault(reply.ttl, []).append(reply)
        if reply.outcome in ("end", "refused") and reply.mtu is None:
            end = reply.ttl if end is None else min(end, reply.ttl)
            reached = reached or reply.outcome == "end"
        while len(by_hop.get(told, ())) == options.queries and (end is None or told <= end):
            if not options.json:
                print(hop_line(told, sorted(by_hop[told], key=lambda each: each.sent_time), shown), flush=True)
            told += 1
    if options.mtu and not options.json:
        print(_mtu_line(address))
    if options.json:
        last = end or max(by_hop, default=0)
        hops = _hops({ttl: replies for ttl, replies in by_hop.items() if ttl <= last}, options.first, last, shown)
        _tell(options, address, tracer, hops, reached)
    return 0 if reached else 1


def _hops(by_hop: dict[int, list[Reply]], first: int, last: int, shown: Callable[[str], str]) -> list[Hop]:
    tallies = []
    for ttl in range(first, last + 1):
        tally = HopTally()
        for reply in by_hop.get(ttl, ()):
            tally = added(tally, reply)
        tallies.append(tally)
    return [
        Hop(
            hop=ttl,
            address=tally.address,
            name=_only_name(shown, tally.address),
            others=tuple(each for each in tally.addresses if each != tally.address),
            tally=tally,
            recent=(),
            verdict=verdict,
        )
        for ttl, (tally, verdict) in enumerate(zip(tallies, judged(tallies), strict=True), first)
    ]


def _only_name(shown: Callable[[str], str], address: str | None) -> str | None:
    if address is None:
        return None
    name = shown(address).rpartition(" (")[0]
    return name if name and name != address else None


def _rounds(options: argparse.Namespace, address: str, tracer: Tracer, shown: Callable[[str], str]) -> int:
    start = time.time()
    rounds = Rounds(tracer, options.hops, options.interval)
    interrupted = False
    try:
        for _ in rounds.run(options.cycles or options.queries):
            pass
    except KeyboardInterrupt:
        interrupted = True
    mtus = {step.ttl: step.mtu for step in mtu_steps(address, options.hops) if step.ttl} if options.mtu else {}
    hops = rounds.hops(lambda each: _only_name(shown, each), mtus)
    if options.json:
        _tell(options, address, tracer, hops, rounds.reached)
    else:
        _report(options, tracer, hops, start)
    if interrupted:
        return 130
    return 0 if rounds.reached else 1


def _report(options: argparse.Namespace, tracer: Tracer, hops: Sequence[Hop], start: float) -> None:
    host = os.uname().nodename
    if tracer.flows > 1:
        paths = [[hop.address for hop in hops if hop.flow == flow] for flow in range(tracer.flows)]
        found = ways(paths)
        print(f"{len(found)} way{'s' * (len(found) != 1)} found with {tracer.flows} flows:")
        print("\n".join(paths_text(found)))
        if options.cycles is None:
            return
    for flow in range(tracer.flows):
        if tracer.flows > 1:
            print(f"\nflow {flow + 1}")
        print("\n".join(report_lines([hop for hop in hops if hop.flow == flow], host, start, numeric=options.numeric)))


def _mtu_line(address: str) -> str:
    steps = list(mtu_steps(address))
    if not steps:
        return "path MTU unknown"
    places = [f"{step.mtu} to hop {step.ttl} and beyond, says {step.address}" for step in steps if step.ttl]
    return f"path MTU {steps[-1].mtu}" + (f": {', '.join(places)}" if places else ", the same all the way")


def _tell(options: argparse.Namespace, address: str, tracer: Tracer, hops: Sequence[Hop], reached: bool) -> None:
    mtu = None
    if options.mtu:
        mtu = next((step.mtu for step in reversed(list(mtu_steps(address)))), None)
    summary = {
        "target": options.host,
        "address": address,
        "method": tracer.method,
        "reached": reached,
        "flows": tracer.flows,
        "path_mtu_bytes": mtu,
    }
    print(document("trace", time.time(), os.uname().nodename, summary, (hop_record(hop) for hop in hops)))
