"""A tree of name servers in a network namespace of its own: a signed root, a TLD, and zones that are right and wrong.

127.53.0.1   NSD: the root                127.53.0.10  unbound: 53, 853 (TLS), 443 (HTTPS)
127.53.0.2   NSD: lab.                    127.53.0.11  dnsmasq, which asks unbound
127.53.0.3   NSD: the zones below lab.    127.53.0.5   BIND: pitop.lab. and serial.lab. once more, with transfers
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT, TLD, LEAF, BIND, UNBOUND, DNSMASQ = (f"127.53.0.{last}" for last in (1, 2, 3, 5, 10, 11))
SLOW = ("127.53.0.77", 5300)  # whom unbound asks about slow.lab: a test that wants it so answers there
TOOLS = ("ip", "nsd", "named", "unbound", "dnsmasq", "dnssec-signzone", "dnssec-keygen", "dnssec-dsfromkey", "openssl")

_PITOP = """\
@ NS ns1
@ NS ns2
ns1 A 127.53.0.3
ns2 A 127.53.0.5
@ A 10.53.1.1
@ MX 10 mail
@ TXT "v=spf1 -all" "second"
@ CAA 0 issue "lab.ca"
www 5 A 10.53.1.2
www 5 AAAA fd53::2
mail A 10.53.1.3
alias CNAME www
outward CNAME www.unsigned.lab.
round1 CNAME round2
round2 CNAME round1
old DNAME deep.pitop.lab.
host.deep A 10.53.1.8
svc HTTPS 1 . alpn=h2 port=8443 ipv4hint=10.53.1.2
_sip._udp SRV 1 2 5060 mail
*.wild A 10.53.1.9
xn--bcher-kva A 10.53.1.4
escape TXT "\\027[31mred\\007" "\\226\\128\\174"
kinds SSHFP 4 2 4e9b8f2c0d6e4a51b3b8f2c0d6e4a51b3b8f2c0d6e4a51b3b8f2c0d6e4a51b3b
kinds TLSA 3 1 1 4e9b8f2c0d6e4a51b3b8f2c0d6e4a51b3b8f2c0d6e4a51b3b8f2c0d6e4a51b3b
kinds NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@pitop.lab!" .
kinds LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
kinds HINFO "PC" "Linux"
kinds RP admin.pitop.lab. txt.pitop.lab.
kinds URI 10 1 "https://pitop.lab/"
kinds TYPE65534 \\# 4 0a000001
"""


def _soa(zone: str, serial: int = 1) -> str:
    return f"$ORIGIN {zone}\n$TTL 300\n@ SOA ns host {serial} 3600 600 86400 60\n"


def _small(zone: str, extra: str = "", serial: int = 1) -> str:
    return f"{_soa(zone, serial)}@ NS ns1.pitop.lab.\nwww A 10.53.2.1\n{extra}"


class DnsLab:
    """The lab, up. Use `inside()` around what talks to it, or `command` before a program's arguments."""

    def __init__(self) -> None:
        self.namespace = f"ptdns{os.getpid()}"
        self.folder = Path(tempfile.mkdtemp(prefix="ptdns"))
        self.command = ("ip", "netns", "exec", self.namespace)
        self.anchor = self.folder / "root.key"
        self._started: list[subprocess.Popen[bytes]] = []

    def up(self) -> None:
        etc = Path("/etc/netns") / self.namespace
        etc.mkdir(parents=True, exist_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {DNSMASQ}\nsearch pitop.lab lab\noptions ndots:1\n")
        self._run("ip", "netns", "add", self.namespace)
        self._run(*self.command, "ip", "link", "set", "lo", "up")
        self._run(*self.command, "ip", "address", "add", f"{BIND}/32", "dev", "lo")  # named binds what is configured
        self._zones()
        self._nsd("root", ROOT, [".:root"])
        self._nsd("lab", TLD, ["lab.:lab"])
        self._nsd("leaf", LEAF, [f"{zone}:{zone.rstrip('.')}" for zone in self.leaves] + ["53.10.in-addr.arpa.:rev"])
        self._named()
        self._unbound()
        self._start(
            "dnsmasq", "--keep-in-foreground", "-C", "/dev/null", "--no-resolv", "--no-hosts", f"--server={UNBOUND}",
            f"--listen-address={DNSMASQ}", "--bind-interfaces", "--cache-size=500", "--user=root", "--proxy-dnssec",
            "--log-facility=/dev/null", f"--pid-file={self.folder}/dnsmasq.pid",
        )  # fmt: skip
        with self.inside():
            for address in (ROOT, TLD, LEAF, BIND, UNBOUND, DNSMASQ):
                self._answers(address)

    def down(self) -> None:
        for process in self._started:
            process.send_signal(signal.SIGTERM)
        for process in self._started:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run(["ip", "netns", "delete", self.namespace], check=False)
        shutil.rmtree(Path("/etc/netns") / self.namespace, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The calling thread's sockets are made in the lab's namespace meanwhile (setns(2))."""
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{self.namespace}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            assert libc.setns(there, 0x40000000) == 0
            yield
        finally:
            assert libc.setns(home, 0x40000000) == 0
            os.close(home)
            os.close(there)

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A program in the namespace, with the lab's resolv.conf."""
        return subprocess.run([*self.command, *arguments], capture_output=True, text=True, check=check, timeout=30)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(arguments, capture_output=True, text=True, cwd=self.folder, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def _start(self, *arguments: str) -> None:
        log = (self.folder / f"{arguments[0]}{len(self._started)}.log").open("wb")
        self._started.append(
            subprocess.Popen(
                [*self.command, *arguments], cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        )
        log.close()

    def _answers(self, address: str) -> None:
        question = bytes.fromhex("123401000001000000000000") + b"\x00" + bytes.fromhex("00060001")
        deadline = time.monotonic() + 15
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.05)
            probe.connect((address, 53))
            while time.monotonic() < deadline:
                try:
                    probe.send(question)
                    probe.recv(4096)
                except OSError:
                    continue
                return
        logs = "\n".join(f"{log.name}: {log.read_text()[-400:]}" for log in self.folder.glob("*.log"))
        raise AssertionError(f"{address} does not answer\n{logs}")

    # Zones.

    leaves = (
        "pitop.lab.", "unsigned.lab.", "lame.lab.", "bogus.lab.", "expired.lab.", "future.lab.", "nsec3.lab.",
        "optout.lab.", "serial.lab.", "differ.lab.", "glue.lab.", "child.optout.lab.",
    )  # fmt: skip

    def _zones(self) -> None:
        write = self._zone
        write("pitop.lab", _soa("pitop.lab.") + _PITOP + self._big(), sign=())
        write("unsigned.lab", _small("unsigned.lab."))
        write("lame.lab", _small("lame.lab.", "@ NS ns2\nns2 A 127.53.0.2\n"))
        write("bogus.lab", _small("bogus.lab."), sign=())
        write("expired.lab", _small("expired.lab."), sign=("-s", "20200101000000", "-e", "20200201000000"))
        write("future.lab", _small("future.lab."), sign=("-s", "20450101000000", "-e", "20450201000000"))
        deep = "a.b A 10.53.2.2\n*.wild A 10.53.2.3\nsub NS ns1.pitop.lab.\n"
        write("nsec3.lab", _small("nsec3.lab.", deep), sign=("-3", "abcd", "-H", "5"))
        write("optout.lab", _small("optout.lab.", "child NS ns1.pitop.lab.\n"), sign=("-3", "-", "-H", "0", "-A"))
        write("child.optout.lab", _small("child.optout.lab."))
        write("serial.lab", _small("serial.lab.", "@ NS ns2.pitop.lab.\n", serial=7))
        write("serial2.lab", _small("serial.lab.", "@ NS ns2.pitop.lab.\n", serial=8))
        write("differ.lab", _small("differ.lab.", "@ NS ns2.pitop.lab.\n"))
        write("glue.lab", f"{_soa('glue.lab.')}@ NS ns\nns A 127.53.0.4\nwww A 10.53.2.1\n")
        write("rev", f"{_soa('53.10.in-addr.arpa.')}@ NS ns1.pitop.lab.\n2.1 PTR www.pitop.lab.\n")
        ds = [self._ds(zone) for zone in ("pitop.lab", "expired.lab", "future.lab", "nsec3.lab", "optout.lab")]
        tag, algorithm, kind, digest = self._ds("bogus.lab").split(" DS ")[1].split(maxsplit=3)
        ds.append(f"bogus.lab. IN DS {tag} {algorithm} {kind} DEADBEEF{digest.replace(' ', '')[8:]}")
        lines = ["@ NS ns.nic", "ns.nic A 127.53.0.2"]
        for zone in self.leaves[:-1]:
            name = zone.removesuffix(".lab.")
            if name == "glue":
                continue
            inside = zone == "pitop.lab."
            lines.append(f"{name} NS {'ns1.pitop' if inside else 'ns1.pitop.lab.'}")
        lines += [
            "pitop NS ns2.pitop", "ns1.pitop A 127.53.0.3", "ns2.pitop A 127.53.0.5",
            "lame NS ns2.lame", "ns2.lame A 127.53.0.2", "serial NS ns2.pitop",
            "glue NS ns.glue", "ns.glue A 127.53.0.3", "silent NS ns.silent", "ns.silent A 127.53.0.99",
            "noglue NS ns.noglue",
            "circle1 NS ns.circle2", "circle2 NS ns.circle1", "plain A 10.53.3.1", *ds,
        ]  # fmt: skip
        write("lab", _soa("lab.") + "\n".join(lines) + "\n", sign=())
        root = [
            "$TTL 300", ". SOA ns. host. 1 3600 600 86400 60", ". NS a.rootns.", "a.rootns. A 127.53.0.1",
            "lab. NS ns.nic.lab.", "ns.nic.lab. A 127.53.0.2", "53.10.in-addr.arpa. NS ns1.pitop.lab.",
            "ns1.pitop.lab. A 127.53.0.3", self._ds("lab"),
        ]  # fmt: skip
        write("root", "\n".join(root) + "\n", sign=(), name=".")
        (self.folder / "root.hints").write_text(". 300 NS a.rootns.\na.rootns. 300 A 127.53.0.1\n")

    def _big(self) -> str:
        return "big TXT " + " ".join(f'"{number:050d}"' for number in range(40)) + "\n"

    def _zone(self, file: str, text: str, sign: tuple[str, ...] | None = None, name: str | None = None) -> None:
        zone = name or f"{file}."
        path = self.folder / file
        path.write_text(text)
        if sign is None:
            return
        key = self._run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", zone).strip()
        (self.folder / f"ds.{file}").write_text(self._run("dnssec-dsfromkey", "-2", f"{key}.key"))
        lines = (self.folder / f"{key}.key").read_text().splitlines()
        (self.folder / f"{file}.key").write_text("\n".join(line for line in lines if not line.startswith(";")) + "\n")
        self._run("dnssec-signzone", "-q", "-S", "-z", "-x", "-P", *sign, "-o", zone, "-f", f"{file}.signed", file)
        path.write_text((self.folder / f"{file}.signed").read_text())

    def _ds(self, file: str) -> str:
        return (self.folder / f"ds.{file}").read_text().strip()

    # Servers.

    def _nsd(self, name: str, address: str, zones: list[str]) -> None:
        lines = [
            "server:", f" ip-address: {address}", ' username: ""', ' chroot: ""', f' zonesdir: "{self.folder}"',
            ' database: ""', f' xfrdfile: "{self.folder}/{name}.xfrd"', f' zonelistfile: "{self.folder}/{name}.list"',
            f' pidfile: "{self.folder}/{name}.pid"', " server-count: 1", f' nsid: "ascii_{name}.lab"',
            " answer-cookie: yes", " rrl-ratelimit: 0", "remote-control:", " control-enable: no",
        ]  # fmt: skip
        for pair in zones:
            zone, _, file = pair.partition(":")
            lines += ["zone:", f' name: "{zone}"', f' zonefile: "{file}"']
        (self.folder / f"{name}.conf").write_text("\n".join(lines) + "\n")
        self._start("nsd", "-d", "-c", f"{self.folder}/{name}.conf")

    def _named(self) -> None:
        (self.folder / "named.conf").write_text(
            f'options {{ directory "{self.folder}"; pid-file "{self.folder}/named.pid"; listen-on {{ {BIND}; }};'
            " listen-on-v6 { none; }; session-keyfile none; recursion no; allow-transfer { any; };"
            ' server-id "ns2.lab"; dnssec-validation no; };\ncontrols { };\n'
            f'zone "pitop.lab" {{ type primary; file "{self.folder}/pitop.lab"; }};\n'
            f'zone "serial.lab" {{ type primary; file "{self.folder}/serial2.lab"; }};\n'
        )
        self._start("named", "-f", "-c", f"{self.folder}/named.conf", "-n", "1", "-L", f"{self.folder}/named.log")

    def _unbound(self) -> None:
        self._run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "30", "-subj", "/CN=resolver.lab", "-addext", f"subjectAltName=DNS:resolver.lab,IP:{UNBOUND}",
            "-keyout", "tls.key", "-out", "tls.pem",
        )  # fmt: skip
        (self.folder / "unbound.conf").write_text(
            f"""server:
 directory: "{self.folder}"
 username: ""
 chroot: ""
 pidfile: "{self.folder}/unbound.pid"
 use-syslog: no
 num-threads: 1
 interface: {UNBOUND}@53
 interface: {UNBOUND}@853
 interface: {UNBOUND}@443
 tls-service-key: "{self.folder}/tls.key"
 tls-service-pem: "{self.folder}/tls.pem"
 access-control: 127.0.0.0/8 allow
 do-ip6: no
 do-not-query-localhost: no
 unblock-lan-zones: yes
 insecure-lan-zones: yes
 root-hints: "{self.folder}/root.hints"
 trust-anchor-file: "{self.anchor}"
 domain-insecure: "slow.lab"
 module-config: "validator iterator"
 nsid: "ascii_unbound.lab"
 ede: yes
 target-fetch-policy: "0 0 0 0 0"
forward-zone:
 name: "slow.lab"
 forward-addr: {SLOW[0]}@{SLOW[1]}
remote-control:
 control-enable: no
"""
        )
        self._start("unbound", "-d", "-c", f"{self.folder}/unbound.conf")


@pytest.fixture(scope="session")
def dns_lab_up() -> Iterator[DnsLab]:
    lab = DnsLab()
    try:
        lab.up()
        yield lab
    finally:
        lab.down()


@pytest.fixture
def dns_lab(request: pytest.FixtureRequest, root: None, peer: object) -> DnsLab:
    """The lab, started once for all tests that ask for it."""
    for tool in TOOLS:
        peer(tool)  # type: ignore[operator]
    lab: DnsLab = request.getfixturevalue("dns_lab_up")
    return lab
