"""What is pictured: how pitop is started, what is pressed, and when the picture is taken."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SCENES", "Scene"]


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: `name` is its file's, `title` says what is seen.

    pitop runs with `arguments` on `columns` × `lines` for `seconds`; then `keys` are pressed, `pause` seconds apart;
    `after` more seconds later the picture is taken. `config` is the configuration file's text. `lab`: among the name
    servers of the tests, where `{anchor}` in a key is the file of the root's trust anchor.
    """

    name: str
    title: str
    arguments: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    columns: int = 120
    lines: int = 40
    seconds: float = 8.0
    pause: float = 0.4
    after: float = 1.5
    config: str = ""
    lab: bool = False


_COMPARED = (
    "www.pitop.lab mail.pitop.lab svc.pitop.lab www.unsigned.lab www.nsec3.lab pitop.lab "
    "@127.53.0.10 @127.53.0.3 @127.53.0.5 @127.53.0.99"
)

SCENES = (
    Scene("processes", "The process pane: who started whom, and what each process costs"),
    Scene(
        "filter",
        "The process pane, flat, by CPU share, with each process's history, narrowed by a filter",
        arguments=("--glyphs", "braille"),
        keys=("t", "\\", "minf>30 or user=postgres and cpu>0 or state=D", "\r"),
        lines=24,
        seconds=14.0,
        config="""
            [processes]
            columns = ["pid", "user", "state", "cpu_percent", "cpu_history", "memory_percent", "rss_bytes",
                       "minor_faults_per_second", "major_faults_per_second", "command"]
        """,
    ),
    Scene("memory", "The memory pane: where it went, what it does, and what every process holds", ("--pane", "memory")),
    Scene(
        "address-space",
        "The address space of one process: what it asked for, what it holds, and how it faults",
        arguments=("--pane", "memory"),
        keys=("\r",),
        after=8.0,
    ),
    Scene(
        "inspect",
        "One process in full: what it used as time -v tells it, with its history since it was opened",
        keys=("t", "\r"),
        after=12.0,
    ),
    Scene("help", "The help of the process pane: keys, columns and the filter language", keys=("?",), lines=30),
    Scene(
        "sockets",
        "The socket pane: who talks to whom, how fast, and one connection explained",
        arguments=("--pane", "sockets"),
        keys=("\r",),
    ),
    Scene(
        "open",
        "The socket pane: what is open here, and from where it can be reached",
        arguments=("--pane", "sockets"),
        keys=("o",),
        lines=24,
    ),
    Scene(
        "dns",
        "The DNS pane: from the root down to a server, with the chain of trust, and where it breaks",
        arguments=("--pane", "dns"),
        keys=("t", "a", "www.expired.lab +root=127.53.0.1 +anchor={anchor}", "\r"),
        lines=30,
        lab=True,
    ),
    Scene(
        "compare",
        "The DNS pane: servers side by side, asked for the first time and again",
        arguments=("--pane", "dns"),
        keys=("c", "a", _COMPARED, "\r"),
        lines=24,
        after=6.0,
        lab=True,
    ),
    Scene(
        "network",
        "The network pane: which way a packet would go, and why; each interface with its traffic",
        arguments=("--pane", "network"),
        keys=("w", "198.51.100.7", "\r"),
        seconds=20.0,
        pause=1.0,
    ),
    Scene(
        "packets",
        "The packet pane: every packet with the program whose socket it belongs to, and one of them taken apart",
        arguments=("--pane", "packets"),
        keys=("\\", "port in 53,80,443,1883", "\r", "\x1b[H", "/", "GET", "\r", "\r", "\t", *["\x1b[B"] * 26),
        seconds=12.0,
    ),
    Scene(
        "ladder",
        "A connection from the handshake to the last FIN as a ladder, with the time between its segments",
        arguments=("--pane", "packets"),
        keys=("\\", "host=192.168.1.77 and port=80 and tcp.flags=S", "\r", "\x1b[H", "l"),
        seconds=14.0,
    ),
    Scene(
        "ping",
        "The path pane: several machines at once, percentiles, and losses drawn as losses",
        arguments=("--pane", "path"),
        keys=("a", "192.168.1.1 www.example.net 192.168.1.99", "\r"),
        pause=1.0,
        after=40.0,
    ),
    Scene(
        "diagnose",
        "The path pane: from the cable to the port, what is broken and what to do next",
        arguments=("--pane", "path"),
        keys=("!", "www.example.net 81", "\r"),
        lines=24,
        pause=1.0,
        after=12.0,
    ),
    Scene(
        "traffic",
        "The traffic pane: what this machine is talking to",
        arguments=("--pane", "traffic"),
        lines=24,
        seconds=14.0,
    ),
    Scene(
        "timeline",
        "The timeline: what happened, newest first",
        arguments=("--pane", "timeline"),
        lines=30,
        seconds=14.0,
    ),
)
