"""Stamp codes: what a stamp's QR symbol says and what a person can type.

A code is 16 characters of Crockford's base32, printed in four groups of four:

    8 characters   a 40-bit serial, permuted under the epoch's key
    7 characters   a 35-bit keyed tag over it
    1 character    a check character over GF(32), which needs no key

No table of codes exists. An order is a range of serials, and everything printed follows from (epoch,
serial):

- The serial is permuted by a ten-round Feistel network over two halves of 20 bits whose round function is
  AES, so that neighbours on a roll share no prefix and nobody can count what was issued by looking at two
  stamps.
- The tag is the first 35 bits of AES over the *permuted* serial, under a second key. The permutation is a
  bijection, so this is a tag over the serial; taking it over the printed form lets a reader test all
  epochs with one AES block each, and undo the permutation once.
- The keys are drawn by HKDF-SHA256 from the epoch's 32-byte secret with the epoch's number in the `info`,
  so the same secret under another number gives unrelated codes.
- The check character makes the sum of x_i * a^(15-i) over the 16 character values zero in GF(32) = GF(2)[a]
  modulo a^5 + a^2 + 1 (the number 37; a is primitive). The sixteen weights are distinct and never zero, so
  every wrong character, every exchange of two characters (neighbours or not) and every pair of equal errors
  is noticed. In a loop: c = 0; for each of the 15 values: c = (c XOR value) * a. The static file
  code_check.js does it so.

A code that reads well proves that it was issued. It never proves that the thing it sticks to is genuine.
"""

import re
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
SERIALS = 1 << 40
"""Serials of one epoch run from 0 to SERIALS - 1."""

GF32_POLYNOMIAL = 0b100101
"""a^5 + a^2 + 1, the reduction polynomial of the check character's field."""

MOST_EPOCHS = 32
"""Beyond so many epochs with codes no key is changed any more: each costs every reader an AES block, and a guesser
gains a chance. Reading knows no limit: an epoch that a restore has begun must never make older stamps unreadable."""

_SALT = b"traceability stamp codes v1"
_ROUNDS = 10
_HALF = 20
_HALF_MASK = (1 << _HALF) - 1
_TAG_BITS = 35
_TAG_MASK = (1 << _TAG_BITS) - 1
_FORTH = tuple(range(_ROUNDS))
_BACK = _FORTH[::-1]
_BLOCK = struct.Struct("<4I")
_first_word = struct.Struct("<I12x").unpack
_TIMES_A = tuple((v << 1) ^ (GF32_POLYNOMIAL if v & 16 else 0) for v in range(32))
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_CANONICAL = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
# Python's int(text, 32) counts 0-9A-V: one translation turns a code into its 80-bit number.
_TO_PYTHON_DIGITS = str.maketrans(ALPHABET, "0123456789ABCDEFGHIJKLMNOPQRSTUV")
_FOLD = str.maketrans(
    {
        **{lower: lower.upper() for lower in "abcdefghijklmnopqrstuvwxyz"},
        "o": "0",
        "O": "0",
        "i": "1",
        "I": "1",
        "l": "1",
        "L": "1",
        " ": None,
        "-": None,
    }
)
_LOOKALIKE = frozenset("2Z5S8B6GVY0DQ")
_LONGEST_TYPED = 64


class Flaw(StrEnum):
    """Why a typed text cannot be a stamp code."""

    EMPTY = "empty"
    CHARACTERS = "characters"
    LENGTH = "length"
    CHECK = "check"


@dataclass(frozen=True)
class Problem:
    """What is wrong with a typed code; it points, and never proposes a corrected code.

    `positions` index the text as it was typed, counted from 0: for CHARACTERS those that occur in no code,
    for CHECK those that are easily taken for another (worth comparing with the stamp). `found` is the number
    of code characters that were typed, `expected` the number that a code has.
    """

    flaw: Flaw
    positions: tuple[int, ...] = ()
    found: int = 0
    expected: int = LENGTH


