"""Traces over a way of namespaces: equal to traceroute and mtr, with loss, forks, smaller MTU and slow hops."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import closing

import pytest

from pitop.collect.path.rounds import Rounds, once
from pitop.collect.path.trace import TraceCollector
from pitop.kernel.path.mtu import mtu_steps
from pitop.kernel.path.tracer import Tracer
from pitop.model.path.snapshot import TraceRequest
from tests.netlab import Lab, TunPeer, until
from tests.path.pathlab import TARGET, TARGET6, build

USER = 65534
STRAIGHT = ["10.9.1.2", "10.9.2.2", "10.9.4.2", "10.9.6.2", TARGET]
STRAIGHT6 = ["fd09:1::2", "fd09:2::2", "fd09:4::2", "fd09:6::2", TARGET6]


def _timeless(text: str) -> str:
    return re.sub(r"[\d.]+ ms", "T ms", text).strip()


@pytest.mark.parametrize("target", [TARGET, TARGET6])
@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
def test_the_lines_are_traceroutes(lab: Lab, peer: Callable[[str], str], target: str, method: str) -> None:
    peer("traceroute")
    build(lab)
    flag = {"udp": [], "icmp": ["-I"], "tcp": ["-T"]}[method]

    def alike() -> bool:
        """A loaded machine answers late, to either of them: only then they differ, by a star."""
        ours = lab.python("c", "trace", "-n", f"--{method}", target)
        theirs = _timeless(lab.run("c", "traceroute", "-n", *flag, target).stdout)
        if method == "tcp" and ":" in target:
            theirs = theirs.replace("60 byte", "80 byte")
        if _timeless(ours.stdout) != theirs:
            assert "*" in theirs + ours.stdout, (ours.stdout, theirs)
            return False
        return (ours.returncode, ours.stderr) == (0, "")

    assert any(alike() for _ in range(4))


def test_names_are_looked_up(lab: Lab) -> None:
    build(lab)
    real = lab.real("c")
    lab.resolv_conf("c", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    with open(f"/etc/netns/{real}/hosts", "w") as file:
        file.write(f"{TARGET} target.example\n10.9.1.2 first.example\n")
    lines = lab.python("c", "trace", "-m", "5", "target.example").stdout.splitlines()
    assert lines[0].startswith(f"traceroute to target.example ({TARGET}), 5 hops max")
    assert lines[1].startswith(" 1  first.example (10.9.1.2)  ")
    assert lines[-1].startswith(f" 5  target.example ({TARGET})  ")


@pytest.mark.parametrize("method", ["udp", "tcp", "icmp"])
def test_without_rights(lab: Lab, method: str) -> None:
    build(lab)
    refused = lab.python("c", "trace", "-n", f"--{method}", TARGET, user=USER)
    if method == "icmp":
        assert refused.returncode == 1
        assert "--udp" in refused.stderr
        lab.sysctl("c", **{"net.ipv4.ping_group_range": "0 2147483647"})
    for target, way in ((TARGET, STRAIGHT), (TARGET6, STRAIGHT6)):
        done = lab.python("c", "trace", "-n", "--json", f"--{method}", target, user=USER)
        content = json.loads(done.stdout)
        assert [row["address"] for row in content["rows"]] == way
        assert (content["summary"]["reached"], content["summary"]["method"]) == (True, method)
    report = lab.python("c", "trace", "-n", "--json", "-c", "1", TARGET, user=USER)
    assert json.loads(report.stdout)["summary"]["method"] == ("icmp" if method == "icmp" else "udp")


def _rounds(lab: Lab, method: str, count: int, flows: int = 1, interval: float = 0.05) -> Rounds:
    with lab.inside("c"), closing(Tracer(TARGET, method, flows=flows, timeout=0.5)) as tracer:
        rounds = Rounds(tracer, 30, interval)
        for _ in rounds.run(count):
            pass
    return rounds


def _nobody(address: str) -> None:
    return None


@pytest.mark.parametrize("method", ["udp", "tcp"])  # Linux routers do not look at the identifier of ICMP
def test_a_flow_keeps_its_way_and_flows_find_the_others(lab: Lab, method: str) -> None:
    build(lab, fork=True)
    rounds = _rounds(lab, method, 8, flows=12)
    hops = rounds.hops(_nobody)
    for flow in range(12):
        mine = [hop for hop in hops if hop.flow == flow]
        assert [hop.address for hop in mine][3:] == ["10.9.6.2", TARGET]
        assert [hop.others for hop in mine] == [()] * 5
    assert {hop.address for hop in hops if hop.hop == 2} == {"10.9.2.2", "10.9.3.2"}
    text = lab.python("c", "trace", "-n", f"--{method}", "--flows", "12", "-q", "1", "-i", "0.1", TARGET).stdout
    lines = text.splitlines()
    assert lines[0] == "2 ways found with 12 flows:"
    assert lines[1:3] == [" 1  10.9.1.2", "├─  2  10.9.2.2"] or lines[1:3] == [" 1  10.9.1.2", "├─  2  10.9.3.2"]


def test_the_report_is_mtrs(lab: Lab, peer: Callable[[str], str]) -> None:
    peer("mtr")
    build(lab)
    ours = lab.python("c", "trace", "-n", "-c", "3", "-i", "0.1", TARGET).stdout.splitlines()
    theirs = lab.run("c", "mtr", "-n", "-r", "-c", "3", "-i", "0.1", "-G", "0.2", TARGET).stdout.splitlines()
    started = [re.sub(r"\d", "0", line) for line in (ours[0], theirs[0])]  # they began in different seconds
    assert started[0] == started[1]
    assert ours[1] == theirs[1]
    assert [line[:48] for line in ours[2:]] == [line[:48] for line in theirs[2:]]
    assert [len(line) for line in ours] == [len(line) for line in theirs]


def test_false_loss_is_named_false(lab: Lab, peer: Callable[[str], str]) -> None:
    """r4 answers some probes only; r3 really loses every fifth packet to the target."""
    peer("nft")
    build(lab)
    lab.run("r4", "nft", "add table ip l; add chain ip l o { type filter hook output priority 0; }")
    lab.run("r4", "nft", "add rule ip l o icmp type time-exceeded numgen inc mod 10 < 7 drop")
    slow = _rounds(lab, "udp", 40, interval=0.02).hops(_nobody)
    assert [hop.verdict.kind for hop in slow] == ["", "", "", "limited", ""]
    assert slow[3].loss_percent == pytest.approx(70, abs=10)
    assert slow[3].verdict.percent == 0.0
    lab.run("r4", "nft", "flush ruleset")
    lab.run("r3", "nft", "add table ip l; add chain ip l f { type filter hook forward priority 0; }")
    lab.run("r3", "nft", f"add rule ip l f ip daddr {TARGET} numgen inc mod 5 == 0 drop")
    lossy = _rounds(lab, "icmp", 60, interval=0.02).hops(_nobody)
    assert [hop.verdict.kind for hop in lossy] == ["", "", "", "begins", "carried"]
    assert lossy[4].verdict.percent == pytest.approx(20, abs=8)
    text = lab.python("c", "trace", "-n", "-c", "30", "-i", "0.02", "-w", "0.3", "--icmp", TARGET).stdout
    assert "loss begins at or before this hop" in text
    theirs = lab.run("c", "mtr", "-n", "-r", "-c", "30", "-i", "0.05", "-G", "0.3", TARGET).stdout
    (share,) = re.findall(rf"{re.escape(TARGET)}\s+([\d.]+)%", theirs)
    assert lossy[4].loss_percent == pytest.approx(float(share), abs=12)


def test_the_kernels_own_limit_is_no_loss(lab: Lab) -> None:
    build(lab)
    lab.sysctl("r2a", **{"net.ipv4.icmp_ratelimit": 1000})
    hops = _rounds(lab, "udp", 40, interval=0.02).hops(_nobody)
    assert hops[1].loss_percent is not None
    assert hops[1].loss_percent > 30
    assert [hop.verdict.kind for hop in hops] == ["", "limited", "", "", ""]


def test_a_silent_hop_and_a_dark_end(lab: Lab, peer: Callable[[str], str]) -> None:
    peer("nft")
    build(lab)
    lab.run("r3", "nft", "add table ip l; add chain ip l o { type filter hook output priority 0; }")
    lab.run("r3", "nft", "add rule ip l o icmp type time-exceeded drop")
    done = lab.python("c", "trace", "-n", "-w", "0.3", TARGET)
    assert done.stdout.splitlines()[3] == " 3  * * *"
    assert done.returncode == 0
    lab.run("t", "nft", "add table ip l; add chain ip l i { type filter hook input priority 0; policy drop; }")
    dark = lab.python("c", "trace", "-n", "--json", "-w", "0.3", "-m", "7", TARGET)
    rows = json.loads(dark.stdout)["rows"]
    assert [row["verdict"] for row in rows] == [None, None, "silent", None, "dark", "dark", "dark"]
    assert dark.returncode == 1


def test_refusals_have_traceroutes_marks(lab: Lab, peer: Callable[[str], str]) -> None:
    peer("nft")
    build(lab)
    lab.ip("r3", "route", "add", "unreachable", "10.9.99.0/24")
    text = lab.python("c", "trace", "-n", "10.9.99.1").stdout
    theirs = lab.run("c", "traceroute", "-n", "10.9.99.1").stdout
    assert " 3  10.9.4.2  T ms !H" in _timeless(text)  # the kernel may not answer the second and third
    assert _timeless(text).partition("!H")[0] == _timeless(theirs).partition("!H")[0]
    lab.run("r4", "nft", "add table inet l; add chain inet l f { type filter hook forward priority 0; }")
    lab.run("r4", "nft", "add rule inet l f reject with icmpx admin-prohibited")
    for target in (TARGET, TARGET6):
        theirs, ours = lab.run("c", "traceroute", "-n", target).stdout, lab.python("c", "trace", "-n", target).stdout
        assert "!X" in ours
        assert _timeless(ours) == _timeless(theirs)


@pytest.mark.parametrize("target", [TARGET, TARGET6])
def test_the_path_mtu_and_where_it_shrinks(lab: Lab, target: str) -> None:
    build(lab, mtu=1400)
    with lab.inside("c"):
        steps = list(mtu_steps(target, wait=0.5))
    says = "10.9.4.2" if ":" not in target else "fd09:4::2"
    assert [tuple(step) for step in steps] == [(0, None, 1500), (4, says, 1400)]
    text = lab.python("c", "trace", "-n", "--mtu", target).stdout
    assert text.splitlines()[-1] == f"path MTU 1400: 1400 to hop 4 and beyond, says {says}"
    assert "MTU 1400 from here" in lab.python("c", "trace", "-n", "-c", "1", "-i", "0.1", "--mtu", target).stdout


@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
def test_a_flow_looks_the_same_on_the_wire(lab: Lab, method: str) -> None:
    """What routers choose a way by: ports; of ICMP the identifier and the checksum."""
    lab.add("c")
    seen: list[tuple[int, bytes]] = []

    def listen(packet: bytes) -> list[tuple[float, bytes]]:
        if packet[0] >> 4 == 4 and packet[16:20] == bytes((192, 0, 2, 7)):
            seen.append((packet[8], packet[22:26] if packet[9] == 1 else packet[20:24]))
        return []

    other = TunPeer(lab, "c", "t0", listen)
    try:
        lab.ip("c", "address", "add", "10.8.0.1/24", "dev", "t0")
        lab.ip("c", "route", "add", "default", "via", "10.8.0.2")
        with lab.inside("c"), closing(Tracer("192.0.2.7", method, flows=2, timeout=0.05)) as tracer:
            for flow in (0, 1):
                assert {each.outcome for each in once(tracer, 1, 4, 2, flow)} == {"timeout"}
    finally:
        other.close()
    assert [ttl for ttl, _ in seen] == [1, 1, 2, 2, 3, 3, 4, 4] * 2
    first, second = {mark for _, mark in seen[:8]}, {mark for _, mark in seen[8:]}
    assert (len(first), len(second)) == (1, 1)
    assert first != second


def test_answers_that_quote_only_the_header(lab: Lab) -> None:
    """Some routers quote no more than RFC 792 asks for: the probe's number is then not in the answer."""
    lab.add("c")
    seen: list[int] = []

    def answer(packet: bytes) -> list[tuple[float, bytes]]:
        if packet[0] >> 4 != 4 or packet[9] != 17:
            return []
        seen.append(packet[8])
        quoted = packet[:28]
        body = b"\x0b\0\0\0\0\0\0\0" + quoted
        total = sum(int.from_bytes(body[at : at + 2]) for at in range(0, len(body), 2))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        body = body[:2] + (~total & 0xFFFF).to_bytes(2) + body[4:]
        head = bytearray(b"\x45\0" + (20 + len(body)).to_bytes(2) + b"\0\0\0\0\x40\x01\0\0")
        head += bytes((10, 8, 0, 100 + packet[8])) + packet[12:16]
        total = sum(int.from_bytes(head[at : at + 2]) for at in range(0, 20, 2))
        total = (total & 0xFFFF) + (total >> 16)
        head[10:12] = (~total & 0xFFFF).to_bytes(2)
        return [(0.001, bytes(head) + body)]

    other = TunPeer(lab, "c", "t0", answer)
    try:
        lab.ip("c", "address", "add", "10.8.0.1/24", "dev", "t0")
        lab.ip("c", "route", "add", "default", "via", "10.8.0.2")
        with lab.inside("c"), closing(Tracer("192.0.2.7", "udp", timeout=0.3)) as tracer:
            replies = []
            for ttl in (1, 2, 3):
                tracer.send(0, ttl)
                while tracer.pending:
                    replies += tracer.poll(0.5)
            assert [(each.ttl, each.address) for each in replies] == [
                (1, "10.8.0.101"),
                (2, "10.8.0.102"),
                (3, "10.8.0.103"),
            ]
            # With several under way it cannot be told whose answer it is, and nothing is guessed.
            found = list(once(tracer, 1, 3, 1))
            assert {each.outcome for each in found} == {"timeout"}
    finally:
        other.close()


