"""The penalty score of ISO/IEC 18004:2015, 7.8.3, for many symbols at once.

A row of up to 57 modules is one 64-bit word, so each rule is a few shifts over all rows of all symbols; columns
are the rows of the transposed symbol.
"""

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint64]

_FINDER_LIKE = ((1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1))


def mean(images: npt.NDArray[np.uint8], size: int, row_bytes: int) -> float:
    """Mean penalty of symbols given as 1-bit images, shape (symbols, size * row_bytes)."""
    modules = np.unpackbits(images.reshape(len(images), size, row_bytes), axis=2)[:, :, :size]
    return float(scores(modules).mean())


def scores(modules: npt.NDArray[np.uint8]) -> Scores:
    """Penalty of each symbol; `modules` has shape (symbols, size, size), 1 = dark."""
    size = modules.shape[1]
    rows, columns = _words(modules), _words(np.swapaxes(modules, 1, 2))
    cost = _blocks(rows, size) + _balance(rows, size)
    for lines in (rows, columns):
        cost += _runs(lines, size) + _finders(lines, size)
    return cost


def _words(modules: npt.NDArray[np.uint8]) -> _Words:
    """One word per row, its first module in bit 0."""
    symbols, size, _ = modules.shape
    wide = np.zeros((symbols, size, 64), dtype=np.uint8)
    wide[:, :, :size] = modules
    words: _Words = np.packbits(wide, axis=2, bitorder="little").view("<u8")[:, :, 0]
    return words


def _after(words: _Words, places: int) -> _Words:
    return words >> np.uint64(places)


def _within(words: _Words, places: int) -> _Words:
    """Only the first `places` bits: the windows that lie inside the row."""
    return words & np.uint64((1 << places) - 1)


def _total(words: _Words) -> Scores:
    total: Scores = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return total


def _runs(lines: _Words, size: int) -> Scores:
    # N1: a run of n >= 5 equal modules costs n - 2: one for each window of five in it, and two for the run.
    same = _within(~(lines ^ _after(lines, 1)), size - 1)
    five = same & _after(same, 1) & _after(same, 2) & _after(same, 3)
    return 3 * _total(five) - 2 * _total(five & _after(five, 1))


def _blocks(rows: _Words, size: int) -> Scores:
    # N2: 3 for each 2 x 2 block of one colour.
    across = ~(rows ^ _after(rows, 1))
    down = ~(rows[:, 1:] ^ rows[:, :-1])
    return 3 * _total(_within(across[:, 1:] & across[:, :-1] & down, size - 1))


def _finders(lines: _Words, size: int) -> Scores:
    # N3: 40 for each 1:1:3:1:1 with four light modules on one side, inside the symbol.
    cost = np.zeros(len(lines), dtype=np.int64)
    for pattern in _FINDER_LIKE:
        found = np.full_like(lines, (1 << (size - 10)) - 1)
        for at, module in enumerate(pattern):
            found &= _after(lines if module else ~lines, at)
        cost += 40 * _total(found)
    return cost


def _balance(rows: _Words, size: int) -> Scores:
    # N4: 10 for each full 5 % that the share of dark modules is away from one half.
    steps: Scores = np.abs(20 * _total(rows) - 10 * size * size) // (size * size)
    return 10 * steps
