"""What capturing costs beside other tools: `python bench/packets.py [--seconds S] [--rate N]`, as root.

Two namespaces and a veth pair; a generator sends small UDP packets at full speed or at a rate. For each tool: packets
that it says it took, packets that the kernel dropped, CPU time of all its processes in percent of one core. Then how
long the first rows of a large file take, and the whole of it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.packets_pane import follow, open_file
from pitop.kernel.launch import tree_of

_SEND = """
import socket, struct, sys, time
seconds, rate = float(sys.argv[1]), int(sys.argv[2])
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("wire", 0))
payload = b"x" * 18
udp = struct.pack("!HHHH", 4000, 9, 8 + len(payload), 0) + payload
ends = bytes.fromhex("0a630002 0a630001")
ip = struct.pack("!BBHHHBBH8s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, ends)
frame = bytes.fromhex("ffffffffffff 020000000001 0800") + ip + udp
sent, began = 0, time.monotonic()
while time.monotonic() - began < seconds:
    for _ in range(50):
        out.send(frame)
    sent += 50
    if rate:
        ahead = sent / rate - (time.monotonic() - began)
        if ahead > 0.002:
            time.sleep(ahead)
print(sent, time.monotonic() - began)
"""


def sh(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


class Lab:
    """Two namespaces, `near` where is captured and `far` where is sent."""

    def __init__(self) -> None:
        self.near, self.far = f"ptbench{os.getpid()}a", f"ptbench{os.getpid()}b"
        for name in (self.near, self.far):
            sh("ip", "netns", "add", name)
        sh("ip", "-n", self.near, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.far)
        for name in (self.near, self.far):
            sh("ip", "-n", name, "link", "set", "wire", "up")

    def close(self) -> None:
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of what it has started."""
    total = 0.0
    tick = os.sysconf("SC_CLK_TCK")
    for each in tree_of(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / tick
    return total


def measure(lab: Lab, name: str, words: list[str], seconds: float, rate: int) -> None:
    """Run a tool, send, and print its line."""
    with tempfile.TemporaryFile() as said:
        tool = subprocess.Popen(
            ["ip", "netns", "exec", lab.near, *words], stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        time.sleep(2.5)
        before = cpu_seconds(tool.pid)
        sender = subprocess.run(
            ["ip", "netns", "exec", lab.far, sys.executable, "-c", _SEND, str(seconds), str(rate)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        sent, took = sender.stdout.split()
        time.sleep(1.0)
        used = cpu_seconds(tool.pid) - before
        os.killpg(tool.pid, signal.SIGINT)
        try:
            tool.wait(20)
        except subprocess.TimeoutExpired:
            tool.kill()
            tool.wait()
        said.seek(0)
        words_said = said.read().decode(errors="replace")
    taken = re.search(r"(\d+) packets? (?:captured|received)", words_said)
    dropped = re.search(r"(\d+) packets? dropped", words_said)
    answers = re.search(r"^answers: .*", words_said, re.M)
    print(
        f"{name:28} sent {int(sent):9,} at {int(sent) / float(took):9,.0f}/s   "
        f"captured {taken[1] if taken else '?':>9}   dropped {dropped[1] if dropped else '?':>8}   "
        f"CPU {100 * used / float(took):6.1f} %",
        *(["\n   ", answers[0]] if answers else []),
        flush=True,
    )


def followed(lab: Lab, seconds: float, rate: int) -> None:
    """The whole pane on a terminal, following, while packets come and a key is pressed now and then."""
    near, far = (["ip", "netns", "exec", name, sys.executable] for name in (lab.near, lab.far))
    seen = follow([*near, "-m", "pitop", "--pane", "packets"], [*far, "-c", _SEND, str(seconds), str(rate)])
    sent, took = seen.sent.split()
    answers = sorted(seen.answers) or [float("nan")]
    print(
        f"{'pitop, the pane':28} sent {int(sent):9,} at {int(sent) / float(took):9,.0f}/s   "
        f"CPU {100 * seen.cpu / float(took):6.1f} %\n    {seen.status}\n    keys: "
        f"median {1000 * answers[len(answers) // 2]:.0f} ms, worst {1000 * answers[-1]:.0f} ms of {len(answers)}",
        flush=True,
    )


def large_file(path: Path, packets: int) -> None:
    """A pcap file with many small TCP packets of many connections."""
    import struct

    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number in range(packets):
            port = 1024 + number % 5000
            sequence = port * 7919 + number // 5000 * 4
            tcp = struct.pack("!HHIIBBHHH", port, 80, sequence, 99, 0x50, 0x10, 500, 0, 0) + b"data"
            ip = struct.pack(
                "!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"
            )
            data = bytes(12) + b"\x08\x00" + ip + tcp
            file.write(
                struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000 * 1000, len(data), len(data)) + data
            )


def opening(path: Path) -> None:
    """How long the helper takes to the first rows of a file and to all of it, and the memory that it uses."""
    from pitop.collect.packets.client import CaptureClient
    from pitop.collect.packets.messages import Config, Look, Rows

    began = time.monotonic()
    first = 0.0
    with CaptureClient(Config(path=str(path))) as client:
        client.send(Look(1, 50, 0))
        for message in client.stream(0.02):
            if isinstance(message, Rows):
                if not first and len(message.packets) == 50:
                    first = time.monotonic() - began
                if not message.status.reading and message.status.lag == 0:
                    break
        whole = time.monotonic() - began
        status = Path(f"/proc/{client.pid}/status").read_text()
        memory = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024  # type: ignore[index]
    print(
        f"{'pitop, file':28} first rows {first:.2f} s, read and indexed {whole:.1f} s, memory {memory} MB", flush=True
    )


def on_screens(path: Path) -> None:
    """How long programs with a screen take to show the first packets of a file, and the memory that they hold."""
    path.parent.chmod(0o755)
    programs = [
        ("pitop --read", [sys.executable, "-m", "pitop", "--read", str(path)], "10.0.0.2.80"),
        ("termshark -r", ["termshark", "-r", str(path)], "10.0.0.2"),
    ]
    ours: float | None = None
    for name, words, text in programs:
        if not shutil.which(words[0]):
            continue
        opened = open_file(words, text)
        ours = ours or opened.seconds
        shown = "not in 60 s" if opened.seconds is None else f"{opened.seconds:.2f} s"
        ratio = f" ({opened.seconds / ours:.1f} ×)" if opened.seconds and ours else ""
        print(
            f"{name:28} first rows {shown}{ratio}, memory {opened.at_first:.0f} MB then, "
            f"{opened.later:.0f} MB after 20 s more",
            flush=True,
        )


def main() -> int:
    """Everything that is installed."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seconds", type=float, default=10)
    ask.add_argument("--rate", type=int, default=0, help="packets a second, 0 for as many as go")
    ask.add_argument("--packets", type=int, default=1_000_000, help="in the file")
    said = ask.parse_args()
    watch = str(Path(__file__).with_name("packets_watch.py"))
    lab = Lab()
    try:
        with tempfile.TemporaryDirectory() as folder:
            pitop = [sys.executable, "-m", "pitop", "packets", "-i", "wire"]
            tools = [
                ("pitop, screen follows", [sys.executable, watch]),
                ("pitop packets -w", [*pitop, "-w", f"{folder}/pitop.pcap"]),
                ("tcpdump -w", ["tcpdump", "-i", "wire", "-n", "-U", "-w", f"{folder}/tcpdump.pcap"]),
                ("tcpdump, lines", ["tcpdump", "-i", "wire", "-n"]),
                ("tshark -w", ["tshark", "-i", "wire", "-q", "-w", f"{folder}/tshark.pcapng"]),
                ("scapy sniff", [sys.executable, "-c", "from scapy.all import sniff; n = [0]\n"
                                 "import atexit, sys\n"
                                 "def each(p): n[0] += 1\n"
                                 "sniff(iface='wire', prn=each, store=False)\n"
                                 "print(n[0], 'packets captured', file=sys.stderr)"]),
            ]  # fmt: skip
            followed(lab, said.seconds, said.rate)
            for name, words in tools:
                if shutil.which(words[0]):
                    measure(lab, name, words, said.seconds, said.rate)
            path = Path(folder) / "large.pcap"
            large_file(path, said.packets)
            opening(path)
            on_screens(path)
            for tool in (["tcpdump", "-n", "-r"], ["tshark", "-n", "-r"]):
                if shutil.which(tool[0]):
                    began = time.monotonic()
                    reader = subprocess.Popen([*tool, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                    assert reader.stdout is not None
                    reader.stdout.readline()
                    first = time.monotonic() - began
                    while reader.stdout.read(1 << 20):
                        pass
                    _, _, used = os.wait4(reader.pid, 0)
                    reader.returncode = 0
                    print(
                        f"{' '.join(tool):28} first line {first:.2f} s, whole file {time.monotonic() - began:.1f} s, "
                        f"memory {used.ru_maxrss // 1024} MB",
                        flush=True,
                    )
    finally:
        lab.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
