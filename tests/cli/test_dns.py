"""`pitop dns` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.dnslab import BIND, DNSMASQ, LEAF, ROOT, UNBOUND, DnsLab


def pitop(lab: DnsLab, *words: str) -> subprocess.CompletedProcess[str]:
    return lab.run(sys.executable, "-m", "pitop", "dns", *words, check=False)


def said(lab: DnsLab, *words: str) -> dict[str, Any]:
    done = pitop(lab, "--json", *words)
    assert done.stdout.count("\n") == 1, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["pane"], set(found)) == ("dns", {"pane", "time", "host", "summary", "rows"})
    return found


def test_short_and_several_types(dns_lab: DnsLab) -> None:
    done = pitop(dns_lab, "www.pitop.lab", "A", "AAAA", "+short")
    assert (done.returncode, done.stdout, done.stderr) == (0, "10.53.1.2\nfd53::2\n", "")
    assert pitop(dns_lab, "-x", "10.53.1.2", "--short").stdout == "www.pitop.lab.\n"
    assert pitop(dns_lab, "bücher.pitop.lab", "--short").stdout == "10.53.1.4\n"
    assert ";; NAME: bücher.pitop.lab." in pitop(dns_lab, "xn--bcher-kva.pitop.lab").stdout


def test_layout_is_digs(dns_lab: DnsLab) -> None:
    words = [f"@{LEAF}", "pitop.lab", "MX", "+nocookie"]
    mine = pitop(dns_lab, *words).stdout
    theirs = dns_lab.run("dig", *words).stdout

    def fixed(text: str) -> list[str]:
        lines = [re.sub(r"id: \d+|Query time: \d+|WHEN: .*", "", line) for line in text.splitlines()]
        return sorted(line for line in lines if line and not line.startswith((";; global", "; (1 server", "; <<>>")))

    assert fixed(mine) == fixed(theirs)


def test_json_of_an_answer(dns_lab: DnsLab) -> None:
    found = said(dns_lab, f"@{LEAF}", "www.pitop.lab", "+nsid")
    summary = found["summary"]
    assert summary["question"] == "www.pitop.lab. IN A"
    assert summary["server"] == f"{LEAF}#53"
    assert summary["transport"] == "udp"
    assert summary["status"] == "NOERROR"
    assert "aa" in summary["flags"]
    assert summary["query_time_ms"] > 0
    assert summary["size_bytes"] > 40
    assert summary["edns"]["nsid"] == "leaf.lab"
    row = {"section": "answer", "name": "www.pitop.lab.", "ttl": 5, "class": "IN", "type": "A", "data": "10.53.1.2"}
    assert row in found["rows"]


def test_json_of_a_trace(dns_lab: DnsLab) -> None:
    found = said(dns_lab, "--trace", "--root", ROOT, "--dnssec", "--anchor", str(dns_lab.anchor), "www.pitop.lab")
    assert found["summary"]["dnssec"] == "secure"
    assert found["summary"]["why"]
    walk = [row for row in found["rows"] if row["taken"]]
    assert [(row["zone"], row["outcome"]) for row in walk] == [
        (".", "referral"),
        ("lab.", "referral"),
        ("pitop.lab.", "answer"),
    ]
    assert {"zone", "server", "address", "query_time_ms", "outcome"} <= set(walk[0])


@pytest.mark.parametrize(
    ("name", "verdict"), [("www.pitop.lab", "secure"), ("www.bogus.lab", "bogus"), ("www.unsigned.lab", "insecure")]
)
def test_json_of_a_verdict(dns_lab: DnsLab, name: str, verdict: str) -> None:
    found = said(dns_lab, f"@{UNBOUND}", "--dnssec", "--anchor", str(dns_lab.anchor), name)
    assert found["summary"]["dnssec"] == verdict


def test_trace_as_a_tree(dns_lab: DnsLab) -> None:
    done = pitop(dns_lab, "+trace", f"@{DNSMASQ}", "www.lame.lab")
    assert done.returncode == 0
    assert "lame" in done.stdout
    assert "www.lame.lab.\t\t300\tIN\tA\t10.53.2.1" in done.stdout


def test_comparison(dns_lab: DnsLab) -> None:
    found = said(dns_lab, "--compare", "www.pitop.lab", "www.unsigned.lab", f"@{UNBOUND}", "--repeat", "2")
    assert [row["server"] for row in found["rows"]] == [f"{DNSMASQ}#53", f"{UNBOUND}#53"]
    assert {row["answered"] for row in found["rows"]} == {6}
    assert found["rows"][0]["cache"]["hits"] >= 0
    assert found["rows"][1]["cache"] is None
    text = pitop(dns_lab, "--compare", "www.pitop.lab", f"@{LEAF}", f"@{BIND}", "--no-own").stdout
    assert "2 of 2 answered" in text
    assert DNSMASQ not in text


def test_names_from_a_file(dns_lab: DnsLab) -> None:
    names = dns_lab.folder / "names.txt"
    names.write_text("www.pitop.lab # ours\n\npitop.lab\n")
    found = said(dns_lab, "--compare", "--names", str(names), "--repeat", "0")
    assert found["summary"]["names"] == 2


def test_why(dns_lab: DnsLab) -> None:
    found = said(dns_lab, "--why", "www")
    assert found["summary"]["c_library"] == ["10.53.1.2"]
    assert "AI_ADDRCONFIG" in found["summary"]["disagreements"][0]
    dns = next(row for row in found["rows"] if row["what"].startswith("DNS"))
    assert dns["found"] == "found"
    assert any("www.pitop.lab. at" in line for line in dns["lines"])
    assert any(
        re.search(r"is dnsmasq .*asks 127\.53\.0\.10#53 \(\d+ sent, \d+ failed\)", line) for line in dns["lines"]
    )
    missing = pitop(dns_lab, "--why", "nope.pitop.lab")
    assert missing.returncode == 1
    assert "no such name" in missing.stdout


def test_watch(dns_lab: DnsLab) -> None:
    done = pitop(dns_lab, "--watch", "0.1", "--count", "3", "www.pitop.lab")
    assert done.returncode == 0
    assert done.stdout.count("10.53.1.2") == 3


def test_transfer(dns_lab: DnsLab) -> None:
    done = pitop(dns_lab, f"@{BIND}", "pitop.lab", "AXFR", "+noall", "+answer")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].split()[3] == "SOA"
    refused = pitop(dns_lab, f"@{LEAF}", "pitop.lab", "AXFR")
    assert refused.returncode == 1
    assert "transfer failed: REFUSED" in refused.stderr


def test_exit_status_and_errors(dns_lab: DnsLab) -> None:
    assert pitop(dns_lab, "nope.pitop.lab").returncode == 0
    refused = pitop(dns_lab, "@127.0.0.1#9", "www.pitop.lab")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "nothing listens" in refused.stderr
    found = said(dns_lab, "@127.0.0.1#9", "www.pitop.lab")
    assert (found["summary"]["status"], found["rows"]) == (None, [])
    assert pitop(dns_lab, "@nosuch.pitop.lab", "x").returncode == 1
    assert pitop(dns_lab, "--anchor", "/nowhere", "--dnssec", "x").returncode == 1


@pytest.mark.parametrize(
    "words",
    [["+nonsense"], ["a..b"], ["x", "--port", "0"], ["x", "--trace", "--why"], ["--compare"], ["x", "--nonsense"]],
)
def test_usage(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "pitop", "dns", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr
    assert not done.stdout


def test_interrupt_and_closed_pipe(dns_lab: DnsLab) -> None:
    command = [*dns_lab.command, sys.executable, "-m", "pitop", "dns", "--watch", "0.1", "www.pitop.lab"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=10)
    assert (running.returncode, errors) == (130, "")
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(10) == 0
    running.stderr.close()


def test_locale_that_cannot_write_a_name_ends_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pitop", "dns", "@127.0.0.1#9", "bücher.example"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert "Traceback" not in done.stderr
    assert "b\\xfccher.example" in done.stdout
    assert done.returncode == 1


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, contextlib\n"
        "from pitop.cli.dns import run\n"
        "with contextlib.suppress(SystemExit): run(['@127.0.0.1#9', 'x.'])\n"
        "print([name for name in ('textual', 'rich', 'scapy', 'h2', 'httpx2', 'dns.query') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_panes_values_need_no_dnspython() -> None:
    code = (
        "import sys, pitop.model.dns.snapshot, pitop.render.dns.nodes\n"
        "import pitop.render.dns.dig, pitop.collect.dns.collector\n"
        "print([name for name in sys.modules if name == 'dns' or name.startswith('dns.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_trace_imports_neither_dnspython_nor_an_event_loop(dns_lab: DnsLab) -> None:
    script = (
        "import sys\n"
        "from pitop.__main__ import main\n"
        f"assert main(['dns', '--trace', '--root', '{ROOT}', 'www.pitop.lab']) == 0\n"
        "print([name for name in ('dns', 'asyncio', 'ssl', 'cryptography') if name in sys.modules])"
    )
    said = dns_lab.run(sys.executable, "-c", script)
    assert said.stdout.splitlines()[-1] == "[]"


def test_lame_server_is_told_once(dns_lab: DnsLab) -> None:
    told = pitop(dns_lab, "--trace", "--root", ROOT, "www.lame.lab").stdout
    assert told.count("lame: refers back to lame.lab.") == 1
