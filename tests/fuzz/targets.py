"""What is fuzzed under the guidance of coverage, each with what must hold of whatever bytes come.

A target takes any bytes and raises `AssertionError`, or whatever escapes the reader, where a promise is broken.
`SEEDS` are good examples of each: a fuzzer begins with them.
"""

from collections.abc import Callable

from traceability.domain import compressed_links, stamp_codes
from traceability.domain.identifiers import (
    DigitalLink,
    level_path,
    looks_like_digital_link,
    parse_digital_link,
)
from traceability.domain.stamp_codes import ALPHABET, EpochKey, Problem

KEY = EpochKey.from_secret(7, bytes(range(32)))


def codes(data: bytes) -> None:
    """A typed stamp code is cleaned to letters of the alphabet or refused, and read only if it was minted."""
    text = data.decode("utf-8", "surrogateescape")
    code = stamp_codes.normalise(text)
    found = stamp_codes.read([KEY], text)
    if isinstance(code, Problem):
        assert found is None
        return
    assert set(code) <= set(ALPHABET)
    assert stamp_codes.normalise(stamp_codes.group(code)) == code
    assert found is None or stamp_codes.mint(KEY, found[1]) == code


def links(data: bytes) -> None:
    """The path of a Digital Link is read, named malformed, or no link; what was read is written and read again."""
    path = data.decode("latin-1")
    looks_like_digital_link(path)
    found = parse_digital_link(path)
    if isinstance(found, DigitalLink):
        assert parse_digital_link(found.path) == DigitalLink(found.elements)
        assert found.walk_up()[-1] == found.elements[:1]
        assert all(
            isinstance(parse_digital_link(level_path(level)), DigitalLink) for level in found.walk_up()
        )


def packed_links(data: bytes) -> None:
    """A compressed Digital Link is read to one that the plain reader takes, or is none."""
    path = "/" + data.decode("latin-1")
    found = compressed_links.uncompressed(path)
    assert compressed_links.looks_compressed(path) == (found is not None and path.count("/") == 1)
    if found is not None:
        assert isinstance(parse_digital_link(found.path), DigitalLink)


TARGETS: dict[str, Callable[[bytes], None]] = {"codes": codes, "links": links, "packed_links": packed_links}
SEEDS: dict[str, list[bytes]] = {
    "codes": [
        stamp_codes.mint(KEY, 77).encode(),
        stamp_codes.group(stamp_codes.mint(KEY, 2**40 - 1)).lower().encode(),
        "Ｏ0Il-đ ".encode(),
    ],
    "links": [
        b"/01/09520001000010/10/L1/21/7?17=271231&3103=000195",
        b"/01/09520001000010/22/A%2FB/10/a.b",
        b"/00/095200010000000003",
        b"/414/9520001000010/254/VN-VLOR-9001",
    ],
    "packed_links": [
        b"ARFRGI5ElA",
        b"01/09520001000010/IQUYHI",
        b"DBFRGI5ElAL-DutmIKh",
        b"nWxU35Us5H73TTWKiMRyJK",
    ],
}
