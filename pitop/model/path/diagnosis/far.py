"""The far end: the path to it, and its port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitop.model.path.diagnosis.step import Step

__all__ = ["path_step", "port_step"]


def path_step(
    address: str,
    hops: Sequence[tuple[str | None, float | None]],
    reached: bool,
    mark: str = "",
    gateway: Step | None = None,
) -> Step:
    """How far do probes get? `hops` are who answered at each, and when; `mark` is traceroute's word for a
    refusal, or `nobody` where this machine itself found nobody at that address.

    `gateway` is what was found of it: where nobody answers at all, and it neither, it is to blame.
    """
    tried = f"traced the way to {address}"
    heard = [(place, who, time) for place, (who, time) in enumerate(hops, 1) if who is not None]
    if reached:
        time = hops[-1][1] if hops else None
        return Step(name="path", outcome="ok", tried=tried, came=f"reached at hop {len(hops)}", time_ms=time)
    last = f"hop {heard[-1][0]} ({heard[-1][1]})" if heard else "this machine"
    if mark == "nobody":
        return Step(
            name="path",
            outcome="failed",
            tried=tried,
            came=f"nobody on the link answers for {address}",
            fault="host-dead",
            cause=f"{address} should be on the same link, but no machine there has this address: it is off or moved.",
            advice="Check that machine's power and cable, and the prefix length of this machine's own address.",
        )
    if mark:
        return Step(
            name="path",
            outcome="failed",
            tried=tried,
            came=f"{last} says {mark}",
            fault="path-refused",
            cause=_MARKS.get(mark, "A router on the way refuses to go on.") + f" It is {last}.",
            advice="Ask who runs that router; it is not this machine.",
        )
    if not heard and gateway is not None and gateway.fault in ("gateway-silent", "gateway-unproved"):
        return Step(
            name="path",
            outcome="failed",
            tried=tried,
            came="nobody answers, the gateway neither",
            fault="gateway-dead",
            cause="The gateway was there a moment ago, and has fallen silent: it is off or unplugged.",
            advice="Look at the router: power, cable to the switch, its own link lights.",
        )
    return Step(
        name="path",
        outcome="failed",
        tried=tried,
        came=f"nothing answers behind {last}",
        fault="path-ends",
        cause=f"Behind {last} the way is cut, the machine {address} is off, or a firewall drops the probes.",
        advice="Trace with --tcp to a port that should be open: pitop trace --tcp. Ask who runs the last hop.",
    )


_MARKS: Mapping[str, str] = {
    "!H": "A router cannot reach the machine: it is off, or nobody has its address.",
    "!N": "A router has no route further.",
    "!X": "A firewall forbids it, and says so.",
    "!A": "A firewall forbids it, and says so.",
    "!Z": "A firewall forbids it, and says so.",
}


def port_step(
    address: str, port: int, outcome: str, who: str | None, words: str, time_ms: float, path: Step | None
) -> Step:
    """Does the port take connections? `path` is what was found of the way before."""
    tried = f"connected to {address} port {port}"

    def failed(fault: str, cause: str, advice: str) -> Step:
        return Step(
            name="port",
            outcome="failed",
            tried=tried,
            came=words,
            time_ms=time_ms,
            fault=fault,
            cause=cause,
            advice=advice,
        )

    match outcome:
        case "open":
            return Step(name="port", outcome="ok", tried=tried, came="connected", time_ms=time_ms)
        case "closed":
            return failed(
                "port-closed",
                f"{address} is there, but nothing listens on port {port}.",
                "Start the service, or look at its own port there: pitop sockets --filter state=LISTEN.",
            )
        case "refused" if who is not None and who != address:
            return failed(
                "firewall-rejects", f"{who} refuses on the way: {words}.", f"Look at the rules and routes of {who}."
            )
        case "refused":
            return failed(
                "firewall-rejects", f"{address} itself refuses: {words}.", f"Open port {port} in its firewall."
            )
        case "silent" if path is not None and path.outcome == "ok":
            return failed(
                "firewall-drop",
                f"{address} answers probes, but not on port {port}: a firewall drops them without a word.",
                f"Open port {port} in the firewall of {address} or of a router before it; "
                f"pitop trace --tcp -p {port} {address} shows how far they get.",
            )
        case "silent":
            return failed(
                path.fault if path is not None and path.fault else "firewall-drop",
                path.cause if path is not None and path.cause else f"A firewall drops what goes to port {port}.",
                f"See how far it gets: pitop trace --tcp -p {port} {address}.",
            )
    return failed("local", f"This machine refuses: {words}.", f"See pitop network --route-to {address}.")
