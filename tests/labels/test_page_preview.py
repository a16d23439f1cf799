"""The layout editor's preview equals the PDF within a tenth of a millimetre."""

import ctypes
import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from tests.labels import samples
from traceability.domain.errors import RuleBroken
from traceability.labels import LAYOUTS, imposition, pdf, preview, typeset
from traceability.labels.layouts import A4_3X7, A4_5X13, A4_TAGS, CARTON_100X50, Marks

MM = 25.4 / 72
WITHIN = 0.1


def letters(page: pypdfium2.PdfPage) -> list[tuple[str, float, float, float]]:
    """(letter, x mm, baseline mm from the top, size pt) of every letter that is drawn, in the file's order."""
    text = page.get_textpage()
    height = page.get_height()
    found = []
    for index in range(text.count_chars()):
        x, y = ctypes.c_double(), ctypes.c_double()
        pdfium.FPDFText_GetCharOrigin(text.raw, index, x, y)
        letter = chr(pdfium.FPDFText_GetUnicode(text.raw, index)).replace("\x02", "-")
        if letter.isprintable() and letter != " ":
            size = pdfium.FPDFText_GetFontSize(text.raw, index)
            found.append((letter, x.value * MM, (height - y.value) * MM, size))
    return found


def expected(texts: tuple[preview.Text, ...]) -> Iterator[tuple[str, float, float, float]]:
    for text in texts:
        x = text.x_mm
        for letter in text.text:
            if letter != " ":
                yield letter, x, text.baseline_mm, text.size_pt
            x += typeset.width_mm(letter, text.font, text.size_pt)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("dpi", [203, 300])
def test_every_letter_and_symbol_stands_where_the_preview_says(layout, dpi):
    layout = layout.at(dpi)
    text = replace(samples.TEXT, logo=samples.LOGO)
    order = samples.order(8, demo=True, text=text)
    # The last cells of one page and the first of the next.
    start = max(0, layout.per_page - 4)
    document = pypdfium2.PdfDocument(b"".join(pdf.stream(order, layout, start=start)))
    assert len(document) == preview.page(order, layout, start=start).pages
    for number in range(min(2, len(document))):
        compare(document[number], preview.page(order, layout, number, start=start))


def compare(page: pypdfium2.PdfPage, told: preview.Page) -> None:
    sides = page.get_width() * MM, page.get_height() * MM
    assert sides == pytest.approx((told.width_mm, told.height_mm), abs=0.01)
    drawn = letters(page)
    said = [letter for stamp in told.stamps for letter in expected(stamp.texts)] + list(expected(told.footer))
    assert len(drawn) == len(said)
    remaining: dict[str, list] = {}
    for letter, *place in drawn:
        remaining.setdefault(letter, []).append(place)
    for letter, x, baseline, size in said:
        places = np.array(remaining[letter])
        nearest = np.abs(places - (x, baseline, size)).max(axis=1).argmin()
        assert places[nearest] == pytest.approx((x, baseline, size), abs=WITHIN)

    height = page.get_height()
    pictures = [
        image.get_bounds() for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=1)
    ]
    assert len(pictures) == len(told.stamps)
    for (left, bottom, right, top), stamp in zip(pictures, told.stamps, strict=True):
        symbol = stamp.symbol
        assert (left * MM, (height - top) * MM) == pytest.approx((symbol.x_mm, symbol.y_mm), abs=WITHIN)
        assert ((right - left) * MM, (top - bottom) * MM) == pytest.approx(
            (symbol.width_mm, symbol.height_mm), abs=WITHIN
        )


def test_ink_stands_exactly_where_the_preview_has_bars_frames_and_the_logo():
    order = samples.order(2, demo=True, pins=samples.pins, text=replace(samples.TEXT, logo=samples.LOGO))
    layout = CARTON_100X50.at(600)
    dots = np.array(samples.pictures(b"".join(pdf.stream(order, layout)), 600)[0]) < 128
    stamp = preview.page(order, layout).stamps[0]
    dot = layout.fit(order).dot_mm
    assert stamp.logo is not None
    for box in (*stamp.frames, stamp.logo):
        left, top, right, bottom = (
            round(edge / dot)
            for edge in (box.x_mm, box.y_mm, box.x_mm + box.width_mm, box.y_mm + box.height_mm)
        )
        slack = round(WITHIN / dot)
        inside = dots[top - slack : bottom + slack, left - slack : right + slack]
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        assert rows[0] <= 2 * slack
        assert columns[0] <= 2 * slack
        assert rows[-1] >= len(inside) - 1 - 2 * slack
        assert columns[-1] >= inside.shape[1] - 1 - 2 * slack


def test_a_pin_is_never_in_a_preview():
    order = samples.order(2, pins=samples.pins)
    told = json.dumps(preview.page(order, CARTON_100X50).as_json(), ensure_ascii=False)
    assert "------" in told
    assert "007919" not in told


def test_the_last_page_shows_the_rest_and_copies():
    layout = replace(A4_5X13, copies=2)
    order = samples.order(40)
    told = preview.page(order, layout, 1, start=5)
    prints = imposition.prints_on(layout, 1, 40, 5)
    assert [(stamp.n, stamp.copy) for stamp in told.stamps] == [divmod(index, 2) for index in prints]
    assert told.pages == 2


def test_marks_are_in_the_preview():
    order = samples.order(1)
    assert len(preview.page(order, A4_TAGS).rules) == 5 + 5
    assert len(preview.page(order, replace(A4_3X7, marks=Marks.CROP)).rules) == 2 * (6 + 8)


@pytest.mark.parametrize("number", [-1, 1])
def test_there_is_no_preview_of_a_page_outside_the_print(number):
    with pytest.raises(RuleBroken, match="no_such_page"):
        preview.page(samples.order(3), A4_5X13, number)
