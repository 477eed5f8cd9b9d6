"""The screen's side of helper processes: starts one, hands messages on."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Self

import msgspec

from pitop.collect.collector import Unavailable
from pitop.collect.packets.messages import Channel, Config, FromHelper, Problem

__all__ = ["CaptureClient", "Client"]

_CODE = """
import sys
sys.path[:0] = {path!r}
from pitop.__main__ import spare_typing_extensions
spare_typing_extensions()
from {module} import main
sys.exit(main())
"""


class Client:
    """One helper process and the channel to it; a context manager. `messages` gives what it says.

    The process runs `main` of `module` with the descriptor of its end as its first argument, then `arguments`. `what`
    names it in words that people read.
    """

    def __init__(self, module: str, arguments: tuple[str, ...], incoming: Any, what: str) -> None:
        self.what = what
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        path = [each for each in sys.path if each]
        self._errors = -1
        try:
            self._errors = os.memfd_create("pitop-helper", os.MFD_CLOEXEC)
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-c", _CODE.format(path=path, module=module), str(theirs.fileno()), *arguments],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            if self._errors >= 0:
                os.close(self._errors)
            raise
        finally:
            theirs.close()
        self.channel = Channel(ours, incoming)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The helper's process."""
        return self._process.pid

    def fileno(self) -> int:
        """Readable when the helper has said something."""
        return self.channel.fileno()

    def send(self, message: msgspec.Struct) -> None:
        """Tell the helper."""
        self.channel.send(message)

    def messages(self) -> list[Any]:
        """What it has said since. Raises Unavailable when it is no more."""
        try:
            said = self.channel.receive()
        except msgspec.DecodeError as error:
            self.close()
            raise Unavailable(f"{self.what} said what cannot be understood: {error}") from None
        rest = []
        for message in said:
            if isinstance(message, Problem):
                raise Unavailable(message.message, message.advice)
            rest.append(message)
        self.channel.flush()
        if self.channel.closed and not rest:
            raise Unavailable(f"{self.what} has ended: {self._last_words()}", "It can be started again.")
        return rest

    def waiting(self, seconds: float) -> bool:
        """Whether there is something within the time."""
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN | (select.POLLOUT if self.channel.waiting else 0))
        return bool(poll.poll(seconds * 1000))

    def _last_words(self) -> str:
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return "it does not answer"
        code = self._process.returncode
        size = os.fstat(self._errors).st_size
        words = os.pread(self._errors, 4096, max(0, size - 4096)).decode("utf-8", "backslashreplace").strip()
        last = words.splitlines()[-1] if words else ""
        how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        return f"{how}{', ' + last if last else ''}"

    def close(self) -> None:
        """End the helper; it has a third of a second, then it is killed."""
        self.channel.close()
        try:
            self._process.wait(0.3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._errors >= 0:
            os.close(self._errors)
            self._errors = -1


class CaptureClient(Client):
    """The capturing helper."""

    def __init__(self, config: Config) -> None:
        if config.path is not None:
            config = msgspec.structs.replace(config, path=os.path.abspath(config.path))
        self.config = config
        encoded = msgspec.json.encode(config).decode()
        super().__init__("pitop.collect.packets.helper", (encoded,), FromHelper, "the capturing helper")

    def stream(self, tick: float = 0.2) -> Iterator[Any]:
        """Messages as they come, and None after each `tick` without any."""
        while True:
            if not self.waiting(tick):
                yield None
                continue
            yield from self.messages()
