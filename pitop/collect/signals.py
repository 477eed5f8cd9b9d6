"""Performs SendSignal."""

from __future__ import annotations

import errno

from pitop.kernel.signals import send_signal
from pitop.model.signals import SendSignal, SignalOutcome

__all__ = ["perform"]


def perform(action: SendSignal) -> SignalOutcome:
    """Send, watch for half a second, and tell each target's answer. Blocks that long: not for an event loop."""
    try:
        return SignalOutcome.of(action.number, send_signal(action.targets, action.number))
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EPERM):
            message = f"Nothing was sent: this kernel has no pidfd ({error.strerror})."
            return SignalOutcome(False, message, "Linux 5.3 or newer is needed to hit no other process.")
        return SignalOutcome(False, f"Nothing was sent: {error.strerror}.")
