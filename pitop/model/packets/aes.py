"""AES-128 in counter mode (FIPS 197, NIST SP 800-38D), as much of it as opening a QUIC connection's first packet takes.

It is no secret that is opened here: the key stands in the packet. Not for anything else.
"""

from __future__ import annotations

__all__ = ["decrypt_gcm", "encrypt_block", "expand_key"]


def _boxes() -> tuple[bytes, bytes]:
    """The substitution box and the table of doubling in GF(2⁸)."""
    double = bytes((x << 1 ^ (0x1B if x & 0x80 else 0)) & 0xFF for x in range(256))
    box = bytearray(256)
    p = q = 1
    while True:
        p = p ^ double[p]
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        q ^= 0x09 if q & 0x80 else 0
        x = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        box[p] = (x ^ 0x63) & 0xFF
        if p == 1:
            break
    box[0] = 0x63
    return bytes(box), double


_BOX, _DOUBLE = _boxes()
_SHIFTED = (0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11)


def expand_key(key: bytes) -> list[bytes]:
    """The eleven round keys of a key of 16 bytes."""
    words = [key[at : at + 4] for at in range(0, 16, 4)]
    constant = 1
    for number in range(4, 44):
        word = words[-1]
        if number % 4 == 0:
            word = bytes([_BOX[word[1]] ^ constant, _BOX[word[2]], _BOX[word[3]], _BOX[word[0]]])
            constant = _DOUBLE[constant]
        words.append(bytes(a ^ b for a, b in zip(word, words[-4], strict=True)))
    return [b"".join(words[at : at + 4]) for at in range(0, 44, 4)]


def encrypt_block(keys: list[bytes], block: bytes) -> bytes:
    """One block of 16 bytes."""
    state = bytes(a ^ b for a, b in zip(block, keys[0], strict=True))
    for number in range(1, 11):
        state = bytes(_BOX[state[place]] for place in _SHIFTED)
        if number < 10:
            mixed = bytearray()
            for at in range(0, 16, 4):
                a, b, c, d = state[at : at + 4]
                every = a ^ b ^ c ^ d
                mixed += bytes(
                    (
                        a ^ every ^ _DOUBLE[a ^ b],
                        b ^ every ^ _DOUBLE[b ^ c],
                        c ^ every ^ _DOUBLE[c ^ d],
                        d ^ every ^ _DOUBLE[d ^ a],
                    )
                )
            state = bytes(mixed)
        state = bytes(a ^ b for a, b in zip(state, keys[number], strict=True))
    return state


def decrypt_gcm(key: bytes, nonce: bytes, content: bytes) -> bytes:
    """The clear text of AES-128-GCM; its tag is not checked."""
    keys = expand_key(key)
    clear = bytearray()
    for number, at in enumerate(range(0, len(content), 16), 2):
        stream = encrypt_block(keys, nonce + number.to_bytes(4, "big"))
        clear += bytes(a ^ b for a, b in zip(content[at : at + 16], stream, strict=False))
    return bytes(clear)
