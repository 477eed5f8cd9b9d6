"""The machine's counters, from trees of our own and beside this machine's tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitop.kernel.machine import CpuTimes, MachineReader, parse_cpu_times, parse_meminfo, parse_network, parse_vmstat


def test_cpu_times_do_not_count_guests_twice() -> None:
    data = b"cpu  100 10 50 800 20 5 5 10 60 6\ncpu0 100 10 50 800 20 5 5 10 60 6\nintr 1\n"
    whole, cores = parse_cpu_times(data)
    assert whole == CpuTimes(busy=180, total=1000)
    assert cores == (CpuTimes(180, 1000),)
    with pytest.raises(ValueError, match="no cpu line"):
        parse_cpu_times(b"intr 1\n")


def test_meminfo_in_bytes() -> None:
    info = parse_meminfo(b"MemTotal:       1024 kB\nHugePages_Total:    3\nnonsense\n")
    assert info == {"MemTotal": 1 << 20, "HugePages_Total": 3}


def test_network_leaves_out_the_loopback() -> None:
    rest = b" 1 0 0 0 0 0 0 %d 1 0 0 0 0 0 0 0" + b"\n"
    data = b"h\nh\n    lo: 9" + rest % 9 + b"  eth0:5" + rest % 7 + b" a:b: 1" + rest % 2
    assert parse_network(data) == (6, 9)


def test_vmstat() -> None:
    assert parse_vmstat(b"pgfault 12\npgmajfault 3\n") == {"pgfault": 12, "pgmajfault": 3}


def test_a_raspberry_pi_that_is_held_back(tmp_path: Path) -> None:
    folder = tmp_path / "devices/platform/soc/soc:firmware"
    folder.mkdir(parents=True)
    (folder / "get_throttled").write_text("50005\n")
    zone = tmp_path / "class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("61500\n")
    reader = MachineReader("/proc", str(tmp_path))
    assert reader.throttling() == ("under-voltage", "throttled")
    assert reader.temperature() == 61.5


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    reader = MachineReader("/proc", str(tmp_path))
    assert reader.throttling() is None
    assert reader.temperature() is None


def test_this_machine() -> None:
    reader = MachineReader()
    info = parse_meminfo(Path("/proc/meminfo").read_bytes())
    assert reader.memory().total_bytes == info["MemTotal"]
    assert reader.faults()[0] >= reader.faults()[1]
    assert len(reader.load()) == 3
    assert reader.uptime() > 0
