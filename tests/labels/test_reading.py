"""What is about to be printed is drawn in the printer's dots and decoded first."""

import numpy as np
import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st

from tests.labels import samples
from traceability.domain.errors import RuleBroken
from traceability.labels import LAYOUTS, PrintedForm, preflight, qr, reading, single
from traceability.labels.layouts import A4_5X13, ROLL_50X30
from traceability.labels.reading import Unreadable

ROOT = "https://txng.vinhlong.gov.vn"


def drawn_by_the_library(text: str, version: int, level: str, mask: int, mode: qr.Mode) -> np.ndarray:
    code = qrcode.QRCode(
        version=version,
        error_correction=getattr(qrcode.constants, f"ERROR_CORRECT_{level}"),
        mask_pattern=mask,
        border=0,
    )
    code.add_data(qrcode.util.QRData(text.encode(), mode=4 if mode == "byte" else 2))
    code.make(fit=False)
    return np.array(code.get_matrix(), dtype=bool)


@given(
    version=st.integers(1, 10),
    level=st.sampled_from("LMQH"),
    mask=st.integers(0, 7),
    mode=st.sampled_from(["byte", "alphanumeric"]),
    data=st.data(),
)
def test_a_symbol_of_another_library_is_read(version, level, mask, mode, data):
    most = max(
        length
        for length in range(400)
        if qr.header_bits(version, mode) + qr.payload_bits(length, mode)
        <= 8 * qr.data_codewords(version, level)
    )
    letters = qr.ALPHANUMERIC if mode == "alphanumeric" else "abcXYZ019/:.?=%-"
    text = data.draw(st.text(letters, min_size=1, max_size=most))
    assert reading.text_of(drawn_by_the_library(text, version, level, mask, mode)) == text


@pytest.mark.parametrize("spoil", ["module", "format", "quiet", "tone"])
def test_a_symbol_with_one_fault_is_refused(spoil):
    order, layout = samples.order(1), ROLL_50X30
    fit, face = layout.fit(order), samples.face_of(order, layout)
    left, top = face.symbol
    dots = single.drawn(order, face, fit, 0)[top : top + fit.area_dots, left : left + fit.area_dots].copy()
    assert reading.read(dots, fit.dots_per_module) == order.prefix + order.code(0)
    step = fit.dots_per_module
    row, column = {"module": (20, 20), "format": (12, 4), "quiet": (1, 1), "tone": (20, 20)}[spoil]
    height = 1 if spoil == "tone" else step
    dots[row * step : row * step + height, column * step : (column + 1) * step] ^= 255
    with pytest.raises(Unreadable):
        reading.read(dots, step)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_print_is_decoded_before_it_begins(layout):
    order = samples.order(7, demo=True)
    assert preflight.check(order, layout, public_root=ROOT, decoded=3).pages >= 1


def test_a_print_that_says_something_else_is_refused(monkeypatch):
    order = samples.order(7, PrintedForm.SHORT)
    monkeypatch.setattr(reading, "read", lambda *_given: "HTTPS://TXNG.VINHLONG.GOV.VN/S/0000000000000000")
    with pytest.raises(RuleBroken, match="symbol_differs"):
        preflight.check(order, A4_5X13, public_root=ROOT, decoded=1)
