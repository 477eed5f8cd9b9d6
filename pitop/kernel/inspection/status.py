"""What `stat`, `status` and `io` of one process say: accounts, identity, signals, capabilities."""

from __future__ import annotations

import grp
import os

from pitop.kernel.processes import TerminalNames
from pitop.kernel.users import UserNames
from pitop.model.inspection import Accounts, Capabilities, Identity, SignalMasks, capabilities_in_mask
from pitop.model.signals import signals_in_mask

__all__ = ["accounts_of", "capabilities_of", "identity_of", "signals_of"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SECCOMP = {"0": "off", "1": "strict", "2": "filter"}


def _kilobytes(status: dict[str, str], key: str) -> int | None:
    value = status.get(key)
    return int(value.split()[0]) * 1024 if value else None


def accounts_of(stat: list[bytes], status: dict[str, str], io: bytes | None, ticks: int, uptime: float) -> Accounts:
    values = {key: int(value) for key, _, value in (line.partition(b": ") for line in (io or b"").splitlines())}
    switches = [status.get(f"{kind}_ctxt_switches") for kind in ("voluntary", "nonvoluntary")]
    rss = _kilobytes(status, "VmRSS")
    return Accounts(
        user_seconds=int(stat[11]) / ticks,
        system_seconds=int(stat[12]) / ticks,
        children_user_seconds=int(stat[13]) / ticks,
        children_system_seconds=int(stat[14]) / ticks,
        elapsed_seconds=max(0.0, uptime - int(stat[19]) / ticks),
        minor_faults=int(stat[7]),
        major_faults=int(stat[9]),
        children_minor_faults=int(stat[8]),
        children_major_faults=int(stat[10]),
        voluntary_switches=int(switches[0]) if switches[0] else None,
        involuntary_switches=int(switches[1]) if switches[1] else None,
        vsz_bytes=int(stat[20]),
        rss_bytes=rss if rss is not None else int(stat[21]) * _PAGE,
        max_rss_bytes=_kilobytes(status, "VmHWM"),
        max_vsz_bytes=_kilobytes(status, "VmPeak"),
        swap_bytes=_kilobytes(status, "VmSwap"),
        locked_bytes=_kilobytes(status, "VmLck"),
        read_calls=values.get(b"syscr"),
        write_calls=values.get(b"syscw"),
        read_characters=values.get(b"rchar"),
        written_characters=values.get(b"wchar"),
        read_bytes=values.get(b"read_bytes"),
        written_bytes=values.get(b"write_bytes"),
    )


def identity_of(stat: list[bytes], status: dict[str, str], users: UserNames, terminals: TerminalNames) -> Identity:
    uids = tuple(int(each) for each in status.get("Uid", "").split())
    privileges = status.get("NoNewPrivs")
    return Identity(
        user=users[uids[1]] if len(uids) > 1 else "",
        uids=uids,
        gids=tuple(int(each) for each in status.get("Gid", "").split()),
        groups=tuple(_group(int(each)) for each in status.get("Groups", "").split()),
        pgrp=int(stat[2]),
        session=int(stat[3]),
        tty=terminals[int(stat[4])],
        tracer_pid=int(status.get("TracerPid", "0")),
        no_new_privileges=None if privileges is None else privileges == "1",
        seccomp=_SECCOMP.get(status.get("Seccomp", "")),
        inner_pids=tuple(int(each) for each in status.get("NSpid", "").split()[1:]),
    )


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except (KeyError, OverflowError):
        return str(number)


def _mask(status: dict[str, str], key: str) -> int:
    return int(status.get(key, "0") or "0", 16)


def signals_of(status: dict[str, str]) -> SignalMasks:
    return SignalMasks(
        *(signals_in_mask(_mask(status, key)) for key in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"))
    )


def capabilities_of(status: dict[str, str]) -> Capabilities:
    return Capabilities(
        *(capabilities_in_mask(_mask(status, key)) for key in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"))
    )
