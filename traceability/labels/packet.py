"""The packet for a print shop: files in one ZIP, streamed and stored as they are, the same bytes for the same files.

The ZIP is written by the standard library into a sink that cannot be sought, so each file's length and checksum follow
it (APPNOTE 4.3.9); with them in 64 bits, as a file's length may be beyond four gigabytes.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

_MOMENT = (2026, 1, 1, 0, 0, 0)
_LOCAL, _CENTRAL, _DESCRIPTOR, _END, _EXTRA = 30, 46, 24, 22, 20
#: Beyond it the table at the end needs larger entries.
_LARGEST = 0x7FFFFFFF


@dataclass(frozen=True)
class Part:
    """One file of a packet: its name (ASCII), its length, and its pieces as often as they are asked for."""

    name: str
    length: int
    run: Callable[[], Iterable[bytes]]

    @classmethod
    def of(cls, name: str, data: bytes) -> "Part":
        """A file that is at hand."""
        return cls(name, len(data), lambda: [data])


def stream(parts: Iterable[Part]) -> Iterator[bytes]:
    """The ZIP in pieces of the size in which the files come."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packet:  # type: ignore[call-overload]
        for part in parts:
            with packet.open(zipfile.ZipInfo(part.name, _MOMENT), "w", force_zip64=True) as file:
                for piece in part.run():
                    file.write(piece)
                    yield sink.taken()
    yield sink.taken()


def content_length(parts: Sequence[Part]) -> int | None:
    """Exact number of bytes of `stream`; None for a packet beyond two gigabytes."""
    heads = sum(_LOCAL + _EXTRA + _DESCRIPTOR + _CENTRAL + 2 * len(part.name) for part in parts)
    total = heads + _END + sum(part.length for part in parts)
    return total if total < _LARGEST else None


class _Sink:
    """Takes what is written, to be taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
