"""What states, owners and addresses of sockets are called."""

from __future__ import annotations

from pitop.model.sockets import Socket

__all__ = [
    "HOLDERS",
    "STATES",
    "address_port",
    "holder_words",
    "local_text",
    "peer_text",
    "process_text",
    "remote_text",
    "state_words",
]

STATES = {
    "LISTEN": "waits for others to connect",
    "LISTENING": "waits for others to connect",
    "ESTABLISHED": "connected: both sides may send",
    "CONNECTED": "connected: both sides may send",
    "CONNECTING": "somebody has connected, and nobody has accepted it yet",
    "SYN_SENT": "has asked to connect and waits for an answer; staying here means that nobody answers",
    "SYN_RECV": "half open: somebody asked to connect and has yet to confirm; very many at once may be a SYN flood",
    "FIN_WAIT1": "has said that it sends no more, and waits for that to be acknowledged",
    "FIN_WAIT2": "has closed its side and waits for the other to close theirs",
    "CLOSE_WAIT": "the other side has closed, the program has yet to; staying here is its mistake",
    "CLOSING": "both sides closed at the same moment",
    "LAST_ACK": "closed by both; waits for the last acknowledgement",
    "TIME_WAIT": "closed, kept for a minute so that late packets harm nobody; costs next to nothing, no program has it",
    "CLOSE": "closed, or never connected",
    "": "takes datagrams from anybody",
}


def state_words(state: str) -> str:
    """What a state means, in words."""
    return STATES.get(state, "a state that this program does not know")


HOLDERS = {
    "process": "",
    "none": "no program has it: the kernel finishes it by itself, or nobody has accepted it yet",
    "kernel": "the kernel itself has it: no process does",
    "hidden": "not permitted to see: some processes may not be looked into",
    "sought": "its owner is being looked for",
    "unseen": "it was closed before anybody looked",
}
_SHORT = {"none": "", "kernel": "kernel", "hidden": "not permitted", "sought": "", "unseen": "", "process": ""}


def holder_words(row: Socket) -> str:
    """Why a socket has no process, in words; empty when it has one."""
    return HOLDERS[row.holder]


def address_port(address: str | None, port: int | None, name: str | None = None) -> str:
    """`10.0.0.1:22`, `[::1]:22`, `0.0.0.0:*`; the name in place of the address where there is one."""
    host = name or (f"[{address}]" if address and ":" in address else address or "")
    return f"{host}:{port if port is not None else '*'}"


def local_text(row: Socket) -> str:
    end = row.endpoint
    if end.transport == "packet":
        return f"{end.local_address}:{end.local_port:#06x}" if end.local_port else f"{end.local_address}:all"
    return end.local_address or "" if end.unix is not None else address_port(end.local_address, end.local_port)


def remote_text(row: Socket) -> str:
    end = row.endpoint
    if end.unix is not None:
        peer = peer_text(row)
        return " ".join(part for part in (row.remote_name or "", peer or "") if part)
    if end.remote_address is None:
        return ""
    return address_port(end.remote_address, end.remote_port, row.remote_name)


def peer_text(row: Socket) -> str | None:
    return ", ".join(f"{owner.name}/{owner.pid}" for owner in row.peers) or None


def process_text(row: Socket) -> str:
    if row.owners:
        more = f" +{len(row.owners) - 1}" if len(row.owners) > 1 else ""
        return f"{row.owners[0].name}{more}"
    if row.former:
        return f"({row.former[0].name})"
    return _SHORT[row.holder]
