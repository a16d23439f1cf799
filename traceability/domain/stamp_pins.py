"""The PIN under a scratch panel (mã cào): for dear goods, six characters that only whoever bought can have read.

A PIN is AES over the stamp's serial under a key of its epoch that nothing else uses, cut to 30 bits. It is derived when
the print file is made and when somebody types it, and is never stored.
"""

import hmac

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from traceability.domain.stamp_codes import ALPHABET, SERIALS, EpochKey

LENGTH = 6
_LETTERS = np.frombuffer(ALPHABET.encode("ascii"), dtype=np.uint8)
_MISREAD = str.maketrans("OIL", "011")


def pin_range(key: EpochKey, first: int, count: int) -> npt.NDArray[np.uint8]:
    """The PINs of serials first to first + count - 1 as ASCII, shape (count, 6).

    Raises ValueError when a serial would be out of range.
    """
    if count < 0 or not 0 <= first <= SERIALS - count:
        raise ValueError("a serial has 40 bits")
    blocks = np.zeros((count, 2), dtype="<u8")
    blocks[:, 0] = np.arange(first, first + count, dtype=np.uint64)
    cipher = Cipher(
        algorithms.AES(key.pin_key), modes.ECB()
    ).encryptor()  # independent blocks, none ever twice
    drawn = np.frombuffer(cipher.update(blocks.tobytes()), dtype=np.uint8).reshape(count, 16)
    pins: npt.NDArray[np.uint8] = _LETTERS[drawn[:, :LENGTH] & 31]
    return pins


def pin(key: EpochKey, serial: int) -> str:
    """The PIN of one stamp."""
    return pin_range(key, serial, 1).tobytes().decode("ascii")


def matches(key: EpochKey, serial: int, typed: str) -> bool:
    """Whether this is the stamp's PIN, however it was typed; takes the same time for any answer."""
    bare = "".join(typed[:40].split()).replace("-", "").upper().translate(_MISREAD)
    return hmac.compare_digest(bare.encode(), pin(key, serial).encode())
