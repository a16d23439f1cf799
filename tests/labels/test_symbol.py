"""Symbols of a whole order: equal to the qrcode library's, to the last module."""

import numpy as np
import pytest
import qrcode
import qrcode.util
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.labels import samples
from traceability.domain.errors import RuleBroken
from traceability.domain.stamp_codes import ALPHABET
from traceability.labels import penalty, qr
from traceability.labels.symbol import SymbolEncoder

MODES = {"alphanumeric": qrcode.util.MODE_ALPHA_NUM, "byte": qrcode.util.MODE_8BIT_BYTE}
LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}
# What a host, a lot and a path are made of.
LETTERS = {"alphanumeric": qr.ALPHANUMERIC, "byte": "abcxyzABCXYZ0189:/.-_%"}


def by_the_library(payload: str, version: int, level: str, mode: str, mask: int) -> np.ndarray:
    code = qrcode.QRCode(version=version, error_correction=LEVELS[level], mask_pattern=mask, border=0)
    data = qrcode.util.QRData(payload.encode(), MODES[mode], False)  # type: ignore[call-overload]
    code.add_data(data, optimize=0)
    code.make(fit=False)
    return np.array(code.modules, dtype=np.uint8)


def room(version: int, level: str, mode: str) -> int:
    """The most characters that fit."""
    bits = 8 * qr.data_codewords(version, level) - qr.header_bits(version, mode)
    if mode == "byte":
        return bits // 8
    return bits // 11 * 2 + (bits % 11 >= 6)


@st.composite
def addresses(draw):
    """(prefix, codes, version, level, mode, mask) of any shape that fits versions 1 to 10."""
    version = draw(st.integers(1, 10))
    level = draw(st.sampled_from("LMQH"))
    mode = draw(st.sampled_from(sorted(MODES)))
    most = room(version, level, mode)
    width = draw(st.integers(1, min(17, most - 1)))
    prefix = draw(st.text(LETTERS[mode], min_size=1, max_size=most - width))
    codes = draw(st.lists(st.text(ALPHABET, min_size=width, max_size=width), min_size=1, max_size=3))
    return prefix, codes, version, level, mode, draw(st.integers(0, 7))


@given(addresses())
@settings(max_examples=60)
def test_every_symbol_equals_the_librarys_at_the_same_mask(address):
    prefix, codes, version, level, mode, mask = address
    encoder = SymbolEncoder(prefix, mode=mode, level=level, mask=mask, version=version, width=len(codes[0]))
    ascii_codes = np.array([list(code.encode()) for code in codes], dtype=np.uint8)
    images = encoder.rows(ascii_codes)
    for code, image, drawn in zip(codes, images, samples.modules(encoder, images), strict=True):
        assert (drawn == by_the_library(prefix + code, version, level, mode, mask)).all()
        # The plain-integer path and the standard's own encoder say the same.
        assert image.tobytes() == encoder.symbol(code).to_bytes(encoder.image_bytes, "big")
        assert encoder.symbol(code) == qr.encode(prefix + code, version, level, mode, mask)


@pytest.mark.parametrize("version", range(1, 11))
@pytest.mark.parametrize("level", "LMQH")
def test_a_full_symbol_of_each_version_and_level_equals_the_librarys(version, level):
    for mode, letters in LETTERS.items():
        most = room(version, level, mode)
        payload = (letters * 20)[:most]
        symbol = qr.encode(payload, version, level, mode, 3)
        image = np.frombuffer(
            symbol.to_bytes(qr.size(version) * qr.row_bytes(version), "big"), dtype=np.uint8
        )
        drawn = np.unpackbits(image.reshape(qr.size(version), -1), axis=1)[:, : qr.size(version)]
        assert (drawn == by_the_library(payload, version, level, mode, 3)).all()
        with pytest.raises(ValueError, match="fit"):
            qr.encode(payload + "A", version, level, mode, 3)


