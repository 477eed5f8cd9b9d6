"""The small machine's network: a router, a provider and a server behind it, each in a namespace; and what they say.

    raspberrypi eth0 .20 ── 192.168.1.1 router 203.0.113.2 ── 203.0.113.1 provider 198.51.100.1 ── server .7

Addresses and names are those set aside for documentation (RFC 5737, RFC 3849, RFC 2606) and for private use. It is not
connected to anything else.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

__all__ = ["LAPTOP", "PI", "ROUTER", "SENSOR", "SERVER", "build", "exchange", "look_up", "main", "serve"]

SERVER, ROUTER, LAPTOP, SENSOR, PI = "198.51.100.7", "192.168.1.1", "192.168.1.77", "192.168.1.60", "192.168.1.20"

# A pair of connected interfaces: namespace, name; namespace, name; delay. None is the small machine itself.
_LINKS = (
    (None, "eth0", "router", "lan", "400us"),
    ("router", "wan", "provider", "lower", "6ms"),
    ("provider", "upper", "server", "eth0", "3ms"),
)
_ADDRESSES = (
    (None, "eth0", f"{PI}/24"),
    (None, "eth0", "2001:db8:1::20/64"),
    ("router", "lan", f"{ROUTER}/24"),
    ("router", "lan", f"{LAPTOP}/24"),
    ("router", "lan", f"{SENSOR}/24"),
    ("router", "lan", "2001:db8:1::1/64"),
    ("router", "wan", "203.0.113.2/30"),
    ("provider", "lower", "203.0.113.1/30"),
    ("provider", "upper", "198.51.100.1/24"),
    ("server", "eth0", f"{SERVER}/24"),
)
_ROUTES = (
    (None, "default", ROUTER),
    (None, "default", "2001:db8:1::1"),
    ("router", "default", "203.0.113.1"),
    ("provider", "192.168.1.0/24", "203.0.113.2"),
    ("server", "default", "198.51.100.1"),
)
_RECORDS = (
    ("www.example.net.", 300, "A", SERVER),
    ("www.example.net.", 300, "AAAA", "2001:db8:9::7"),
    ("photos.example.net.", 60, "CNAME", "www.example.net."),
    ("api.example.org.", 30, "A", SERVER),
    ("example.net.", 3600, "MX", "10 mail.example.net."),
    ("example.net.", 3600, "NS", "ns1.example.net."),
    ("example.net.", 3600, "TXT", '"v=spf1 mx -all"'),
    ("mail.example.net.", 3600, "A", "198.51.100.25"),
    ("7.100.51.198.in-addr.arpa.", 3600, "PTR", "www.example.net."),
    ("1.100.51.198.in-addr.arpa.", 3600, "PTR", "gw2.provider.example."),
    ("1.113.0.203.in-addr.arpa.", 3600, "PTR", "gw1.provider.example."),
    ("1.1.168.192.in-addr.arpa.", 3600, "PTR", "router.home.arpa."),
    ("20.1.168.192.in-addr.arpa.", 3600, "PTR", "raspberrypi.home.arpa."),
    ("77.1.168.192.in-addr.arpa.", 3600, "PTR", "laptop.home.arpa."),
    ("60.1.168.192.in-addr.arpa.", 3600, "PTR", "sensor.home.arpa."),
)


def _ip(namespace: str | None, *arguments: str) -> None:
    subprocess.run(["ip", *(("-n", namespace) if namespace else ()), *arguments], check=True)


def _delay(namespace: str | None, interface: str, delay: str) -> None:
    """Slow an interface down; kernels without the netem discipline leave it as it is."""
    command = ["tc", *(("-n", namespace) if namespace else ()), "qdisc", "add", "dev", interface, "root", "netem"]
    subprocess.run([*command, "delay", delay], check=False, stderr=subprocess.DEVNULL)


def build() -> list[subprocess.Popen[bytes]]:
    """Make it, in mount and network namespaces of one's own, and start what runs on the others. /run is private."""
    _ip(None, "link", "set", "lo", "up")
    for namespace in ("router", "provider", "server"):
        _ip(None, "netns", "add", namespace)
        _ip(namespace, "link", "set", "lo", "up")
        subprocess.run(["ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
    for near, near_name, far, far_name, delay in _LINKS:
        _ip(near, "link", "add", near_name, "type", "veth", "peer", "name", far_name, "netns", far)
        for where, what in ((near, near_name), (far, far_name)):
            _ip(where, "link", "set", what, "up")
            _delay(where, what, delay)
    for where, interface, address in _ADDRESSES:
        _ip(where, "address", "add", address, "dev", interface, *(("nodad",) if ":" in address else ()))
    for where, destination, gateway in _ROUTES:
        _ip(where, *(("-6",) if ":" in gateway else ()), "route", "add", destination, "via", gateway)
    _ip(None, "link", "add", "wlan0", "type", "veth", "peer", "name", "radio", "netns", "router")  # and left down
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w", encoding="ascii") as file:
        file.write("0")
    return [
        subprocess.Popen(["ip", "netns", "exec", name, sys.executable, "-m", "screenshots.network", name])
        for name in ("router", "server")
    ]


def _forever(work: Callable[[], object], pause: float = 1.0) -> None:
    """Do it in a thread, again after a while when the network refuses."""

    def turns() -> None:
        while True:
            with suppress(OSError):
                work()
            time.sleep(pause)

    threading.Thread(target=turns, daemon=True).start()


def serve(address: str, port: int, answer: int, head: str = "") -> None:
    """Accept connections in a thread, and answer whatever comes with so many bytes, which begin with `head`."""
    content = head.encode().ljust(answer, b".")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family)

    def talk(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65536):
                connection.sendall(content)

    def accept() -> None:
        while True:
            threading.Thread(target=talk, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def exchange(
    address: str, port: int, sent: int, every: float, turns: int = 0, source: str = "", head: str = ""
) -> None:
    """Connect in a thread, send so many bytes (`head` first) every so often, read what comes; anew after `turns`."""
    content = head.encode().ljust(sent, b".")

    def converse() -> None:
        where = (source, 0) if source else None
        with socket.create_connection((address, port), timeout=10, source_address=where) as connection:
            turn = 0
            while not turns or turn < turns:
                connection.sendall(content)
                connection.recv(65536)
                connection.settimeout(0.05)
                with suppress(TimeoutError):
                    while connection.recv(65536):
                        pass
                connection.settimeout(10)
                time.sleep(every)
                turn += 1

    _forever(converse)


def look_up(name: str, every: float) -> None:
    """Ask for a name's addresses in a thread, every so often."""

    def ask() -> None:
        while True:
            with suppress(socket.gaierror):
                socket.getaddrinfo(name, 443, proto=socket.IPPROTO_TCP)
            time.sleep(every)

    _forever(ask)


def _answer(question: bytes) -> bytes:
    """What a name server that knows `_RECORDS` answers."""
    query = dns.message.from_wire(question)
    response = dns.message.make_response(query, recursion_available=True)
    wanted = query.question[0]
    name = wanted.name
    known = False
    while True:
        there = [record for record in _RECORDS if dns.name.from_text(record[0]) == name]
        known = known or bool(there)
        alias = next((record for record in there if record[2] == "CNAME"), None)
        for owner, ttl, kind, data in there:
            if dns.rdatatype.from_text(kind) in (wanted.rdtype, dns.rdatatype.CNAME):
                response.answer.append(dns.rrset.from_text(owner, ttl, "IN", kind, data))
        if alias is None or wanted.rdtype == dns.rdatatype.CNAME:
            break
        name = dns.name.from_text(alias[3])
    if not known:
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


def _name_server(address: str) -> None:
    """Answer questions in a thread."""
    with_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with_socket.bind((address, 53))

    def answer() -> None:
        while True:
            question, asker = with_socket.recvfrom(4096)
            with suppress(dns.exception.DNSException):
                with_socket.sendto(_answer(question), asker)

    threading.Thread(target=answer, daemon=True).start()


def _router() -> None:
    _name_server(ROUTER)
    exchange(PI, 22, sent=60, every=0.7, source=LAPTOP)
    for page, sent, every, turns in (("weather", 310, 0.4, 5), ("photos/2024", 290, 1.1, 3)):
        head = f"GET /{page} HTTP/1.1\r\nHost: raspberrypi.home.arpa\r\nCookie: seen="
        exchange(PI, 80, sent, every, turns, LAPTOP, head)
    exchange(PI, 1883, sent=48, every=1.0, source=SENSOR)


def _server() -> None:
    serve(SERVER, 443, answer=24000)
    serve(SERVER, 22, answer=90)


def main(arguments: Sequence[str]) -> int:
    """Be one of the other machines until the one that started this ends."""
    {"router": _router, "server": _server}[arguments[0]]()
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
