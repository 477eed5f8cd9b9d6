"""The packet pane's side of a capture without a screen: follows the newest rows, moves about, times the answers."""

from __future__ import annotations

import sys
import time

from pitop.collect.packets.client import CaptureClient
from pitop.collect.packets.messages import Config, Look, Rows, Started, Status


def main() -> int:
    """Watch until interrupted; then say what was seen, in tcpdump's words, and how long answers took."""
    status = Status()
    serial, asked, pending = 0, 0.0, False
    answers: list[float] = []
    started = False
    client = CaptureClient(Config(interface="wire"))
    try:
        for message in client.stream(0.05):
            if isinstance(message, Started):
                started = True
            elif isinstance(message, Rows):
                status = message.status
                if pending and message.serial == serial:
                    answers.append(time.monotonic() - asked)
                    pending = False
            if started and not pending and time.monotonic() - asked > 0.25:
                serial += 1
                asked, pending = time.monotonic(), True
                client.send(Look(serial, 40, None if serial % 2 else max(0, status.next - status.first - 500)))
    except KeyboardInterrupt:
        pass
    finally:
        client.close()
    answers.sort()
    print(f"{status.captured} packets captured\n{status.dropped} packets dropped by kernel", file=sys.stderr)
    if answers:
        middle, worst = answers[len(answers) // 2], answers[-1]
        print(
            f"answers: median {middle * 1000:.0f} ms, worst {worst * 1000:.0f} ms of {len(answers)}; "
            f"evicted {status.evicted}, not indexed yet {status.lag}, never {status.skipped}",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
