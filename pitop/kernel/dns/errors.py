"""What sockets and libraries raise, as the sentence that a person needs."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from pitop.model.dns.answer import Fault, Trouble
from pitop.model.dns.question import Server

__all__ = ["silence", "trouble_of"]

_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.ENODEV}


def trouble_of(
    error: Exception, server: Server, tries: int = 1, remarks: Sequence[str] = (), seconds: float = 0.0
) -> Trouble:
    """`error`, raised while talking to `server`, as trouble."""
    seen = tuple(remarks)
    if isinstance(error, TimeoutError):
        return Trouble(
            Fault.TIMEOUT,
            f"no answer from {server} within {seconds:.1f} s",
            "A firewall may drop it; try another @server or transport.",
            seen,
            tries,
            seconds,
        )
    if "ssl" in sys.modules:  # else this is not the time to import it
        words = _tls(error, server)
        if words is not None:
            return Trouble(Fault.TLS, *words, seen, tries, seconds)
    if isinstance(error, ConnectionRefusedError):
        return Trouble(
            Fault.REFUSED,
            f"{server} refuses the connection: nothing listens on that port",
            "Is the port right, is the service up?",
            seen,
            tries,
            seconds,
        )
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return Trouble(Fault.CLOSED, f"{server} closed the connection without an answer", "", seen, tries, seconds)
    if isinstance(error, OSError):
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        fault = Fault.UNREACHABLE if error.errno in _UNREACHABLE else Fault.CLOSED
        return Trouble(fault, f"{server} cannot be reached: {reason}", "", seen, tries, seconds)
    return Trouble(Fault.GARBAGE, f"the answer from {server} cannot be read: {error}", "", seen, tries, seconds)


def _tls(error: Exception, server: Server) -> tuple[str, str] | None:
    """What is wrong with TLS, and what helps; None where it is something else."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"{server} showed a certificate that is not valid: {error.verify_message}",
            "Name it with --certificate-name, trust its issuer with --authorities FILE, or use --no-verify.",
        )
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).replace("_", " ").lower()
        return f"TLS with {server} failed: {reason}", ""
    return None


def silence(server: Server, tries: int, remarks: Sequence[str], seconds: float) -> Trouble:
    """The trouble of a server that was asked over UDP and gave no answer; `remarks` are what came instead."""
    asked = f"asked {tries} times" if tries > 1 else "asked once"
    words = f"no answer from {server} within {seconds:.1f} s ({asked})"
    advice = "Is the address right, does a firewall drop it? Try --tcp, or another @server."
    return Trouble(Fault.TIMEOUT, "; ".join((words, *remarks[:1])), advice, tuple(remarks), tries, seconds)
