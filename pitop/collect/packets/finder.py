"""Who has which end of a flow: a process of its own beside the capturing helper, which keeps the right to find out.

It sees the first packet of what is short the moment that it passes, and looks at once, undisturbed by a screen that is
being painted: by the time the ring hands the packet over its process may be gone. Where the kernel tells who begins to
talk, that is believed before any looking. It is nobody in particular by then, with two rights left: to look at any
process, and through any folder. It looks at a packet's addresses, ports and number, nothing else, and takes nothing but
such from the helper; what it says is who has a socket.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
import traceback
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pitop.collect.packets.messages import Channel, Config
from pitop.kernel.packets.assembler import Session, combined, first_packets, leave_out, once_on_loopback
from pitop.kernel.packets.owner import LISTEN, SocketOwners, SocketSeen
from pitop.kernel.packets.privileges import DAC_READ_SEARCH, SYS_PTRACE, give_up
from pitop.kernel.packets.ring import CaptureProblem, Lookout
from pitop.kernel.packets.senders import Senders
from pitop.model.packets.row import Owner

__all__ = ["Ends", "Finder", "Found", "Held", "Lookup", "start_finder"]

_TCP, _UDP = 6, 17
_PATIENCE = 0.25  # seconds after which a socket's process is told as unknown
_LONGEST = 2.0  # and for which it is looked for all the same
_MOST = 4096
_MEMORY = 1 << 30
Ends = tuple[bytes, int, bytes, int, int]
"""Who sent and from which port, who was to get it and where, and the transport's number."""


class Held(Struct, frozen=True, array_like=True):
    """What is known of one end: whether its address is this machine's, who has its socket (pid 0: nobody that could be
    found), and the socket's cookie (0: none was found)."""

    here: bool = False
    pid: int = 0
    start_ticks: int | None = None
    name: str = ""
    cookie: int = 0

    @property
    def owner(self) -> Owner | None:
        """The process."""
        return Owner(self.pid, self.name, self.start_ticks) if self.pid else None


class Lookup(Struct, frozen=True, tag=True, array_like=True):
    """Whose are the ends of this flow?"""

    flow: int
    ends: Ends


class Found(Struct, frozen=True, tag=True, array_like=True):
    """Who has the two ends: of a flow that was asked for, or, with `flow` 0, of a packet with this `token` that has
    just passed (TCP's sequence number, the number of a question to a name server)."""

    flow: int
    token: int
    ends: Ends
    one: Held
    other: Held


class _Search:
    """A flow of which a socket's process is still to be found."""

    __slots__ = ("ends", "flow", "held", "interface", "seen", "since", "token", "told")

    def __init__(
        self, flow: int, token: int, ends: Ends, interface: int, held: list[Held], seen: list[SocketSeen | None]
    ) -> None:
        self.flow = flow
        self.token = token
        self.ends = ends
        self.interface = interface
        self.held = held
        self.seen = seen
        self.since = time.monotonic()
        self.told = False

    @property
    def missing(self) -> list[int]:
        """The inodes of sockets whose process is not known yet."""
        return [
            seen.inode for seen, held in zip(self.seen, self.held, strict=True) if seen and seen.inode and not held.pid
        ]


