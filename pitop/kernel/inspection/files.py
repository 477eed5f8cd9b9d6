"""Open files of a process: what /proc/PID/fd and /proc/PID/fdinfo tell, and the addresses of its sockets."""

from __future__ import annotations

import socket
import stat
import struct

from msgspec.structs import replace

from pitop.kernel.inspection.folder import ProcessFolder, Refused
from pitop.model.inspection import OpenFile, access_of, flags_of

__all__ = ["open_files", "socket_details"]

_MOST = 4096  # descriptors that are listed
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "block device",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFLNK: "link",
}
_TCP_STATES = (
    "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
    "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
)  # fmt: skip


def open_files(folder: ProcessFolder) -> tuple[OpenFile, ...]:
    """Every descriptor, by number; the first 4,096. Raises Refused, ProcessLookupError."""
    names = sorted(folder.names("fd"), key=int)[:_MOST]
    found: list[OpenFile] = []
    for name in names:
        target = folder.link(f"fd/{name}")
        info = folder.read(f"fdinfo/{name}", 4096)
        if target is not None:
            found.append(_open_file(folder, int(name), target, info or b""))
    sockets = {each.inode for each in found if each.kind == "socket" and each.inode is not None}
    if sockets:
        details = socket_details(folder, sockets)
        found = [replace(each, detail=details.get(each.inode or 0, each.detail)) for each in found]
    return tuple(found)


def _open_file(folder: ProcessFolder, number: int, target: str, info: bytes) -> OpenFile:
    values = dict(line.split(":", 1) for line in info.decode("ascii", "replace").splitlines() if ":" in line)
    flags = int(values["flags"], 8) if "flags" in values else 0
    inode = int(values["ino"]) if "ino" in values else None
    kind, detail = _kind(folder, number, target, values)
    if inode is None and target.endswith("]") and "[" in target:
        number_in_name = target[target.rfind("[") + 1 : -1]
        inode = int(number_in_name) if number_in_name.isdecimal() else None
    return OpenFile(
        fd=number,
        kind=kind,
        target=target,
        access=access_of(flags) if "flags" in values else "",
        flags=flags_of(flags),
        offset=int(values["pos"]) if "pos" in values else None,
        inode=inode,
        deleted=target.endswith(" (deleted)") and not target.startswith("/memfd:"),
        detail=detail,
    )


def _kind(folder: ProcessFolder, number: int, target: str, values: dict[str, str]) -> tuple[str, str]:
    if target.startswith("socket:["):
        return "socket", ""
    if target.startswith("pipe:["):
        return "pipe", ""
    if target.startswith("anon_inode:"):
        kind = target[11:].strip("[]")
        detail = next((f"{key} {value.strip()}" for key, value in values.items() if key in _TELLING), "")
        return {"eventpoll": "epoll"}.get(kind, kind), detail
    if target.startswith("/memfd:"):
        return "memfd", ""
    mode = folder.mode(f"fd/{number}")
    return _KINDS.get(stat.S_IFMT(mode), "file") if mode is not None else "file", ""


_TELLING = frozenset(("eventfd-count", "Pid", "sigmask", "it_value", "clockid"))


def socket_details(folder: ProcessFolder, inodes: set[int]) -> dict[int, str]:
    """What the process's network namespace says of these sockets: `TCP 10.0.0.1:22 → 10.0.0.9:4711 ESTABLISHED`."""
    found: dict[int, str] = {}
    for name in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in _lines(folder, name):
            fields = line.split()
            if len(fields) > 9 and int(fields[9]) in inodes:
                found[int(fields[9])] = _inet(name, fields)
        if len(found) == len(inodes):
            return found
    for line in _lines(folder, "unix"):
        fields = line.split(None, 7)
        if len(fields) > 6 and int(fields[6]) in inodes:
            path = fields[7].strip() if len(fields) > 7 else ""
            listening = " LISTEN" if fields[3] == "00010000" else ""
            found[int(fields[6])] = f"UNIX {path}".rstrip() + listening
    for line in _lines(folder, "netlink"):
        fields = line.split()
        if len(fields) > 9 and int(fields[9]) in inodes:
            found[int(fields[9])] = f"NETLINK {fields[1]}"
    for line in _lines(folder, "packet"):
        fields = line.split()
        if len(fields) > 8 and int(fields[8]) in inodes:
            found[int(fields[8])] = "PACKET"
    return found


def _lines(folder: ProcessFolder, name: str) -> list[str]:
    try:
        data = folder.read(f"net/{name}", 64 << 20)
    except Refused:
        return []
    return (data or b"").decode("utf-8", "backslashreplace").splitlines()[1:]


def _inet(name: str, fields: list[str]) -> str:
    state = int(fields[3], 16)
    local, remote = _address(fields[1]), _address(fields[2])
    tail = ""
    if name.startswith("tcp"):
        tail = " " + _TCP_STATES[state] if state < len(_TCP_STATES) else f" {state}"
    unconnected = int(fields[2].rpartition(":")[2], 16) == 0
    return f"{name.upper()} {local}" + ("" if unconnected else f" → {remote}") + tail


def _address(text: str) -> str:
    """`0100007F:0016` as `127.0.0.1:22`; words are in the machine's byte order, proc_pid_net(5)."""
    address, _, port = text.partition(":")
    words = [struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8)]
    if len(words) == 1:
        return f"{socket.inet_ntop(socket.AF_INET, words[0])}:{int(port, 16)}"
    return f"[{socket.inet_ntop(socket.AF_INET6, b''.join(words))}]:{int(port, 16)}"
