"""The packet for a print shop: one ZIP, streamed, of a length that is known beforehand."""

import io
import zipfile

import pytest

from traceability.labels import packet
from traceability.labels.packet import Part

PARTS = [
    Part("tem.pdf", 300_000, lambda: [b"%PDF" + b"x" * 99_996, b"y" * 200_000]),
    Part.of("tem.json", b'{"a":1}'),
    Part.of("empty.sig", b""),
]


def test_the_packet_holds_its_files_and_its_length_is_known() -> None:
    data = b"".join(packet.stream(PARTS))
    assert packet.content_length(PARTS) == len(data)
    assert data == b"".join(packet.stream(PARTS))
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        assert read.testzip() is None
        assert {name: len(read.read(name)) for name in read.namelist()} == {
            "tem.pdf": 300_000,
            "tem.json": 7,
            "empty.sig": 0,
        }


def test_no_more_than_a_piece_is_held() -> None:
    pieces = [len(piece) for piece in packet.stream(PARTS)]
    assert max(pieces) < 201_000


@pytest.mark.parametrize("length", [3 << 30, (1 << 31) - 50])
def test_the_length_of_a_very_large_packet_is_not_promised(length: int) -> None:
    assert packet.content_length([Part("tem.zpl", length, list)]) is None
