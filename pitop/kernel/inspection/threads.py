"""Threads of one process: /proc/PID/task."""

from __future__ import annotations

from typing import NamedTuple

from pitop.kernel.inspection.folder import ProcessFolder, Refused

__all__ = ["ThreadSample", "read_threads", "wait_channel"]

_THREADS_MOST = 2048


class ThreadSample(NamedTuple):
    """One reading of a thread. `run_queue_seconds` is None where the kernel keeps no schedstat."""

    tid: int
    name: str
    state: str
    cpu_seconds: float
    processor: int
    nice: int
    waiting_in: str | None
    run_queue_seconds: float | None


def read_threads(folder: ProcessFolder, ticks: int) -> tuple[tuple[ThreadSample, ...], int]:
    """The threads by id, the first 2,048, and how many there are."""
    names = sorted(folder.names("task"), key=int)
    found = []
    for name in names[:_THREADS_MOST]:
        data = folder.read(f"task/{name}/stat")
        if not data:
            continue
        fields = data[data.rfind(b")") + 1 :].split()
        if len(fields) < 37:
            continue
        found.append(
            ThreadSample(
                tid=int(name),
                name=data[data.find(b"(") + 1 : data.rfind(b")")].decode("utf-8", "backslashreplace"),
                state=fields[0].decode("ascii", "replace"),
                cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
                processor=int(fields[36]),
                nice=int(fields[16]),
                waiting_in=wait_channel(folder, f"task/{name}/wchan"),
                run_queue_seconds=_run_queue(folder, f"task/{name}/schedstat"),
            )
        )
    return tuple(found), len(names)


def wait_channel(folder: ProcessFolder, path: str) -> str | None:
    try:
        data = folder.read(path)
    except Refused:
        return None
    text = (data or b"").decode("ascii", "replace").strip("\0\n")
    return None if text in ("", "0") else text


def _run_queue(folder: ProcessFolder, path: str) -> float | None:
    try:
        fields = (folder.read(path) or b"").split()
    except Refused:
        return None
    if len(fields) < 3 or fields[:3] == [b"0", b"0", b"0"]:
        return None
    return int(fields[1]) / 1e9
