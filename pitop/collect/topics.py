"""The topics that panes and commands ask for, and which collector answers each.

A collector is named by its place and imported when its topic is first shown, on the collector's own thread: what
is never looked at costs neither time nor memory.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from pitop.model.snapshot import Snapshot

if TYPE_CHECKING:
    from pitop.collect.collector import Collector
    from pitop.model.delays import DelaysSnapshot
    from pitop.model.dns.snapshot import DnsSnapshot
    from pitop.model.events import EventsSnapshot
    from pitop.model.inspection import InspectionSnapshot
    from pitop.model.machine import MachineSnapshot
    from pitop.model.memory.snapshot import MemorySnapshot
    from pitop.model.memory.space import AddressSpace
    from pitop.model.network.snapshot import NetworkSnapshot
    from pitop.model.packets.snapshot import PacketsSnapshot
    from pitop.model.path.snapshot import DiagnoseSnapshot, PingSnapshot, TraceSnapshot
    from pitop.model.processes import ProcessesSnapshot
    from pitop.model.sockets import SocketsSnapshot
    from pitop.model.threads import ThreadsSnapshot
    from pitop.model.timeline import TimelineSnapshot
    from pitop.model.traffic import TrafficSnapshot
    from pitop.model.traffic.talks import TalksSnapshot

__all__ = [
    "DELAYS",
    "DIAGNOSE",
    "DNS",
    "EVENTS",
    "INSPECTION",
    "MACHINE",
    "MAPPINGS",
    "MEMORY",
    "NETWORK",
    "PACKETS",
    "PING",
    "PROCESSES",
    "SOCKETS",
    "TALKS",
    "THREADS",
    "TIMELINE",
    "TRACE",
    "TRAFFIC",
    "Topic",
]

S = TypeVar("S", bound=Snapshot)


class Topic(Struct, Generic[S], frozen=True):
    """What can be asked for: its name, and its collector's class as `module:name`.

    A topic that is made of others `needs` them: they are collected as long as it is, and each of their snapshots and
    failures is handed to its collector's `ask`, and the first of them leads: soon after each of its snapshots the
    collector turns. One that is `told` hears in the same way what was done from here (`model.actions.Performed`).
    """

    name: str
    collector: str
    needs: tuple[Topic[Any], ...] = ()
    told: bool = False

    def load(self) -> Callable[[], Collector[S]]:
        """Import the topic's collector."""
        module, _, name = self.collector.partition(":")
        loaded: Callable[[], Collector[S]] = getattr(import_module(module), name)
        return loaded

    def open(self) -> Collector[S]:
        """Import and make the topic's collector for this machine."""
        return self.load()()


DNS: Topic[DnsSnapshot] = Topic("dns", "pitop.collect.dns.collector:DnsCollector")
MACHINE: Topic[MachineSnapshot] = Topic("machine", "pitop.collect.machine:MachineCollector")
PROCESSES: Topic[ProcessesSnapshot] = Topic("processes", "pitop.collect.processes:ProcessesCollector")
SOCKETS: Topic[SocketsSnapshot] = Topic("sockets", "pitop.collect.sockets:SocketsCollector")
MEMORY: Topic[MemorySnapshot] = Topic("memory", "pitop.collect.memory.overview:MemoryCollector")
MAPPINGS: Topic[AddressSpace] = Topic("mappings", "pitop.collect.memory.mappings:MappingsCollector")
EVENTS: Topic[EventsSnapshot] = Topic("events", "pitop.collect.events:EventsCollector")
INSPECTION: Topic[InspectionSnapshot] = Topic("inspection", "pitop.collect.inspection:InspectionCollector")
DELAYS: Topic[DelaysSnapshot] = Topic("delays", "pitop.collect.delays:DelaysCollector")
THREADS: Topic[ThreadsSnapshot] = Topic("threads", "pitop.collect.threads:ThreadsCollector")
NETWORK: Topic[NetworkSnapshot] = Topic("network", "pitop.collect.network:NetworkCollector")
PING: Topic[PingSnapshot] = Topic("ping", "pitop.collect.path.ping:PingCollector")
TRACE: Topic[TraceSnapshot] = Topic("trace", "pitop.collect.path.trace:TraceCollector")
DIAGNOSE: Topic[DiagnoseSnapshot] = Topic("diagnose", "pitop.collect.path.examiner:DiagnoseCollector")
PACKETS: Topic[PacketsSnapshot] = Topic("packets", "pitop.collect.packets.collector:PacketsCollector")
# Who talks with whom and what they ask: a capture of its own, so what the packet pane does is none of its business.
TRAFFIC: Topic[TrafficSnapshot] = Topic("traffic", "pitop.collect.traffic:TrafficCollector")
TALKS: Topic[TalksSnapshot] = Topic("talks", "pitop.collect.talks:TalksCollector", needs=(SOCKETS, TRAFFIC))
TIMELINE: Topic[TimelineSnapshot] = Topic(
    "timeline",
    "pitop.collect.timeline:TimelineCollector",
    needs=(EVENTS, PROCESSES, SOCKETS, TRAFFIC),
    told=True,
)