class Finder:
    """The loop: packets that pass first, then what the helper asks, then who has all these sockets."""

    def __init__(
        self, channel: Channel, lookout: Lookout | None, owners: SocketOwners, senders: Senders | None = None
    ) -> None:
        self.channel = channel
        self.lookout = lookout
        self.owners = owners
        self.senders = senders
        self._searches: list[_Search] = []

    def run(self) -> None:
        """Until the helper has gone."""
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        if self.lookout is not None:
            poll.register(self.lookout.fileno(), select.POLLIN)
        for descriptor in () if self.senders is None else self.senders.filenos():
            poll.register(descriptor, select.POLLIN)
        while not self.channel.closed:
            poll.modify(self.channel.fileno(), select.POLLIN | (select.POLLOUT if self.channel.waiting else 0))
            events = poll.poll(5 if self._searches else 1000)
            if any(event & select.POLLERR for fd, event in events if fd != self.channel.fileno()):
                time.sleep(0.01)  # an interface went down
            self.turn()
            self.channel.flush()

    def turn(self) -> None:
        """Take in what is there, and answer what can be answered."""
        seen = () if self.lookout is None else self.lookout.seen()
        if self.senders is not None:
            self.senders.read()
        read = [(*each, interface) for data, interface in seen if (each := sighted(data)) is not None]
        senders = [self._sender(ends) for ends, _, _ in read]  # first of all: these may be about to end
        for (ends, token, interface), sender in zip(read, senders, strict=True):
            self._begin(0, token, ends, interface, sender)
        for message in self.channel.receive():
            if isinstance(message, Lookup):
                self._begin(message.flow, 0, message.ends, 0, None)
        if self._searches:
            self._search()

    def _begin(self, flow: int, token: int, ends: Ends, interface: int, sender: Owner | None) -> None:
        one, one_port, other, other_port, transport = ends
        sides = ((one, one_port, other, other_port), (other, other_port, one, one_port))
        held, sockets = [], []
        for number, side in enumerate(sides):
            here = side[0] in self.owners.here
            seen = self.owners.socket(transport, *side, interface) if here else None
            if number == 0 and seen is not None and seen.state == LISTEN and transport == _TCP:
                seen = None  # a listener on the port of a connection that was opened from it, and is gone
            cookie = seen.cookie if seen is not None else 0
            if here and sender is not None and number == 0:
                held.append(Held(here, sender.pid, sender.start_ticks, sender.name, cookie))
            else:
                held.append(Held(here, cookie=cookie))
            sockets.append(seen)
        if len(self._searches) < _MOST:
            self._searches.append(_Search(flow, token, ends, interface, held, sockets))

    def _sender(self, ends: Ends) -> Owner | None:
        """Who sent a packet that begins something, where the kernel has told it."""
        one, port, other, other_port, transport = ends
        if self.senders is None or one not in self.owners.here:
            return None
        pid = self.senders.sender(transport, port, other, other_port)
        return None if pid is None else self.owners.process(pid)

    def _search(self) -> None:
        """Look for the processes of all sockets at once; who cannot be found in time is told as unknown."""
        found = self.owners.likely({inode for search in self._searches for inode in search.missing})
        left = [search for search in self._searches if search.missing and not found.keys() >= set(search.missing)]
        if left and not self.owners.resting:
            for search in left:
                self._leave_out_closed(search, found)
            found |= self.owners.thorough({inode for search in left for inode in search.missing} - found.keys())
        again: list[_Search] = []
        now = time.monotonic()
        for search in self._searches:
            for place, seen in enumerate(search.seen):
                owner = found.get(seen.inode) if seen is not None else None
                if owner is not None and not search.held[place].pid:
                    search.held[place] = Held(True, owner.pid, owner.start_ticks, owner.name, search.held[place].cookie)
            age = now - search.since
            later = bool(search.missing) and self.owners.resting and age < _LONGEST
            if later:
                again.append(search)
            if not later or (age > _PATIENCE and not search.told):
                search.told = True
                self.channel.send(Found(search.flow, search.token, search.ends, *search.held))
        self._searches = again

    def _leave_out_closed(self, search: _Search, found: Mapping[int, Owner]) -> None:
        """Nobody can be found any more who has a socket that is closed by now; in the place of a listener there may be
        the connection that it has accepted."""
        one, one_port, other, other_port, transport = search.ends
        sides = ((one, one_port, other, other_port), (other, other_port, one, one_port))
        for place, (seen, side) in enumerate(zip(search.seen, sides, strict=True)):
            if seen is None or not seen.inode or seen.inode in found or search.held[place].pid:
                continue
            now = self.owners.socket(transport, *side, search.interface)
            if now is None or (not now.inode and seen.state != LISTEN):
                search.seen[place] = None
            elif now.inode and now.cookie != seen.cookie:
                search.seen[place] = now if seen.state == LISTEN else None


def sighted(data: bytes) -> tuple[Ends, int] | None:
    """The ends and the token of a packet that the lookout let pass, from its network header on; None for another."""
    if len(data) < 28:
        return None
    version = data[0] >> 4
    if version == 4:
        at, transport = (data[0] & 0x0F) * 4, data[9]
        one, other = data[12:16], data[16:20]
    elif version == 6 and len(data) >= 48:
        at, transport = 40, data[6]
        one, other = data[8:24], data[24:40]
    else:
        return None
    if len(data) < at + 10 or transport not in (_TCP, _UDP):
        return None
    ports = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
    token = data[at + 4 : at + 8] if transport == _TCP else data[at + 8 : at + 10]
    return (one, ports[0], other, ports[1], transport), int.from_bytes(token, "big")


def start_finder(config: Config, strangers: Sequence[int]) -> socket.socket:
    """Start the finder of a capture as a child of this process; gives the socket that it answers on.

    `strangers` are descriptors that it has no business with. It ends when that socket is closed. Raises OSError.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    if os.fork():
        theirs.close()
        return ours
    code = 1
    try:
        ours.close()
        for descriptor in strangers:
            os.close(descriptor)
        _serve(theirs, config)
        code = 0
    except BaseException:  # a forked child must not go on with its parent's work, whatever happens
        traceback.print_exc()
    finally:
        os._exit(code)


def _serve(connection: socket.socket, config: Config) -> None:
    with contextlib.suppress(OSError):  # a short process does not wait until others have worked
        os.setpriority(os.PRIO_PROCESS, 0, min(os.getpriority(os.PRIO_PROCESS, 0), -10))
    own = [leave_out(Session(*session)) for session in config.sessions]
    program = combined([once_on_loopback(), *own], first_packets())
    lookout: Lookout | None = None
    with contextlib.suppress(OSError, CaptureProblem):  # the helper says what is wrong with capturing
        lookout = Lookout(config.interface, program)
    senders: Senders | None = None
    with contextlib.suppress(OSError):  # not every kernel tells, and not everybody
        senders = Senders() if config.traced else None
    owners = SocketOwners()
    give_up(_MEMORY, hurried=False, kept=(DAC_READ_SEARCH, SYS_PTRACE))
    Finder(Channel(connection, Lookup), lookout, owners, senders).run()
