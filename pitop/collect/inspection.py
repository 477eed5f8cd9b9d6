"""One process in full, again and again, and after its end as it was last seen."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from pitop.collect.collector import Unavailable
from pitop.kernel.inspection import EndWatch, ProcessFolder, Sample, read_process
from pitop.kernel.processes import TerminalNames
from pitop.kernel.system import boot_time, host
from pitop.kernel.users import UserNames
from pitop.model.inspection import Inspect, InspectionSnapshot, Rates, Thread, rates_of
from pitop.model.processes import ProcessKey
from pitop.model.rates import rate

__all__ = ["InspectionCollector"]

_STATUS_PATIENCE = 5.0  # seconds in which an ended process's status may still become known


class InspectionCollector:
    """Answers Inspect requests; the newest counts. Raises Unavailable when there never was such a process."""

    every = None

    def __init__(self, root: str = "/proc", sys: str = "/sys") -> None:
        self._root = root
        self._host = host()
        self._users = UserNames()
        self._terminals = TerminalNames(sys)
        self._boot_time = boot_time(root)
        self._request: Inspect | None = None
        self._folder: ProcessFolder | None = None
        self._watch: EndWatch | None = None
        self._before: tuple[float, Sample] | None = None
        self._newest: InspectionSnapshot | None = None

    def ask(self, request: Struct) -> None:
        """Look at the process of an Inspect request from now on."""
        if not isinstance(request, Inspect):
            return
        if self._request is None or request.key != self._request.key:
            self.close()
            self._before = self._newest = None
        self._request = request

    def descriptors(self) -> Sequence[int]:
        """The process's pidfd: its end is a reason to look."""
        over = self._newest is not None and self._newest.ended_time is not None
        return (self._watch.fileno(),) if self._watch is not None and not over else ()

    def close(self) -> None:
        """Let go of the process."""
        if self._folder is not None:
            self._folder.close()
            self._folder = None
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def collect(self) -> InspectionSnapshot:
        """Read it all. An ended process gives its last values with when and how it ended."""
        request = self._request
        if request is None:
            raise Unavailable("no process was asked for")
        if self._newest is not None and self._newest.ended_time is not None:
            return self._told_late(self._newest)
        now, monotonic = time.time(), time.monotonic()
        try:
            sample = self._read(request)
        except ProcessLookupError:
            return self._over(request.key, now)
        if sample.state in ("Z", "X") and self._newest is not None:
            return self._over(request.key, now)  # its memory and files are gone: what was seen before says more
        threads, rates = self._threads(sample, monotonic), self._rates(sample, monotonic)
        self._newest = _snapshot(sample, now, self._host, self._boot_time, rates, threads)
        self._before = (monotonic, sample)
        if self._watch is not None and self._watch.ended():
            return self._over(request.key, now)
        return self._newest

    def _read(self, request: Inspect) -> Sample:
        if self._folder is None:
            self._folder = ProcessFolder(request.key, self._root)
            if self._root == "/proc":
                try:
                    self._watch = EndWatch(request.key, self._root)
                except ProcessLookupError:
                    raise
                except OSError:
                    self._watch = None  # no pidfd here: the end shows when its files are gone
        return read_process(self._folder, self._users, self._terminals, request.reveal)

    def _over(self, key: ProcessKey, now: float) -> InspectionSnapshot:
        if self._newest is None:
            raise Unavailable(f"there is no process {key[0]} (any more)", "pitop processes lists those that are")
        ending = self._watch.ending() if self._watch is not None else None
        state = "Z" if self._is_zombie() else self._newest.state
        self._newest = replace(
            self._newest, time=now, ended_time=now, ending=ending, state=state, rates=Rates(), missing=()
        )
        return self._newest

    def _is_zombie(self) -> bool:
        try:
            return self._folder is not None and self._folder.stat()[0] == b"Z"
        except (OSError, ValueError):
            return False

    def _told_late(self, newest: InspectionSnapshot) -> InspectionSnapshot:
        """After the end: the status may become known when the parent has taken notice."""
        now = time.time()
        late = newest.ended_time is not None and now - newest.ended_time > _STATUS_PATIENCE
        if newest.ending is None and self._watch is not None and not late:
            newest = replace(newest, ending=self._watch.ending())
        self._newest = replace(newest, time=now)
        return self._newest

    def _rates(self, sample: Sample, monotonic: float) -> Rates:
        if self._before is None:
            return Rates()
        at, before = self._before
        return rates_of(sample.accounts, before.accounts, monotonic - at, sample.delays, before.delays)

    def _threads(self, sample: Sample, monotonic: float) -> tuple[Thread, ...]:
        at, before = self._before or (monotonic, None)
        known = {each.tid: each.cpu_seconds for each in before.threads} if before is not None else {}
        found = []
        for each in sample.threads:
            cpu = rate(each.cpu_seconds, known.get(each.tid), monotonic - at)
            found.append(
                Thread(
                    tid=each.tid,
                    name=each.name,
                    state=each.state,
                    cpu_percent=None if cpu is None else 100 * cpu,
                    cpu_seconds=each.cpu_seconds,
                    processor=each.processor,
                    nice=each.nice,
                    waiting_in=each.waiting_in,
                    run_queue_seconds=each.run_queue_seconds,
                )
            )
        return tuple(found)


def _snapshot(
    sample: Sample, now: float, node: str, booted: float, rates: Rates, threads: tuple[Thread, ...]
) -> InspectionSnapshot:
    return InspectionSnapshot(
        time=now,
        host=node,
        missing=sample.missing,
        key=sample.key,
        name=sample.name,
        state=sample.state,
        ppid=sample.ppid,
        start_time=booted + sample.start_seconds,
        kernel=sample.kernel,
        family=sample.family,
        command=sample.command,
        identity=sample.identity,
        accounts=sample.accounts,
        rates=rates,
        delays=sample.delays,
        settings=sample.settings,
        signals=sample.signals,
        capabilities=sample.capabilities,
        threads=threads,
        thread_count=sample.thread_count,
        belonging=sample.belonging,
        executable=sample.executable,
        directory=sample.directory,
        root=sample.root,
        environment=sample.environment,
        files=sample.files,
        namespaces=sample.namespaces,
        waiting_in=sample.waiting_in,
        kernel_stack=sample.kernel_stack,
    )
