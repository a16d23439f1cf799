"""The penalty score of ISO/IEC 18004:2015, 7.8.3, for many symbols at once."""

from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.int64]

_FINDER_LIKE = ((1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0), (0, 0, 0, 0, 1, 0, 1, 1, 1, 0, 1))


def mean(images: npt.NDArray[np.uint8], size: int, row_bytes: int) -> float:
    """Mean penalty of symbols given as 1-bit images, shape (symbols, size * row_bytes)."""
    modules = np.unpackbits(images.reshape(len(images), size, row_bytes), axis=2)[:, :, :size]
    return float(scores(modules).mean())


def scores(modules: npt.NDArray[np.uint8]) -> Scores:
    """Penalty of each symbol; `modules` has shape (symbols, size, size), 1 = dark."""
    across = np.swapaxes(modules, 1, 2)
    return (
        _runs(modules)
        + _runs(across)
        + _blocks(modules)
        + _finders(modules)
        + _finders(across)
        + _balance(modules)
    )


def _total(found: npt.NDArray[Any]) -> Scores:
    total: Scores = found.reshape(len(found), -1).sum(axis=1, dtype=np.int64)
    return total


def _runs(modules: npt.NDArray[np.uint8]) -> Scores:
    # N1: a run of n >= 5 equal modules costs n - 2: one for each window of five in it, and two for the run.
    same = modules[:, :, 1:] == modules[:, :, :-1]
    five = same[:, :, :-3] & same[:, :, 1:-2] & same[:, :, 2:-1] & same[:, :, 3:]
    continued = five[:, :, 1:] & five[:, :, :-1]
    return 3 * _total(five) - 2 * _total(continued)


def _blocks(modules: npt.NDArray[np.uint8]) -> Scores:
    # N2: 3 for each 2 x 2 block of one colour.
    dark = modules[:, 1:, 1:] + modules[:, 1:, :-1] + modules[:, :-1, 1:] + modules[:, :-1, :-1]
    return 3 * _total((dark == 0) | (dark == 4))


def _finders(modules: npt.NDArray[np.uint8]) -> Scores:
    # N3: 40 for each 1:1:3:1:1 with four light modules on one side, inside the symbol.
    width = modules.shape[2] - 10
    cost = np.zeros(len(modules), dtype=np.int64)
    for pattern in _FINDER_LIKE:
        found = np.ones((len(modules), modules.shape[1], width), dtype=bool)
        for at, module in enumerate(pattern):
            found &= modules[:, :, at : at + width] == module
        cost += 40 * _total(found)
    return cost


def _balance(modules: npt.NDArray[np.uint8]) -> Scores:
    # N4: 10 for each full 5 % that the share of dark modules is away from one half.
    area = modules.shape[1] * modules.shape[2]
    steps: Scores = np.abs(20 * _total(modules) - 10 * area) // area
    return 10 * steps