def test_the_collector(lab: Lab) -> None:
    build(lab, fork=True, mtu=1400)
    with lab.inside("c"), closing(TraceCollector()) as collector:
        assert collector.collect().rows == ()
        request = TraceRequest(target=TARGET, interval=0.05, flows=12, timeout=0.5)
        collector.ask(request)
        assert until(lambda: collector.collect().rounds > 5 and collector.collect().mtu == 1400, 10)
        snapshot = collector.collect()
        assert (snapshot.reached, snapshot.method, snapshot.trouble) == (True, "udp", "")
        assert [hop.address for hop in snapshot.path()][2:] in (
            ["10.9.4.2", "10.9.6.2", TARGET],
            ["10.9.5.2", "10.9.6.2", TARGET],
        )
        assert snapshot.path()[3].mtu == 1400
        assert until(lambda: len({path[1] for path in collector.collect().paths()}) == 2), collector.collect().paths()
        # The way changes under it: r2a goes away for everybody.
        before = len(snapshot.paths())
        lab.ip("r1", "route", "replace", "default", "via", "10.9.3.2")

        def moved() -> bool:
            hops = [hop for hop in collector.collect().rows if hop.hop == 2]
            return {hop.address for hop in hops} == {"10.9.3.2"} and any(hop.tally.changes for hop in hops)

        assert until(moved, 10)
        assert len(collector.collect().paths()) == before
        collector.ask(TraceRequest(target="no.such.name.invalid"))
        assert until(lambda: "no.such.name" in collector.collect().trouble, 15)
        collector.ask(TraceRequest(target=""))
        assert collector.collect().rows == ()


def test_patience_ends_a_dark_way_early(lab: Lab, peer: Callable[[str], str]) -> None:
    peer("nft")
    build(lab)
    lab.run("r4", "nft", "add table ip l; add chain ip l f { type filter hook forward priority 0; policy drop; }")
    with lab.inside("c"), closing(Tracer(TARGET, "udp", timeout=0.1)) as tracer:
        replies = list(once(tracer, 1, 60, 1, patience=8))
    assert max(reply.ttl for reply in replies if reply.outcome == "hop") == 4
    assert max(reply.ttl for reply in replies) < 30


def test_usage(lab: Lab) -> None:
    lab.add("c")
    assert lab.python("c", "trace").returncode == 2
    assert lab.python("c", "trace", "-m", "0", "10.0.0.1").returncode == 2
    done = lab.python("c", "trace", "203.0.113.1")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "Network is unreachable" in done.stderr
