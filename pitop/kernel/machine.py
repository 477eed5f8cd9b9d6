"""The machine's counters: CPU, memory, faults, load, network, temperature, throttling."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pitop.kernel.system import read_bytes
from pitop.model.machine import Memory

__all__ = ["CpuTimes", "MachineReader", "memory", "parse_cpu_times", "parse_meminfo", "parse_network", "parse_vmstat"]


class CpuTimes(NamedTuple):
    """Ticks since boot that a core (or all of them) was at work, and in all (proc_stat(5)).

    Waiting for I/O counts as idle; guest time is already within user time.
    """

    busy: int
    total: int


def parse_cpu_times(data: bytes) -> tuple[CpuTimes, tuple[CpuTimes, ...]]:
    """All cores together and each core, of /proc/stat. Raises ValueError when the first line is missing."""
    found = []
    for line in data.split(b"\n"):
        if not line.startswith(b"cpu"):
            break
        ticks = [int(word) for word in line.split()[1:9]]
        total = sum(ticks)
        found.append(CpuTimes(total - sum(ticks[3:5]), total))
    if not found:
        raise ValueError("no cpu line in /proc/stat")
    return found[0], tuple(found[1:])


def parse_meminfo(data: bytes) -> dict[str, int]:
    """Every line of /proc/meminfo, in bytes where the kernel says kB (proc_meminfo(5))."""
    found = {}
    for line in data.decode("ascii", "replace").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return found


def memory(info: dict[str, int]) -> Memory:
    """The header's part of /proc/meminfo."""
    return Memory(
        total_bytes=info["MemTotal"],
        free_bytes=info["MemFree"],
        available_bytes=info.get("MemAvailable"),
        buffers_bytes=info.get("Buffers", 0),
        cached_bytes=info.get("Cached", 0),
        shmem_bytes=info.get("Shmem", 0),
        reclaimable_bytes=info.get("SReclaimable", 0),
        swap_total_bytes=info.get("SwapTotal", 0),
        swap_free_bytes=info.get("SwapFree", 0),
    )


def parse_vmstat(data: bytes) -> dict[str, int]:
    """Every counter of /proc/vmstat."""
    words = data.split()
    return {name.decode(): int(value) for name, value in zip(words[::2], words[1::2], strict=False)}


def parse_network(data: bytes) -> tuple[int, int]:
    """Bytes received and sent by all interfaces but the loopback, of /proc/net/dev."""
    received = sent = 0
    for line in data.split(b"\n")[2:]:
        name, _, rest = line.rpartition(b":")
        figures = rest.split()
        if len(figures) >= 16 and name.strip() != b"lo":
            received += int(figures[0])
            sent += int(figures[8])
    return received, sent


# Raspberry Pi firmware, `vcgencmd get_throttled`: bits 0-3 say what is now.
_THROTTLING = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}


class MachineReader:
    """Reads the machine's counters under `root` (/proc) and `sys` (/sys)."""

    def __init__(self, root: str = "/proc", sys: str = "/sys") -> None:
        self._root = root
        self._sys = Path(sys)
        self._thermal = self._thermal_file()
        self._throttled = next(iter(self._sys.glob("devices/platform/soc/*firmware/get_throttled")), None)

    def cpu_times(self) -> tuple[CpuTimes, tuple[CpuTimes, ...]]:
        """All cores together, and each."""
        return parse_cpu_times(read_bytes(f"{self._root}/stat", 1 << 17))

    def memory(self) -> Memory:
        """Where memory is."""
        return memory(parse_meminfo(read_bytes(f"{self._root}/meminfo")))

    def faults(self) -> tuple[int, int]:
        """Page faults since boot, all and major (pgfault, pgmajfault of /proc/vmstat)."""
        data = read_bytes(f"{self._root}/vmstat")
        return _counter(data, b"\npgfault "), _counter(data, b"\npgmajfault ")

    def load(self) -> tuple[float, float, float]:
        """Load averages over 1, 5 and 15 minutes."""
        one, five, fifteen = read_bytes(f"{self._root}/loadavg", 128).split()[:3]
        return float(one), float(five), float(fifteen)

    def uptime(self) -> float:
        """Seconds since boot."""
        return float(read_bytes(f"{self._root}/uptime", 128).split()[0])

    def network(self) -> tuple[int, int]:
        """Bytes received and sent since boot."""
        return parse_network(read_bytes(f"{self._root}/net/dev", 1 << 18))

    def temperature(self) -> float | None:
        """The processor's temperature in °C, where the machine tells."""
        if self._thermal is None:
            return None
        try:
            return int(self._thermal.read_bytes()) / 1000
        except (OSError, ValueError):
            return None

    def throttling(self) -> tuple[str, ...] | None:
        """What holds a Raspberry Pi back now; None where nothing tells."""
        if self._throttled is not None:
            try:
                bits = int(self._throttled.read_text().strip(), 16)
            except (OSError, ValueError):
                return None
            return tuple(words for bit, words in _THROTTLING.items() if bits >> bit & 1)
        for alarm in self._sys.glob("class/hwmon/hwmon*/in0_lcrit_alarm"):
            try:
                return ("under-voltage",) if int(alarm.read_bytes()) else ()
            except (OSError, ValueError):
                continue
        return None

    @staticmethod
    def users() -> int | None:
        """How many people are logged in; None where the login records cannot be read."""
        import psutil  # dear to import, and asked for seldom

        try:
            return len(psutil.users())
        except (OSError, RuntimeError):
            return None

    def _thermal_file(self) -> Path | None:
        """The thermal zone or sensor that tells the processor's temperature."""
        for zone in sorted(self._sys.glob("class/thermal/thermal_zone*")):
            try:
                kind = (zone / "type").read_text().strip()
            except OSError:
                continue
            if kind.startswith(("cpu", "x86_pkg", "soc", "bcm")):
                return zone / "temp"
        for chip in sorted(self._sys.glob("class/hwmon/hwmon*")):
            try:
                if (chip / "name").read_text().strip() in ("coretemp", "k10temp", "cpu_thermal", "zenpower"):
                    return next(iter(sorted(chip.glob("temp*_input"))), None)
            except OSError:
                continue
        return None


def _counter(data: bytes, label: bytes) -> int:
    at = data.index(label) + len(label)
    return int(data[at : at + 24].split(None, 1)[0])
