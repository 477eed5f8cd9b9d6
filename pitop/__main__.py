"""The command line: one subcommand, or the full-screen program. Either is imported when it is known to be wanted."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

__all__ = ["main", "spare_typing_extensions"]

COMMANDS = {
    "dns": "names looked up, traced, proved, compared (dig, host)",
    "inspect": "one process in full (ps -o, lsof -p, /proc/PID)",
    "packets": "what goes over the wire, from the network or a file (tcpdump -n)",
    "processes": "every process, as text or JSON (ps, top -b)",
    "sockets": "every socket, whose it is and how it is doing (netstat -nap, ss -tunapie)",
    "traffic": "what this machine is talking to: program, name, address, bytes up and down (bandwhich, nethogs)",
    "memory": "where memory is, who faults, what a process really holds (free, vmstat, pmap -X)",
    "time": "run a command and report what it used (time -v)",
    "network": "interfaces, routes, neighbours, leases; which way a packet would go (ifconfig, arp, ip route get)",
    "ping": "echoes to any number of machines at once (ping)",
    "trace": "the way to a machine, once or over rounds (traceroute, mtr -r)",
    "diagnose": "what is broken between here and a machine, and what to do next",
}

_USAGE = 2
_FAILED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; the exit status is the result."""
    said = list(sys.argv[1:] if arguments is None else arguments)
    if said and said[0] in COMMANDS:
        return _command(said[0], said[1:])
    if said and not said[0].startswith("-"):
        print(f"pitop: there is no command “{said[0]}”; pitop --help lists them", file=sys.stderr)
        return _USAGE
    from pitop.tui.start import run

    try:
        return run(said, COMMANDS)
    except KeyboardInterrupt:  # by somebody who did not want to wait for the screen
        return _INTERRUPTED


def _command(name: str, arguments: Sequence[str]) -> int:
    """A subcommand, with what all of them have in common: closed pipes, interrupts, one line for a failure."""
    spare_typing_extensions()
    from pitop.collect.collector import Unavailable

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale that cannot write a letter ends no command
    try:
        status: int = import_module(f"pitop.cli.{name}").run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has left. Point stdout at nothing, or the interpreter complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Unavailable as error:
        print(f"pitop {name}: {error}{'. ' + error.advice if error.advice else ''}", file=sys.stderr)
        return _FAILED
    except OSError as error:
        print(f"pitop {name}: {error if error.filename or not error.strerror else error.strerror}", file=sys.stderr)
        return _FAILED
    return status


def spare_typing_extensions() -> None:
    """Have msgspec find typing's own names instead: from Python 3.11 on they are the same, and a sixth of a start is
    spared. It takes them where typing_extensions is not installed, so that is what it is told."""
    name = "typing_extensions"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules[name]


if __name__ == "__main__":
    sys.exit(main())
