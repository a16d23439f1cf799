"""The words on a stamp: inside it, outside the quiet zone, readable, complete."""

import unicodedata
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.labels import samples
from traceability.domain.errors import RuleBroken
from traceability.labels import LAYOUTS, FaceText, PrintedForm, typeset
from traceability.labels.compose import compose
from traceability.labels.typeset import PT_PER_MM

LONG = FaceText(
    "Trà xanh Shan tuyết đặc sản (1 tôm 1 lá)",
    ("Công ty TNHH Đóng gói Trái cây Sông Hậu Mẫu (minh họa)", "Lô TSH-2026-05", "Thu hoạch 12/05/2026"),
    "txng.vinhlong.gov.vn",
)


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def misses(self, other: "Box") -> bool:
        """A quarter of a millimetre of overlap is the air in a line of text."""
        beside = self.right <= other.left + 1e-6 or self.left >= other.right - 1e-6
        return beside or self.bottom <= other.top + 0.25 or self.top >= other.bottom - 0.25


def fits():
    for layout in LAYOUTS.values():
        for dpi in (203, 300, 600):
            yield pytest.param(layout.at(dpi).fit(samples.order()), id=f"{layout.name} {dpi}")
    link = LAYOUTS["roll-35x22"].at(300)
    yield pytest.param(link.fit(samples.order(form=PrintedForm.DIGITAL_LINK)), id="GS1 on 35x22")


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("text", [samples.TEXT, LONG], ids=["short names", "long names"])
@pytest.mark.parametrize("fit", list(fits()))
def test_every_line_lies_on_the_stamp_and_out_of_the_quiet_zone(fit, text, demo):
    drawn = compose(text, fit, demo=demo)
    width, height = fit.layout.stamp_width_mm, fit.layout.stamp_height_mm
    boxes = [
        (line.x_mm, line.baseline_mm, line.size_pt, typeset.width_mm(line.text, line.font, line.size_pt))
        for line in drawn.lines
    ]
    boxes += [
        (
            line.x_mm,
            line.baseline_mm,
            line.size_pt,
            typeset.width_mm(line.text("39A3FQNE91SQV00Q"), typeset.CODE, line.size_pt),
        )
        for line in drawn.code_lines
    ]
    left, top = (corner * fit.dot_mm for corner in drawn.symbol)
    quiet = Box(left, top, left + fit.area_mm, top + fit.area_mm)
    inset = fit.inset_dots * fit.dot_mm
    for x, baseline, size, advance in boxes:
        assert size >= 3.7
        # Descenders below, marked capitals above.
        box = Box(x, baseline - 0.8 * size / PT_PER_MM, x + advance, baseline + 0.2 * size / PT_PER_MM)
        assert inset <= box.left
        assert box.right <= width - inset - 0.5
        assert max(inset, fit.layout.hole_mm - fit.dot_mm) < box.top
        assert box.bottom <= height - inset
        assert box.misses(quiet)
    for bar in drawn.black():
        assert Box(bar.x_mm, bar.top_mm, bar.x_mm + bar.width_mm, bar.top_mm + bar.height_mm).misses(quiet)
    shown = " ".join(line.text for line in drawn.lines)
    for words in (text.product, *text.lines, text.domain):
        assert words in shown
    assert ("DEMO" in shown) == demo
    assert "".join(line.text("39A3FQNE91SQV00Q") for line in drawn.code_lines) == "39A3-FQNE-91SQ-V00Q"


def test_type_shrinks_only_as_far_as_it_must():
    fit = LAYOUTS["roll-30x20"].at(203).fit(samples.order())
    short = compose(replace(samples.TEXT, product="Dừa", lines=("HTX A",)), fit, demo=False)
    long = compose(LONG, fit, demo=False)
    assert short.lines[0].size_pt > 9
    assert long.lines[0].size_pt < 6


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"product": "Bưởi Năm Roi " * 20}, "Bưởi Năm Roi " * 20),
        ({"lines": ("Siêu" * 40,)}, "Siêu" * 40),
        ({"domain": "truy-xuat-nguon-goc-nong-san." * 4}, "truy-xuat-nguon-goc-nong-san." * 4),
    ],
)
def test_a_text_too_long_even_when_shrunk_is_refused_by_name(changes, named):
    fit = LAYOUTS["roll-30x20"].fit(samples.order())
    with pytest.raises(RuleBroken) as refused:
        compose(replace(samples.TEXT, **changes), fit, demo=False)
    assert refused.value.code == "labels.text_too_long"
    assert refused.value.facts["text"] == named


@pytest.mark.parametrize("letter", ["水", "\u0e01", "\u202e"])
def test_a_letter_that_the_typeface_lacks_is_refused(letter):
    fit = LAYOUTS["roll-30x20"].fit(samples.order())
    with pytest.raises(RuleBroken) as refused:
        compose(replace(samples.TEXT, product=f"Bưởi {letter}"), fit, demo=False)
    assert (refused.value.code, refused.value.facts) == ("labels.letter_missing", {"letter": letter})


def test_the_typeface_has_every_vietnamese_letter():
    vowels = "aăâeêioôơuưy"
    marks = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    letters = "".join(unicodedata.normalize("NFC", vowel + mark) for vowel in vowels for mark in marks) + "đ"
    for font in (typeset.REGULAR, typeset.BOLD, typeset.CODE):
        assert typeset.width_pt(letters + letters.upper(), font, 1) > 0
