"""Servers that answer late, never, wrongly or maliciously: a clear line for each, and nothing hangs."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import dns.edns
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from pitop.kernel.dns.exchange import exchange
from pitop.model.dns.answer import Fault, NoAnswer, Trouble
from pitop.model.dns.message import answer_of
from pitop.model.dns.question import Options, Query, Question, Server, Transport
from pitop.render.dns.dig import dig_lines

OPTIONS = Options(timeout=0.3, tries=1)  # where no answer is what is expected
PATIENT = Options(timeout=20.0, tries=1)
QUESTION = Question("www.example.")

Answering = Callable[[bytes], list[tuple[float, bytes]]]


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, answering: Answering, stranger: socket.socket | None = None) -> None:
        self._answering = answering
        self._stranger = stranger

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for delay, wire in self._answering(data):
            if self._stranger is not None:
                self._stranger.sendto(wire, addr)
            else:
                asyncio.get_running_loop().call_later(delay, self._send, wire, addr)

    def _send(self, wire: bytes, addr: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(wire, addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def udp(answering: Answering, stranger: socket.socket | None = None):  # type: ignore[no-untyped-def]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Answers(answering, stranger), local_addr=("127.0.0.1", 0)
    )
    try:
        yield Server("127.0.0.1", transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


@asynccontextmanager
async def tcp(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]):  # type: ignore[no-untyped-def]
    talks: list[asyncio.Task[None]] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield Server("127.0.0.1", server.sockets[0].getsockname()[1], Transport.TCP)
    finally:
        server.close()
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


def answer(query: bytes, *records: str, **changes: int) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query))
    for text in records:
        name, kind, data = text.split(" ", 2)
        message.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
    for key, value in changes.items():
        setattr(message, key, value)
    return message.to_wire(max_size=65535)


async def trouble(server: Server, options: Options = OPTIONS) -> Trouble:
    with pytest.raises(NoAnswer) as error:
        await exchange(Query(QUESTION, server, options))
    return error.value.trouble


async def test_silence() -> None:
    async with udp(lambda query: []) as server:
        found = await trouble(server, Options(timeout=0.05, tries=3))
    assert found.fault is Fault.TIMEOUT
    assert "asked 3 times" in found.message
    assert found.advice


async def test_late_answer_to_the_first_try_is_taken() -> None:
    seen: list[bytes] = []

    def answering(query: bytes) -> list[tuple[float, bytes]]:
        seen.append(query)
        return [(0.15, answer(query, "www.example. A 192.0.2.1"))] if len(seen) == 1 else []

    async with udp(answering) as server:
        reply = await exchange(Query(QUESTION, server, Options(timeout=0.1, tries=3)))
    assert reply.timing.query_ms >= 140
    assert reply.tries == 2
    assert "came late" in " ".join(reply.remarks)


async def test_answer_after_all_tries_is_too_late() -> None:
    async with udp(lambda query: [(0.4, answer(query, "www.example. A 192.0.2.1"))]) as server:
        found = await trouble(server, Options(timeout=0.1, tries=1))
    assert found.fault is Fault.TIMEOUT


async def test_wrong_id_is_passed_over_and_told() -> None:
    def answering(query: bytes) -> list[tuple[float, bytes]]:
        wrong = int.from_bytes(query[:2], "big") ^ 0xFFFF
        return [(0, wrong.to_bytes(2, "big") + answer(query, "www.example. A 6.6.6.6")[2:])]

    async with udp(answering) as server:
        found = await trouble(server)
    assert found.fault is Fault.TIMEOUT
    assert "wrong id" in found.message


async def test_wrong_id_before_the_right_one() -> None:
    def answering(query: bytes) -> list[tuple[float, bytes]]:
        right = answer(query, "www.example. A 192.0.2.1")
        return [(0, b"\x00\x00" + right[2:]), (0.02, right)]

    async with udp(answering) as server:
        found = answer_of(await exchange(Query(QUESTION, server, PATIENT)))
    assert [record.data for record in found.records] == ["192.0.2.1"]
    assert "wrong id 0" in found.remarks[0]


async def test_answer_from_another_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        async with udp(lambda query: [(0, answer(query, "www.example. A 6.6.6.6"))], stranger) as server:
            found = await trouble(server)
    assert found.fault is Fault.TIMEOUT
    assert "127.0.0.2#" in found.message
    assert "was not asked" in found.message


async def test_answer_to_another_question() -> None:
    def answering(query: bytes) -> list[tuple[float, bytes]]:
        other = dns.message.make_query("other.example.", "A", id=int.from_bytes(query[:2], "big"))
        return [(0, dns.message.make_response(other).to_wire())]

    async with udp(answering) as server:
        assert "another question" in (await trouble(server)).message


GARBAGE = {
    "short": (b"\x80\x00\x00", "shorter than a header"),
    "loop": (
        bytes.fromhex("8180000100010000000003777777076578616d706c650000010001c01d000100010000003c0004c0000201"),
        "pointer",
    ),
    "forward": (bytes.fromhex("8180000100010000000003777777076578616d706c650000010001c0ff00010001"), "pointer"),
    "label": (bytes.fromhex("8180000100010000000003777777076578616d706c65000001000180"), "label"),
    "cut": (bytes.fromhex("8180000100010000000003777777076578616d706c650000010001c00c000100010000003c000400"), ""),
    "counts": (bytes.fromhex("8180ffffffffffffffff"), ""),
}


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_is_told(kind: str) -> None:
    wire, words = GARBAGE[kind]
    async with udp(lambda query: [(0, query[:2] + wire)]) as server:
        found = await trouble(server, PATIENT)
    assert found.fault is Fault.GARBAGE
    assert words in found.message


async def test_flood_of_garbage_ends_at_the_deadline() -> None:
    stop = threading.Event()

    def flood() -> None:
        _, addr = flooder.recvfrom(4096)
        while not stop.is_set():
            flooder.sendto(b"\x00" * 40, addr)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooder:
        flooder.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        threading.Timer(5.0, stop.set).start()  # so that a wait without end fails, and does not hang
        try:
            found = await trouble(Server("127.0.0.1", flooder.getsockname()[1]))
            ended_itself = not stop.is_set()
        finally:
            stop.set()
            thread.join(5)
    assert found.fault is Fault.TIMEOUT
    assert ended_itself
    assert 1 <= len(found.remarks) <= 8


async def test_closed_port_shows_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    found = await trouble(Server("127.0.0.1", port), Options(timeout=30.0))
    assert found.fault is Fault.REFUSED


async def test_64_kib_of_records_over_tcp() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        message = dns.message.make_response(dns.message.from_wire(query))
        addresses = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(4000)]
        message.answer.append(dns.rrset.from_text_list("www.example.", 60, "IN", "A", addresses))
        wire = message.to_wire(max_size=65535)
        assert len(wire) > 64000
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()

    async with tcp(talk) as server:
        found = answer_of(await exchange(Query(QUESTION, server, PATIENT)))
    assert len(found.records) == 4000


async def test_tcp_that_closes_or_stops_midway() -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2)

    async def halves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2)
        writer.write(b"\x02\x00abc")
        await writer.drain()

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xff")
        for _ in range(100):
            writer.write(b"a")
            await asyncio.sleep(0.02)

    async with tcp(closes) as server:
        assert (await trouble(server, PATIENT)).fault is Fault.CLOSED
    async with tcp(halves) as server:
        assert "3 bytes into the answer" in (await trouble(server, PATIENT)).message
    async with tcp(drips) as server:
        assert (await trouble(server)).fault is Fault.TIMEOUT


async def test_tcp_answers_with_the_wrong_id_end() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        wrong = int.from_bytes(query[:2], "big") ^ 0xFFFF
        wire = wrong.to_bytes(2, "big") + answer(query, "www.example. A 6.6.6.6")[2:]
        while True:
            writer.write(len(wire).to_bytes(2, "big") + wire)
            await writer.drain()

    async with tcp(talk) as server:
        found = await trouble(server, PATIENT)
    assert found.fault is Fault.GARBAGE
    assert "none to this question" in found.message


async def test_truncated_without_tcp_says_both() -> None:
    def answering(query: bytes) -> list[tuple[float, bytes]]:
        return [(0, answer(query, flags=0x8380))]

    async with udp(answering) as server:
        found = await trouble(server, PATIENT)
    assert found.fault is Fault.REFUSED
    assert "truncated" in found.message


async def test_server_that_wants_its_own_cookie_gets_it() -> None:
    def answering(query: bytes) -> list[tuple[float, bytes]]:
        asked = dns.message.from_wire(query)
        cookie = next(each for each in asked.options if isinstance(each, dns.edns.CookieOption))
        response = dns.message.make_response(asked)
        response.use_edns(0, options=[dns.edns.CookieOption(cookie.client, b"S" * 16)])
        if cookie.server == b"S" * 16:
            response.answer.append(dns.rrset.from_text("www.example.", 60, "IN", "A", "192.0.2.1"))
        else:
            response.set_rcode(dns.rcode.BADCOOKIE)
        return [(0, response.to_wire())]

    async with udp(answering) as server:
        found = answer_of(await exchange(Query(QUESTION, server, PATIENT)))
    assert [each.data for each in found.records] == ["192.0.2.1"]
    assert found.tries == 2
    assert "its own cookie" in found.remarks[0]


async def test_tls_that_is_no_tls() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read(100)

    async with tcp(talk) as server:
        found = await trouble(Server(server.host, server.port, Transport.TLS), PATIENT)
    assert found.fault is Fault.TLS


async def test_escape_bytes_never_reach_the_terminal_raw() -> None:
    def answering(query: bytes) -> list[tuple[float, bytes]]:
        wire = answer(query)
        text = b"\x1b]0;owned\x07\x9b31m\xe2\x80\xae"
        record = b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 60, len(text) + 1) + bytes([len(text)]) + text
        return [(0, wire[:6] + b"\x00\x01" + wire[8:12] + query[12:30] + record)]

    async with udp(answering) as server:
        found = answer_of(
            await exchange(Query(Question("www.example."), server, Options(timeout=20.0, payload_bytes=None)))
        )
    shown = "\n".join(dig_lines(found))
    assert "owned" in shown
    assert all(character.isprintable() or character in "\n\t" for character in shown)


async def test_cancelling_closes_the_socket() -> None:
    async with udp(lambda query: []) as server:
        task = asyncio.create_task(exchange(Query(QUESTION, server, Options(timeout=60.0))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_transfer_that_never_ends_or_is_cut() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        wire = answer(query, "www.example. SOA . . 1 1 1 1 1", "www.example. A 192.0.2.1")
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()

    async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        wire = answer(query, "www.example. A 192.0.2.1")
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()

    question = Question("www.example.", "AXFR")
    async with tcp(cut) as server:
        with pytest.raises(NoAnswer) as error:
            await exchange(Query(question, server, PATIENT))
    assert error.value.trouble.fault is Fault.TRANSFER
    async with tcp(wrong) as server:
        with pytest.raises(NoAnswer) as error:
            await exchange(Query(question, server, PATIENT))
    assert "does not begin with SOA" in error.value.trouble.message


async def test_incremental_transfer_is_read_to_its_end() -> None:
    def soa(serial: int) -> str:
        return f"www.example. SOA . . {serial} 1 1 1 1"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        changes = [soa(3), soa(1), "www.example. A 192.0.2.1", soa(3), "www.example. A 192.0.2.3"]
        for records in (changes, [soa(3)]):
            wire = answer(query, *records)
            writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        await reader.read(1)

    async with tcp(talk) as server:
        reply = await exchange(Query(Question("www.example.", "IXFR"), server, Options(timeout=20.0, serial=1)))
    assert [each.data.split()[2] for each in answer_of(reply).records if each.type == "SOA"] == ["3", "1", "3", "3"]
    assert len(answer_of(reply).records) == 6


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_ipv6(transport: Transport) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as held:
        held.bind(("::1", 0))
        port = held.getsockname()[1]
    found = await trouble(Server("::1", port, transport), PATIENT)
    assert found.fault is Fault.REFUSED
    assert f"::1#{port}" in found.message


async def test_address_with_an_interface_that_is_not_there() -> None:
    found = await trouble(Server("fe80::1%nosuch0"), PATIENT)
    assert found.fault in (Fault.UNREACHABLE, Fault.CLOSED)
