"""`pitop packets`: what goes over the wire, as `tcpdump -n` prints it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

from pitop.cli.numbers import whole
from pitop.cli.options import add_scope, checked_scope
from pitop.collect.collector import Unavailable
from pitop.model.filter import FilterError, compile_filter
from pitop.model.packets.row import Row
from pitop.model.packets.scoping import narrowed, scope_expression

__all__ = ["run"]

_DESCRIPTION = """Print packets as tcpdump -n does: from the network, or with -r from a pcap or pcapng file (gzip
and zstd too). FILTER is in pcap-filter(7)'s language and drops packets before they are seen; --filter is in pitop's
own, over fields such as port, process, tcp.flags or dns.name."""


def run(arguments: Sequence[str]) -> int:
    """Run with the words after `packets`; gives the exit status."""
    parser = _parser()
    said = parser.parse_args(arguments)
    expression = " ".join(said.expression)
    scope = checked_scope(parser, said.scope)
    if scope is not None and scope_expression(scope) is None:
        print(f"pitop: a scope of {scope.kind.value}: means nothing here; all are shown", file=sys.stderr)
    try:
        keep = _display_filter(said.filter)
    except FilterError as error:
        print(f"pitop packets: {error.message}\n  {said.filter}\n  {error.caret()}", file=sys.stderr)
        return 2
    if said.write == "-" and (said.file_size is not None or said.file_seconds is not None):
        parser.error("-C and -G begin new files, and standard output (-w -) is none")
    said.filter = narrowed(said.filter, scope)
    keep = _display_filter(said.filter)
    if said.read is None:
        from pitop.cli.packets.live import live

        return live(said, expression, said.filter)
    return _recorded(said, expression, keep)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("pitop packets", description=_DESCRIPTION)
    add = parser.add_argument
    add("-i", "--interface", metavar="IFACE", default="any", help="capture on this one; all by default")
    add("-r", "--read", metavar="FILE", help="read packets from a file, - for standard input")
    add("-w", "--write", metavar="FILE", help="write packets to a file (.pcapng keeps process names)")
    add("-c", "--count", metavar="N", type=whole(1), help="end after N packets")
    add("-s", "--snapshot-length", metavar="BYTES", type=whole(1), default=262144, help="bytes to keep")
    add("-C", "--file-size", metavar="MB", type=whole(1), help="with -w, begin a new file at this size")
    add("-G", "--file-seconds", metavar="S", type=whole(1), help="with -w, begin a new file every S")
    add("-W", "--files", metavar="N", type=whole(1), help="with -C or -G, keep the last N files")
    add("-p", "--no-promiscuous", action="store_true", help="leave the interface as it is (the default)")
    add("-n", action="store_true", help="no names; always so, for the fingers' sake")
    add("-l", action="store_true", help="flush after each line; always so on a terminal")
    add("--filter", metavar="EXPR", default="", help="show only packets for which this holds")
    add_scope(parser)
    add("--with-own-session", action="store_true", help="do not leave out pitop's own SSH connection")
    add("--json", action="store_true", help="print JSON instead of lines")
    add("expression", metavar="FILTER", nargs="*", help="capture filter, such as: port 53 or icmp")
    return parser


def _display_filter(text: str) -> Callable[[Row], bool] | None:
    if not text.strip():
        return None
    from pitop.render.packets import MAIN, OPERANDS

    return compile_filter(text, OPERANDS, MAIN)


def _recorded(said: argparse.Namespace, expression: str, keep: Callable[[Row], bool] | None) -> int:
    from pitop.collect.packets.recorded import bare_rows_of, filter_frames, frames_of, leave_root, opened, rows_of

    try:
        raw = opened(said.read)
    except Unavailable as error:
        print(f"pitop packets: {error}", file=sys.stderr)
        return 1
    if said.write is None:  # a copy is not decoded, and is written where its owner may write
        # All that decodes and prints is imported above and here: nobody may not be allowed to read our own files.
        from pitop.cli.packets import documents  # noqa: F401
        from pitop.model.packets import dissection  # noqa: F401
        from pitop.render import packets  # noqa: F401

        leave_root()
    frames = frames_of(said.read, raw)
    if expression:
        frames = filter_frames(frames, expression)
    plain = keep is None and not said.json
    rows = _first(bare_rows_of(frames) if plain else rows_of(frames, keep), said.count)
    try:
        if said.write is not None:
            return _copied(said, rows)
        if said.json:
            from pitop.cli.packets.documents import one_document

            return one_document(rows, said.read)
        return _lines(rows)
    except Unavailable as error:
        sys.stdout.flush()
        print(f"pitop packets: {error}", file=sys.stderr)
        return 1


def _first(rows: Iterator[Row], count: int | None) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        yield row
        if number == count:
            return


def _lines(rows: Iterator[Row]) -> int:
    from pitop.model.packets.dissection import SequenceBook
    from pitop.render.packets import packet_text

    book = SequenceBook()
    write = sys.stdout.write
    for row in rows:
        write(packet_text(row, book) + "\n")
    sys.stdout.flush()
    return 0


def _copied(said: argparse.Namespace, rows: Iterator[Row]) -> int:
    """Write what was read and chosen into another file, in another format or compression where its name says so."""
    from pitop.kernel.packets.writer import CaptureWriter

    writer: CaptureWriter | None = None
    try:
        for row in rows:
            if writer is None:
                writer = CaptureWriter(said.write, row.frame.link, said.snapshot_length)
            writer.write(row.frame)
        if writer is None:
            writer = CaptureWriter(said.write, 1, said.snapshot_length)
        writer.close()
    except OSError as error:
        raise Unavailable(f"{said.write}: {error.strerror or error}") from None
    return 0
