"""Giving up privileges, for good, before the first hostile byte is looked at: all, or all but what is needed."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import resource
from collections.abc import Collection

__all__ = ["DAC_READ_SEARCH", "NOBODY", "SYS_PTRACE", "give_up"]

DAC_READ_SEARCH, SYS_PTRACE = 2, 19
"""Capabilities by their numbers (capabilities(7)): to read through any folder, and to look at any process."""

NOBODY = 65534
_SET_NO_NEW_PRIVS, _CAPBSET_DROP, _SET_DUMPABLE, _CAP_AMBIENT, _SET_KEEP = 38, 24, 4, 47, 8
_CAP_AMBIENT_CLEAR_ALL = 4
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def give_up(memory_bytes: int, *, files: bool = False, hurried: bool = True, kept: Collection[int] = ()) -> None:
    """Become nobody in particular: groups, uid, every capability but those `kept`, no new ones by exec, bounded memory.

    Nothing can be written to files any more, unless `files` (for one that is open already, and unnamed).
    With `hurried` it is served before others, as long as root could give it that.
    Where there was no privilege, what can be given up still is. Raises OSError when root could not be left behind.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    prctl = libc.prctl
    if os.geteuid() == 0:
        # Others' work must not keep it from emptying the ring, nor from asking whose a short connection is.
        if hurried:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, min(os.getpriority(os.PRIO_PROCESS, 0), -5))
        user, group = _nobody()
        os.setgroups([])
        for capability in range(_LAST_CAPABILITY + 1):
            if capability not in kept:
                prctl(_CAPBSET_DROP, capability, 0, 0, 0)
        prctl(_SET_KEEP, int(bool(kept)), 0, 0, 0)
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        if 0 in os.getresuid() or 0 in os.getresgid():
            raise OSError("root could not be left behind")
    prctl(_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = _Header(_CAPABILITY_VERSION, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable of the first 32 capabilities; of the others
    libc.capget(ctypes.byref(header), ctypes.byref(held))
    wanted = sum(1 << capability for capability in kept) & held[1]
    header = _Header(_CAPABILITY_VERSION, 0)
    libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)(wanted, wanted)))
    prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, resource.RLIM_INFINITY if files else 0),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            pass


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return entry.pw_uid, entry.pw_gid
