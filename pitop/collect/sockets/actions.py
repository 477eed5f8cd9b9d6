"""Closing a socket of any program, as `ss -K` does."""

from __future__ import annotations

from pitop.kernel.sockets.closes import close_socket
from pitop.kernel.sockets.diag import DiagAbsent
from pitop.kernel.sockets.namespaces import inside, namespaces
from pitop.model.actions import Outcome
from pitop.model.sockets import CloseSocket, Endpoint

__all__ = ["closable", "close"]


def close(action: CloseSocket) -> Outcome:
    """Have the kernel close the socket; the cookie makes sure that it is still the same one."""
    end = action.endpoint
    name = f"{end.protocol} {_at(end.local_address, end.local_port)} to {_at(end.remote_address, end.remote_port)}"
    try:
        if end.key[0]:
            place = next((each for each in namespaces()[0] if each.inode == end.key[0]), None)
            if place is None:
                return Outcome(False, f"{name}: its network namespace is gone.")
            inside(place.path, lambda: close_socket(end))
        else:
            close_socket(end)
    except FileNotFoundError:
        return Outcome(False, f"{name} is closed already.")
    except PermissionError:
        return Outcome(
            False,
            f"{name}: not permitted to close it.",
            "Closing sockets of others needs CAP_NET_ADMIN: run pitop as root.",
        )
    except DiagAbsent:
        return Outcome(
            False,
            f"{name}: this kernel cannot close sockets.",
            "It lacks CONFIG_INET_DIAG_DESTROY; signal its process instead.",
        )
    except ValueError as error:
        return Outcome(
            False, f"{name}: {error}.", "Only TCP and UDP sockets can be closed; signal its process instead."
        )
    return Outcome(True, f"Closed {name}.")


def _at(address: str | None, port: int | None) -> str:
    text = address or "*"
    host = f"[{text}]" if ":" in text else text
    return f"{host}:{port if port is not None else '*'}"


def closable(endpoint: Endpoint) -> bool:
    """Whether the kernel can be asked to close it."""
    return endpoint.cookie is not None and endpoint.transport in ("tcp", "udp", "udplite")