class EpochKey:
    """The AES keys of one epoch, ready for use in any thread. Make it with `from_secret`.

    `pin_key` draws the PINs under scratch panels (`stamp_pins`); no code says anything about it.
    """

    __slots__ = ("_ciphers", "_permute_key", "_tag_key", "epoch_id", "pin_key")

    def __init__(self, epoch_id: int, permute_key: bytes, tag_key: bytes, pin_key: bytes) -> None:
        self.epoch_id = epoch_id
        self._permute_key = permute_key
        self._tag_key = tag_key
        self.pin_key = pin_key
        # A cipher refuses to be used by two threads at once, so each thread gets its own.
        self._ciphers = threading.local()

    @classmethod
    def from_secret(cls, epoch_id: int, secret: bytes) -> "EpochKey":
        """Derive the keys of epoch `epoch_id` (0 to 2^64 - 1) from its 32-byte secret by HKDF-SHA256 (RFC 5869).

        Raises ValueError for another length of secret or an epoch number out of range.
        """
        if len(secret) != 32:
            raise ValueError("an epoch secret has 32 bytes")
        if not 0 <= epoch_id < 1 << 64:
            raise ValueError("an epoch number has 64 bits")
        info = b"epoch " + epoch_id.to_bytes(8, "big")
        # HKDF's output is one stream: asking for more leaves the first keys as they were.
        keys = HKDF(algorithm=SHA256(), length=48, salt=_SALT, info=info).derive(secret)
        return cls(epoch_id, keys[:16], keys[16:32], keys[32:])

    def __repr__(self) -> str:
        # Never the keys: this line may reach a log.
        return f"EpochKey(epoch_id={self.epoch_id})"

    @property
    def permute(self) -> CipherContext:
        """This thread's cipher of the permutation's rounds."""
        try:
            cipher: CipherContext = self._ciphers.permute
        except AttributeError:
            cipher = self._ciphers.permute = _aes(self._permute_key)
        return cipher

    @property
    def tag(self) -> CipherContext:
        """This thread's cipher of the tag."""
        try:
            cipher: CipherContext = self._ciphers.tag
        except AttributeError:
            cipher = self._ciphers.tag = _aes(self._tag_key)
        return cipher


def _aes(key: bytes) -> CipherContext:
    # ECB over independent one-block messages is AES as a pseudo-random function; nothing longer is ever
    # enciphered.
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()


def mint(key: EpochKey, serial: int) -> str:
    """The code of one serial (0 <= serial < 2^40) in the epoch of `key`, ungrouped. Raises ValueError out
    of range."""
    if not 0 <= serial < SERIALS:
        raise ValueError("a serial has 40 bits")
    hidden = _permuted(key, serial)
    number = hidden << _TAG_BITS | _tag(key, hidden)
    body = "".join([ALPHABET[number >> shift & 31] for shift in range(70, -1, -5)])
    return body + check_character(body)


def mint_range(key: EpochKey, first: int, count: int) -> npt.NDArray[np.uint8]:
    """The codes of serials first to first + count - 1 as ASCII, shape (count, 16): `mint` for a whole
    order.

    One core derives several million a second. Memory is some 200 bytes a code: ask for an order in pieces.
    Raises ValueError when a serial would be out of range.
    """
    if count < 0 or not 0 <= first <= SERIALS - count:
        raise ValueError("a serial has 40 bits")
    codes = np.empty((count, LENGTH), dtype=np.uint8)
    for start in range(0, count, _PIECE):
        stop = min(start + _PIECE, count)
        _mint_piece(key, first + start, codes[start:stop])
    return codes


def read(keys: Iterable[EpochKey], text: str) -> tuple[int, int] | None:
    """The (epoch, serial) that a code stands for, or None when no live epoch issued it.

    Accepts what `normalise` accepts. Every key is tried whatever the first ones say, tags are compared in
    constant time and the permutation is undone once even for a forgery, so the time taken does not tell how
    near a guess came. Text that fails the keyless check is refused at once: the check character is no
    secret. Raises ValueError for no keys.
    """
    live = tuple(keys)
    if not live:
        raise ValueError("at least one epoch is live")
    code = normalise(text)
    if isinstance(code, Problem):
        return None
    number = int(code.translate(_TO_PYTHON_DIGITS), 32) >> 5
    hidden = number >> _TAG_BITS
    claimed = (number & _TAG_MASK).to_bytes(5, "big")
    issuer = live[0]
    issued = False
    for key in live:
        if compare_digest(_tag(key, hidden).to_bytes(5, "big"), claimed):
            issuer, issued = key, True
    serial = _unpermuted(issuer, hidden)
    return (issuer.epoch_id, serial) if issued else None


def normalise(text: str) -> str | Problem:
    """The 16-character code in `text`, or what is wrong with it.

    Folds ASCII case, drops spaces and hyphens, takes O for 0 and I or L for 1. Everything else is refused,
    digits of other scripts too. A code whose check character fails is a Problem and is never corrected.
    """
    folded = text
    if not _CANONICAL.fullmatch(text):  # as it is printed, and as a camera sends it, there is nothing to fold
        folded = text.translate(_FOLD) if len(text) <= _LONGEST_TYPED else ""
        if not _CANONICAL.fullmatch(folded):
            return _why_not(text)
    if check_character(folded[:-1]) != folded[-1]:
        doubtful = tuple(i for i, typed in enumerate(text) if typed.translate(_FOLD) in _LOOKALIKE)
        return Problem(Flaw.CHECK, doubtful, LENGTH)
    return folded


def _why_not(text: str) -> Problem:
    typed = [(i, c) for i, c in enumerate(text[:_LONGEST_TYPED]) if c not in " -"]
    wrong = tuple(i for i, c in typed if c.translate(_FOLD) not in _VALUE)
    if wrong:
        return Problem(Flaw.CHARACTERS, wrong, len(typed))
    found = len(typed) + max(0, len(text) - _LONGEST_TYPED)
    return Problem(Flaw.LENGTH if found else Flaw.EMPTY, (), found)


