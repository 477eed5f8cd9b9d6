"""A fake /proc: what readers are fed in tests."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FakeProc"]


class FakeProc:
    """A /proc in a temporary folder; processes come, go and change as told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        (root / "stat").write_text("cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 10 0 10 80 0 0 0 0 0 0\nbtime 1700000000\n")
        (root / "meminfo").write_text("MemTotal: 1000 kB\nMemFree: 500 kB\nMemAvailable: 700 kB\n")

    def process(
        self,
        pid: int,
        *,
        comm: str | bytes = "sh",
        state: str = "S",
        ppid: int = 1,
        start: int = 100,
        utime: int = 0,
        minflt: int = 0,
        majflt: int = 0,
        flags: int = 0x400000,
        threads: int = 1,
        nice: int = 0,
        rss: int = 25,
        uid: int = 0,
        command: bytes = b"sh\0-c\0true\0",
    ) -> Path:
        """Write the files of one process, over those that are there."""
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        name = comm.encode() if isinstance(comm, str) else comm
        rest = (
            f" {state} {ppid} {pid} {pid} 0 -1 {flags} {minflt} 0 {majflt} 0 {utime} 0 0 0 {20 + nice} {nice} "
            f"{threads} 0 {start} 4096000 {rss} 18446744073709551615 "
            f"{'0 ' * 12}17 1{' 0' * 13}\n"
        )
        (folder / "stat").write_bytes(str(pid).encode() + b" (" + name + b")" + rest.encode())
        (folder / "statm").write_text(f"1000 {rss} 10 1 0 1 0\n")
        (folder / "status").write_bytes(
            b"Name:\t"
            + name.replace(b"\n", b"\\n")
            + f"\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nVmLck:\t 0 kB\nRssFile:\t 40 kB\nRssShmem:\t 0 kB\n".encode()
        )
        (folder / "cmdline").write_bytes(command)
        return folder

    def end(self, pid: int) -> None:
        """Take a process away."""
        folder = self.root / str(pid)
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
