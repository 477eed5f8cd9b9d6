"""What the C library says: getent(1), which can be told to ask one source of nsswitch.conf alone."""

from __future__ import annotations

import asyncio

__all__ = ["getent"]


async def getent(name: str, service: str | None = None, seconds: float = 10.0) -> tuple[str, ...] | None:
    """The addresses that getaddrinfo(3) gives for `name`, from one `service` or from all in their order.

    An empty tuple means that the name was not found there. None means that nobody could be asked: there is no
    getent, or it took longer than `seconds`.
    """
    chosen = ["-s", f"hosts:{service}"] if service is not None else []
    try:
        process = await asyncio.create_subprocess_exec(
            "getent",
            *chosen,
            "--",
            "ahosts",
            name,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    if process.returncode not in (0, 2):  # 2: not found (getent(1))
        return None
    lines = output.decode("utf-8", "backslashreplace").splitlines()
    return tuple(dict.fromkeys(line.split()[0] for line in lines if line.split()))
