"""QUIC's first packet, by the examples of the standards."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from pitop.model.packets.aes import decrypt_gcm, encrypt_block, expand_key
from pitop.model.packets.quic import quic_server_name


def test_a_block_of_the_standard() -> None:
    """FIPS 197, appendix C.1."""
    key, clear = bytes(range(16)), bytes.fromhex("00112233445566778899aabbccddeeff")
    assert encrypt_block(expand_key(key), clear).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12), st.binary(max_size=200))
def test_counter_mode_is_that_of_others(key: bytes, nonce: bytes, clear: bytes) -> None:
    sealed = AESGCM(key).encrypt(nonce, clear, None)
    assert decrypt_gcm(key, nonce, sealed[:-16]) == clear


def hello(name: bytes) -> bytes:
    server = b"\0" + len(name).to_bytes(2, "big") + name
    extension = b"\0\0" + (len(server) + 2).to_bytes(2, "big") + len(server).to_bytes(2, "big") + server
    extensions = b"\0\x2b\0\3\2\3\4" + extension
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions
    return b"\1" + len(body).to_bytes(3, "big") + body


def expand(secret: bytes, label: bytes, size: int) -> bytes:
    name = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0\1"
    return hmac.digest(secret, info, hashlib.sha256)[:size]


def initial(frames: bytes, version: int = 1) -> bytes:
    """A client's Initial, sealed with another implementation of AES than the one that is tested."""
    salt, prefix = {
        1: (bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic"),
        0x6B3343CF: (bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2"),
    }[version]
    identity = bytes.fromhex("8394c8f03e515708")
    secret = expand(hmac.digest(salt, identity, hashlib.sha256), b"client in", 32)
    key, iv, protection = (
        expand(secret, prefix + end, size) for end, size in ((b" key", 16), (b" iv", 12), (b" hp", 16))
    )
    clear = frames.ljust(1162, b"\0")
    kind = 0xC3 if version == 1 else 0xD3
    head = bytes([kind]) + version.to_bytes(4, "big") + b"\x08" + identity + b"\0\0"
    head += (0x4000 | len(clear) + 16 + 4).to_bytes(2, "big") + b"\0\0\0\2"
    sealed = AESGCM(key).encrypt(bytes(a ^ b for a, b in zip(iv, bytes(11) + b"\2", strict=True)), clear, head)
    encryptor = Cipher(algorithms.AES(protection), modes.ECB()).encryptor()
    mask = encryptor.update(sealed[:16])
    first = bytes([head[0] ^ mask[0] & 0x0F])
    number = bytes(a ^ b for a, b in zip(head[-4:], mask[1:5], strict=True))
    return first + head[1:-4] + number + sealed


def frame(offset: int, data: bytes) -> bytes:
    return b"\6" + (0x4000 | offset).to_bytes(2, "big") + (0x4000 | len(data)).to_bytes(2, "big") + data


def test_the_server_name_is_found_in_both_versions() -> None:
    content = frame(0, hello(b"example.org"))
    assert quic_server_name(initial(content)) == "example.org"
    assert quic_server_name(initial(content, 0x6B3343CF)) == "example.org"


def test_a_hello_in_pieces_out_of_order_is_put_together() -> None:
    message = hello(b"pieces.example.org")
    content = frame(40, message[40:]) + b"\1" + bytes(3) + frame(0, message[:40])
    assert quic_server_name(initial(content)) == "pieces.example.org"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=1400), st.booleans())
def test_anything_else_has_none(data: bytes, long: bool) -> None:
    quic_server_name((b"\xc3\0\0\0\1\x08" + data) if long else data)
