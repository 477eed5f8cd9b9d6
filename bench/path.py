"""What echoes and netlink cost: 100 machines at once, reply times beside ping's, netlink beside pyroute2.

    python -m bench.path [--seconds 20] [--echoes 10000]

Everything happens on the loopback interface. ping and pitop take turns, so that both meet the same load.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
from contextlib import closing

from pitop.collect.path.ping import PingCollector
from pitop.kernel.path.pinger import Pinger, Plan
from pitop.model.path.snapshot import PingRequest

__all__ = ["main"]

_TURNS = 5


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def many_targets(count: int, seconds: float) -> str:
    """Share of a core for `count` machines at 1 s, statistics and snapshots each second included."""
    targets = tuple(f"127.0.0.{number}" for number in range(1, count + 1))
    with closing(PingCollector()) as collector:
        collector.ask(PingRequest(targets=targets))
        time.sleep(3)
        cpu, clock = _cpu(), time.monotonic()
        while time.monotonic() - clock < seconds:
            snapshot = collector.collect()
            time.sleep(1)
        share = 100 * (_cpu() - cpu) / (time.monotonic() - clock)
    sent = sum(row.tally.transmitted for row in snapshot.rows)
    lost = sum(row.tally.lost for row in snapshot.rows)
    return f"{count} targets at 1 s: {share:.2f} % of a core, {sent} echoes, {lost} lost"


def _own_times(count: int, interval: float) -> list[float]:
    found = []
    with closing(Pinger(["127.0.0.1"], Plan(interval=interval, count=count, timeout=1.0))) as pinger:
        while not pinger.done:
            found += [each.time_ms for each in pinger.poll(1.0) if each.time_ms is not None]
    return found


def _ping_times(count: int, interval: float) -> list[float]:
    command = ["ping", "-n", "-c", str(count), "-i", str(interval), "127.0.0.1"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(each) for each in re.findall(r"time=([\d.]+) ms", text)]


def reply_times(count: int) -> str:
    """Medians of `count` reply times, ours and ping's, taken in turns."""
    if shutil.which("ping") is None:
        return "reply times: ping is not installed (iputils-ping)"
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(_TURNS):
        ours += _own_times(count // _TURNS, 0.002)
        theirs += _ping_times(count // _TURNS, 0.002)
    a, b = statistics.median(ours), statistics.median(theirs)
    return (
        f"{len(ours)} echoes on loopback: median {a:.3f} ms, ping {b:.3f} ms over {len(theirs)}, "
        f"{abs(a - b):.3f} ms apart"
    )


_OWN = """
import time
start = time.perf_counter()
from pitop.kernel.network.links import addresses, interfaces
from pitop.kernel.network.routes import names_below, neighbours, routes, rules
from pitop.kernel.network.rtnetlink import RouteSocket
imported = time.perf_counter() - start
route, known = RouteSocket(), names_below()
def read():
    names = {each.index: each.name for each in interfaces(route)}
    addresses(route, names), routes(route, names, known), rules(route, known), neighbours(route, names)
"""
_PYROUTE2 = """
import time
start = time.perf_counter()
from pyroute2 import IPRoute
imported = time.perf_counter() - start
route = IPRoute()
def read():
    for look in (route.get_links, route.get_addr, route.get_routes, route.get_rules, route.get_neighbours):
        list(look())
"""
_TIME = """
read()
start = time.perf_counter()
for _ in range(20):
    read()
print(f"import {imported * 1000:.0f} ms, everything {(time.perf_counter() - start) * 50:.2f} ms")
"""


def netlink() -> list[str]:
    """Import, and one look at links, addresses, routes, rules and neighbours."""
    lines = []
    for name, code in (("own rtnetlink", _OWN), ("pyroute2", _PYROUTE2)):
        done = subprocess.run([sys.executable, "-c", code + _TIME], capture_output=True, text=True, check=False)
        lines.append(f"{name}: {done.stdout.strip() or 'not installed'}")
    return lines


def main() -> int:
    """Measure, and print a line a figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.path", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--echoes", type=int, default=10_000)
    options = parser.parse_args()
    print(many_targets(100, options.seconds), flush=True)
    print(reply_times(options.echoes), flush=True)
    print("\n".join(netlink()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
