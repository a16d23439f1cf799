"""A thermal printer for tests: draws the ZPL that the press uses, and knows no other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


def unpacked(data: str, row_bytes: int, total: int) -> np.ndarray:
    """Hex with `:` for a repeated row as black dots, shape (rows, dots)."""
    rows: list[str] = []
    at = 0
    while at < len(data):
        if data[at] == ":":
            rows.append(rows[-1])
            at += 1
        else:
            rows.append(data[at : at + 2 * row_bytes])
            at += 2 * row_bytes
    packed = np.frombuffer(bytes.fromhex("".join(rows)), dtype=np.uint8).reshape(-1, row_bytes)
    assert packed.size == total
    return np.unpackbits(packed, axis=1).astype(bool)


@dataclass
class Label:
    dots: np.ndarray
    copies: int


class Printer:
    """Prints a job; afterwards `stored` is what the job left in the printer's memory."""

    def __init__(self) -> None:
        self.stored: dict[str, np.ndarray] = {}

    def printed(self, job: bytes) -> Iterator[Label]:
        """Every format that prints something."""
        text = job.decode("ascii")
        while text:
            command, text = self._next(text)
            if command.startswith("~DG"):
                name, total, row, data = command[3:].split(",", 3)
                self.stored[name] = unpacked(data.strip(), int(row), int(total))
                continue
            label = self._format(command)
            if label is not None:
                yield label

    @staticmethod
    def _next(text: str) -> tuple[str, str]:
        end = text.index("\n") + 1
        command = text[:end].strip()
        assert command.startswith("~DG") or (command.startswith("^XA") and command.endswith("^XZ")), command[
            :40
        ]
        return command, text[end:]

    def _format(self, command: str) -> Label | None:
        page, x, y, copies = np.zeros((0, 0), dtype=bool), 0, 0, 0
        size: dict[str, int] = {}
        for word in re.findall(r"\^[A-Z]{2}[^\^]*", command):
            name, value = word[1:3], word[3:]
            if name in ("PW", "LL"):
                size[name] = int(value)
                if len(size) == 2:
                    page = np.zeros((size["LL"], size["PW"]), dtype=bool)
            elif name == "FO":
                x, y = map(int, value.split(","))
            elif name == "XG":
                assert value.endswith(",1,1")
                self._draw(page, x, y, self.stored[value[:-4]])
            elif name == "GF":
                kind, count, total, row, data = value.split(",", 4)
                assert (kind, count) == ("A", total)
                self._draw(page, x, y, unpacked(data, int(row), int(total)))
            elif name == "PQ":
                copies = int(value.split(",")[0])
            elif name == "ID":
                pattern = re.compile(re.escape(value).replace(r"\*", ".*"))
                self.stored = {key: dots for key, dots in self.stored.items() if not pattern.fullmatch(key)}
            else:
                assert name in ("XA", "LH", "FS", "XZ"), word
        return Label(page, copies) if copies else None

    @staticmethod
    def _draw(page: np.ndarray, x: int, y: int, dots: np.ndarray) -> None:
        """Black on top of what is there; a row's padding may reach over the edge."""
        assert x >= 0
        assert y >= 0
        area = page[y : y + dots.shape[0], x : x + dots.shape[1]]
        part = dots[: area.shape[0], : area.shape[1]]
        assert part.sum() == dots.sum(), "black dots beside the label"
        area |= part
