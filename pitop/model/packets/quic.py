"""The first packet of a QUIC connection, which anybody on the way can open (RFC 9001, 5): its TLS hello."""

from __future__ import annotations

import hashlib
import hmac

from pitop.model.packets.aes import decrypt_gcm, encrypt_block, expand_key
from pitop.model.packets.spoken import client_hello_name

__all__ = ["quic_server_name"]

_SALTS = {
    0x00000001: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    0x6B3343CF: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
}
_LABELS = {0x00000001: ("quic key", "quic iv", "quic hp"), 0x6B3343CF: ("quicv2 key", "quicv2 iv", "quicv2 hp")}
_INITIAL = {0x00000001: 0, 0x6B3343CF: 1}  # the packet type of an Initial in each version
_MOST = 1500  # bytes of one packet that are looked at


def quic_server_name(payload: bytes) -> str | None:
    """The server that the client's first packet names; None for any other packet, and where the name is further on."""
    try:
        crypto = _crypto(payload[:_MOST])
    except (IndexError, ValueError):
        return None
    return None if crypto is None else client_hello_name(crypto)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length number and where it ends. Raises IndexError."""
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size


def _expand(secret: bytes, label: str, size: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446, 7.1)."""
    name = b"tls13 " + label.encode()
    info = size.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0"
    return hmac.digest(secret, info + b"\x01", hashlib.sha256)[:size]


def _crypto(packet: bytes) -> bytes | None:
    """The beginning of the TLS handshake in an Initial packet of a client."""
    if len(packet) < 60 or packet[0] & 0xC0 != 0xC0:
        return None
    version = int.from_bytes(packet[1:5], "big")
    if version not in _SALTS or packet[0] >> 4 & 0x03 != _INITIAL[version]:
        return None
    at = 6 + packet[5]
    identity = packet[6:at]
    at += 1 + packet[at]
    token, at = _number(packet, at)
    length, at = _number(packet, at + token)
    if at + length > len(packet) or length < 24:
        return None
    initial = hmac.digest(_SALTS[version], identity, hashlib.sha256)
    secret = _expand(initial, "client in", 32)
    key_label, iv_label, protection_label = _LABELS[version]
    key, iv = _expand(secret, key_label, 16), _expand(secret, iv_label, 12)
    mask = encrypt_block(expand_key(_expand(secret, protection_label, 16)), packet[at + 4 : at + 20])
    first = packet[0] ^ mask[0] & 0x0F
    size = (first & 0x03) + 1
    number = bytes(a ^ b for a, b in zip(packet[at : at + size], mask[1:], strict=False))
    nonce = bytes(a ^ b for a, b in zip(iv, number.rjust(12, b"\0"), strict=True))
    clear = decrypt_gcm(key, nonce, packet[at + size : at + length - 16])
    return _first_crypto(clear)


def _first_crypto(frames: bytes) -> bytes | None:
    """The CRYPTO frames of the handshake put together from its beginning, as far as they are here."""
    pieces: dict[int, bytes] = {}
    at = 0
    while at < len(frames):
        kind = frames[at]
        if kind in (0, 1):  # padding, ping
            at += 1
            continue
        if kind != 6:
            break
        offset, at = _number(frames, at + 1)
        size, at = _number(frames, at)
        pieces[offset] = frames[at : at + size]
        at += size
    found = b""
    while len(found) in pieces and pieces[len(found)]:
        found += pieces.pop(len(found))
    return found or None