def group(code: str) -> str:
    """The code as it is printed and read out: XXXX-XXXX-XXXX-XXXX."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def check_character(body: str) -> str:
    """The sixteenth character for fifteen canonical ones. Raises KeyError for a character outside the
    alphabet."""
    check = 0
    for character in body:
        check = _TIMES_A[check ^ _VALUE[character]]
    return ALPHABET[check]


def _tag(key: EpochKey, hidden: int) -> int:
    block = key.tag.update(_BLOCK.pack(hidden & 0xFFFFFFFF, hidden >> 32, 0, 0))
    return int.from_bytes(block[:8], "little") & _TAG_MASK


def _permuted(key: EpochKey, serial: int) -> int:
    encipher, block = key.permute.update, _BLOCK.pack
    left, right = serial >> _HALF, serial & _HALF_MASK
    for number in _FORTH:
        left, right = right, left ^ _first_word(encipher(block(right, number, 0, 0)))[0] & _HALF_MASK
    return left << _HALF | right


def _unpermuted(key: EpochKey, hidden: int) -> int:
    # for every scan: written out, without a function for the round
    encipher, block = key.permute.update, _BLOCK.pack
    left, right = hidden >> _HALF, hidden & _HALF_MASK
    for number in _BACK:
        left, right = right ^ _first_word(encipher(block(left, number, 0, 0)))[0] & _HALF_MASK, left
    return left << _HALF | right


# --- the bulk path: the same sums over a piece of an order that stays in the processor's cache
# ---------------

_PIECE = 4096


def _pair_table() -> npt.NDArray[np.uint16]:
    """ASCII of two characters for each 10-bit number, as a little or big endian word of this machine."""
    ascii_codes = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    number = np.arange(1024)
    pairs = np.stack([ascii_codes[number >> 5], ascii_codes[number & 31]], axis=1)
    return np.ascontiguousarray(pairs).view(np.uint16).reshape(1024)


def _check_tables() -> npt.NDArray[np.uint8]:
    """Share of each pair of characters in the check character: shape (8, 1024); the last row takes one
    character."""
    weights = [1]
    for _ in range(LENGTH - 1):
        weights.append(_TIMES_A[weights[-1]])
    weights.reverse()
    product = np.zeros((32, 32), dtype=np.uint8)
    for a in range(32):
        for b in range(32):
            shifted, value = a, 0
            for bit in range(5):
                value ^= shifted if b >> bit & 1 else 0
                shifted = _TIMES_A[shifted]
            product[a, b] = value
    number = np.arange(1024)
    rows = [product[weights[2 * p], number >> 5] ^ product[weights[2 * p + 1], number & 31] for p in range(7)]
    rows.append(product[weights[14], number >> 5])
    return np.stack(rows)


_PAIRS = _pair_table()
_CHECKS = _check_tables()


def _mint_piece(key: EpochKey, first: int, codes: npt.NDArray[np.uint8]) -> None:
    """Write the codes of len(codes) <= _PIECE serials from `first` on into `codes`."""
    count = len(codes)
    question = bytearray(count * 16)
    blocks = np.frombuffer(question, dtype="<u4").reshape(count, 4)
    # update_into asks for up to one block more than it writes.
    answer = bytearray(count * 16 + 15)
    words = np.frombuffer(answer, dtype="<u4", count=count * 4).reshape(count, 4)
    serial = np.arange(first, first + count, dtype=np.uint64)
    left = (serial >> np.uint64(_HALF)).astype(np.uint32)
    right = (serial & np.uint64(_HALF_MASK)).astype(np.uint32)
    for number in range(_ROUNDS):
        blocks[:, 0] = right
        blocks[:, 1] = number
        key.permute.update_into(question, answer)
        left, right = right, left ^ (words[:, 0] & np.uint32(_HALF_MASK))
    hidden = left.astype(np.uint64) << np.uint64(_HALF) | right
    blocks[:, 0] = hidden & np.uint64(0xFFFFFFFF)
    blocks[:, 1] = hidden >> np.uint64(32)
    key.tag.update_into(question, answer)
    tag = words[:, 0].astype(np.uint64) | words[:, 1].astype(np.uint64) << np.uint64(32)
    tag &= np.uint64(_TAG_MASK)

    pairs = np.empty((count, 8), dtype=np.uint16)
    check = np.zeros(count, dtype=np.uint8)
    # Seven pairs of 10 bits: four of the hidden serial, three of the tag; then the tag's last five bits.
    for p in range(7):
        source, shift = (hidden, 30 - 10 * p) if p < 4 else (tag, 65 - 10 * p)
        chunk = (source >> np.uint64(shift) & np.uint64(1023)).astype(np.intp)
        pairs[:, p] = _PAIRS[chunk]
        check ^= _CHECKS[p][chunk]
    last = (tag & np.uint64(31)).astype(np.intp) << 5
    check ^= _CHECKS[7][last]
    pairs[:, 7] = _PAIRS[last | check]
    codes[:] = pairs.view(np.uint8)
