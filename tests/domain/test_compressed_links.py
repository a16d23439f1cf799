"""Compressed Digital Links of older versions: what GS1's own toolkit once wrote is read, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.domain.compressed_links import looks_compressed, uncompressed

#: Written by GS1's Digital Link toolkit, with and without its groups of application identifiers.
WRITTEN = {
    "/ARFRGI5ElA": ("/01/09520001000010", ""),
    "/DBFRGI5ElAowOQ": ("/01/09520001000010/21/12345", ""),
    "/ARFRGI5ElEIKMDk": ("/01/09520001000010/21/12345", ""),
    "/CxFRGI5ElMhZ32o": ("/01/09520001000010/10/LO-1", ""),
    "/ARFRGI5ElCDIWd9q": ("/01/09520001000010/10/LO-1", ""),
    "/CxFRGI5ElQ8yevYrUsE": ("/01/09520001000010/10/LO%2F1-%25A", ""),
    "/GhFRGI5ElE1XgkaEb-4IoFI6cEpEmjeBgJ9g": (
        "/01/09520001000010/10/abc123/21/RQKR04JSJNG8DAT7",
        "17=271231",
    ),
    "/DBFRGI5ElI1Xm94": ("/01/09520001000010/21/ABCDEF", ""),
    "/ChFRGI5ElIRU": ("/01/09520001000010/22/2A", ""),
    "/nWxU35Us5H73TTWKiMRyJK": ("/414/9520001000010/254/VN-VLOR-9001", ""),
    "/JUbFTflSzkfvdNNUFIqIxHIko": ("/414/9520001000010/254/VN-VLOR-9001", ""),
    "/DBFRGI5ElAL-DutmIKh": ("/01/09520001000010/21/7", "utm=a1"),
    "/01/09520001000010/IQUYHI": ("/01/09520001000010/21/12345", ""),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_what_the_toolkit_wrote_is_read(written: str) -> None:
    path, query = WRITTEN[written]
    for asked, together in ((written, query), (f"{written}?x=1", f"{query}&x=1".lstrip("&"))):
        link = uncompressed(asked)
        assert link is not None
        assert (link.path, link.query) == (path, together)


@pytest.mark.parametrize(
    "path",
    ["/", "/products", "/producers", "/privacy-notice", "/ARFRGI5ElB", "/ARFRGI5Elf", "/ARFRGI5El", "/DBFRGI5ElAow",
     "/01/09520001000010/foo", "/01/09520001000010/x", "/01/09520001000010/10", "/____________"],
)  # fmt: skip
def test_nothing_else_is(path: str) -> None:
    assert uncompressed(path) is None


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=60))
def test_any_word_is_read_or_not_and_never_a_crash(word: str) -> None:
    link = uncompressed("/" + word)
    assert looks_compressed("/" + word) == (link is not None)
    uncompressed("/01/09520001000010/" + word)
