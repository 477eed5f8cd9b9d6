"""`pitop packets -r`: text, JSON, filters, copies, errors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pitop.cli.packets import run

DATA = Path(__file__).parents[1] / "data" / "packets"
SSH = str(DATA / "ssh.pcap")


def test_lines_follow_tcpdump(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-n", "-r", SSH]) == 0
    ours = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert ours == [line.split(" ", 1)[1] for line in (DATA / "ssh.pcap.txt").read_text().splitlines()]


def test_json_is_one_document_with_the_fields(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-r", SSH, "--json", "-c", "3"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    content = json.loads(out)
    assert content["pane"] == "packets"
    assert len(content["rows"]) == 3
    row = content["rows"][0]
    assert row["number"] == 1
    assert (row["source"], row["source_port"]) == ("202.108.87.165", 62146)
    assert (row["destination"], row["destination_port"]) == ("223.132.53.222", 22)
    assert row["protocol"] == "TCP"
    assert row["length"] == 78
    assert row["process"] is None
    assert row["pid"] is None
    assert row["info"] == (DATA / "ssh.pcap.txt").read_text().splitlines()[0].split(" ", 1)[1]


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("tcp.flags=S and port=22", 1),
        ("port=80", 0),
        ("source_port=22 not protocol=SSH", None),
        ("host in 202.108.0.0/16", 54),
        ("length>1000", None),
        ("process=unknown", 54),
        ("tcp.flags~S", 2),
    ],
)
def test_display_filter(capsys: pytest.CaptureFixture[str], expression: str, count: int | None) -> None:
    assert run(["-r", SSH, "--filter", expression]) == 0
    lines = capsys.readouterr().out.splitlines()
    if count is not None:
        assert len(lines) == count
    else:
        assert 0 < len(lines) < 54


def test_dns_names_can_be_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-r", str(DATA / "edns-opts.pcap"), "--filter", "dns.name~^example and dns.type=A", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert len(rows) > 10
    assert {row["dns_name"] for row in rows} == {"example.com."}


def test_capture_filter_and_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = str(tmp_path / "copy.pcapng.gz")
    assert run(["-r", SSH, "-w", copy, "src", "port", "22"]) == 0
    assert run(["-r", copy]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(" 223.132.53.222.22 > " in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["-r", "/nonexistent/file"], 1, "No such file"),
        (["-r", "/etc/passwd"], 1, "not a pcap"),
        (["-r", SSH, "--filter", "prot=1"], 2, "did you mean"),
        (["-r", SSH, "tcp", "prt"], 1, "syntax error"),
    ],
)
def test_errors_say_what_is_wrong(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    assert run(arguments) == status
    shown = capsys.readouterr()
    assert words in shown.err
    assert shown.out == ""


def test_a_caret_points_at_the_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-r", SSH, "--filter", "port=80 and foo=1"]) == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["  port=80 and foo=1", "              ^^^"]


def test_a_damaged_file_gives_its_packets_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(Path(SSH).read_bytes()[:-3])
    assert run(["-r", str(path)]) == 1
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 53
    assert "cut in the middle" in shown.err


@pytest.mark.parametrize(
    ("name", "scope", "count"),
    [
        ("ssh.pcap", "host:223.132.53.222", 54), ("ssh.pcap", "port:22", 54), ("ssh.pcap", "port:80", 0),
        ("edns-opts.pcap", "name:example.com", 42), ("edns-opts.pcap", "name:xample.com", 0),
        ("wget.pcapng", "name:10.99.0.2", 1), ("wget.pcapng", f"pid:{os.getpid()}", 0),
    ],
)  # fmt: skip
def test_scope(capsys: pytest.CaptureFixture[str], name: str, scope: str, count: int) -> None:
    assert run(["-r", str(DATA / name), "--scope", scope]) == 0
    assert len(capsys.readouterr().out.splitlines()) == count