@pytest.mark.parametrize(
    ("prefix", "mode", "version"),
    [
        ("HTTPS://TX.VN/S/", "alphanumeric", 2),
        ("HTTPS://TEMNONG.VN/S/", "alphanumeric", 2),
        (samples.SHORT_PREFIX, "alphanumeric", 3),
        (samples.LINK_PREFIX, "byte", 5),
    ],
)
def test_an_order_takes_the_smallest_version_and_every_symbol_scans(prefix, mode, version):
    encoder = SymbolEncoder(prefix, mode=mode, mask=2)
    assert encoder.version == version
    codes = samples.codes(0, 40)
    quiet = np.pad(
        1 - samples.modules(encoder, encoder.rows(codes)), ((0, 0), (4, 4), (4, 4)), constant_values=1
    )
    for code, picture in zip(codes, quiet, strict=True):
        dots = np.kron(picture * 255, np.ones((3, 3))).astype(np.uint8)
        found = zxingcpp.read_barcodes(dots, formats=zxingcpp.BarcodeFormat.QRCodeModel2)
        assert [barcode.text for barcode in found] == [prefix + code.tobytes().decode()]


def test_a_long_order_is_drawn_piece_by_piece_without_a_seam():
    encoder = SymbolEncoder(samples.SHORT_PREFIX, mode="alphanumeric", mask=5)
    codes = samples.codes(0, 4_500)
    images = encoder.rows(codes)
    for n in (0, 2_047, 2_048, 4_095, 4_096, 4_499):
        assert images[n].tobytes() == encoder.symbol(codes[n].tobytes().decode()).to_bytes(116, "big")


def test_orders_that_share_a_shape_do_not_share_their_prefix():
    ours = SymbolEncoder("HTTPS://AB.VN/S/", mode="alphanumeric")
    theirs = SymbolEncoder("HTTPS://CD.VN/S/", mode="alphanumeric")
    codes = samples.codes(0, 2)
    first, second = ours.rows(codes), theirs.rows(codes)
    assert (first != second).any()
    assert (ours.rows(codes) == first).all()


def test_penalties_are_those_of_the_library():
    encoder = SymbolEncoder(samples.LINK_PREFIX, mode="byte", mask=4)
    drawn = samples.modules(encoder, encoder.rows(samples.codes(0, 12)))
    assert list(penalty.scores(drawn)) == [qrcode.util.lost_point(symbol.tolist()) for symbol in drawn]


def test_the_mask_of_an_order_has_the_least_mean_penalty_and_is_always_the_same():
    printed = samples.order(500, mask=None)
    mask = printed.chosen_mask()
    assert printed.chosen_mask() == mask == printed.encoder().mask
    means = [printed.encoder().with_mask(m) for m in range(8)]
    scores = [penalty.mean(e.rows(samples.codes(0, 128)), e.size, e.row_bytes) for e in means]
    assert scores[mask] == min(scores)


@pytest.mark.parametrize("code", ["39A3FQNE91SQV00U", "39a3fqne91sqv00q", "39A3-FQNE-91SQ-V"])
def test_a_character_that_no_code_has_is_never_printed(code):
    encoder = SymbolEncoder(samples.SHORT_PREFIX, mode="alphanumeric")
    with pytest.raises(ValueError, match=r"alphabet|substring"):
        encoder.rows(np.frombuffer(code.encode(), dtype=np.uint8).reshape(1, 16))
    with pytest.raises(ValueError, match=r"alphabet|substring"):
        encoder.symbol(code)


@pytest.mark.parametrize(
    ("prefix", "mode", "refusal"),
    [
        ("https://txng.vinhlong.gov.vn/s/", "alphanumeric", "labels.address_characters"),
        ("https://trái-cây.vn/s/", "byte", "labels.address_characters"),
        ("HTTPS://" + "A" * 400 + "/S/", "alphanumeric", "labels.address_too_long"),
    ],
)
def test_an_address_that_no_symbol_can_carry_is_refused(prefix, mode, refusal):
    with pytest.raises(RuleBroken) as refused:
        SymbolEncoder(prefix, mode=mode)
    assert refused.value.code == refusal
