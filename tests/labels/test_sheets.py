"""What sheets can carry beside plain stamps: copies, marks, footers, logos and PINs."""

import io
from dataclasses import replace

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from tests.labels import samples
from traceability.domain import stamp_codes
from traceability.domain.errors import RuleBroken
from traceability.labels import LAYOUTS, pdf, single
from traceability.labels.layouts import (
    A4_3X7,
    A4_3X8,
    A4_5X13,
    A4_TAGS,
    CARTON_100X50,
    ROLL_30X20,
    ROLL_50X30,
    TAG_40X70,
    Marks,
)
from traceability.labels.logo import Logo


def printed(order, layout, **options) -> bytes:
    return b"".join(pdf.stream(order, layout, **options))


def words(page: pypdfium2.PdfPage) -> str:
    text: str = page.get_textpage().get_text_bounded()
    return text.replace("\r\n", " ").replace("\x02", "-")


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_ready_layout_scans_and_is_crisp_to_the_dot(layout):
    layout = layout.at(203)
    text = replace(samples.TEXT, logo=samples.LOGO)
    order = samples.order(layout.per_page, demo=True, text=text)
    fit, corner = layout.fit(order), samples.symbol_corner(order, layout.fit(order))
    page = samples.pictures(printed(order, layout, compress=True), 203)[0]
    assert sorted(samples.scanned(page)) == sorted(samples.addresses(order))
    dots, encoder = np.array(page), order.encoder()
    drawn = samples.modules(encoder, encoder.rows(order.codes(0, order.count)))
    for n in range(order.count):
        row, column = divmod(n, layout.columns)
        x, y = (at + beside for at, beside in zip(fit.cell_dots(column, row), corner, strict=True))
        wanted = np.kron(1 - drawn[n], np.full((fit.dots_per_module, fit.dots_per_module), 255))
        area = dots[y : y + fit.area_dots, x : x + fit.area_dots]
        assert (area == np.pad(wanted, 4 * fit.dots_per_module, constant_values=255)).all()


def test_copies_follow_each_other_over_the_edge_of_a_page():
    order, layout = samples.order(30), replace(A4_5X13, copies=3).at(203)
    data = printed(order, layout, start=4)
    assert len(data) == pdf.content_length(order, layout, start=4)
    first, second = samples.pictures(data, 203)
    read = [samples.scanned(first), samples.scanned(second)]
    assert list(map(len, read)) == [61, 29]
    assert sorted(read[0] + read[1]) == sorted(samples.addresses(order) * 3)
    # The 61st cell is the first copy of the 21st stamp; its two others begin the second page.
    assert read[0].count(samples.addresses(order)[20]) == 1
    assert read[1].count(samples.addresses(order)[20]) == 2


@pytest.mark.parametrize("compress", [False, True])
def test_a_sheets_footer_accounts_for_its_stamps(compress):
    order = samples.order(1_000)
    document = pypdfium2.PdfDocument(printed(order, A4_5X13, compress=compress))
    for page, first, last in ((1, 65, 129), (15, 975, 999)):
        shown = " ".join(words(document[page]).split())
        ends = " - ".join(stamp_codes.group(order.code(n)) for n in (first, last))
        assert "PCT-2026-0001" in shown
        assert f"{page + 1}/16 {ends}" in shown


@pytest.mark.parametrize("layout", [replace(A4_5X13, footer=False), A4_3X8, ROLL_30X20], ids=lambda x: x.name)
def test_a_sheet_without_room_or_wish_has_no_footer(layout):
    assert "PCT-2026-0001" not in words(pypdfium2.PdfDocument(printed(samples.order(3), layout))[0])


def test_a_footer_cannot_have_letters_that_the_typeface_lacks():
    with pytest.raises(RuleBroken) as refused:
        pdf.stream(samples.order(1, number="PCT-水"), A4_5X13)
    assert (refused.value.code, refused.value.field) == ("labels.letter_missing", "number")


def test_crop_marks_stand_outside_the_stamps_and_in_line_with_their_edges():
    layout = replace(A4_3X7, marks=Marks.CROP, footer=False).at(300)
    order = samples.order(1)
    with_marks, without = (
        np.array(samples.pictures(printed(order, each), 300)[0]) < 200
        for each in (layout, replace(layout, marks=Marks.NONE))
    )
    marks = with_marks & ~without
    fit = layout.fit(order)
    left, top = fit.cell_dots(0, 0)
    right, bottom = (a + b for a, b in zip(fit.cell_dots(2, 6), fit.stamp_dots, strict=True))
    assert marks.any()
    assert not marks[top:bottom, left:right].any()
    columns = np.flatnonzero(marks[:top].any(axis=0))
    for column in range(3):
        for edge in (0, fit.stamp_dots[0]):
            assert np.abs(columns - (fit.cell_dots(column, 0)[0] + edge)).min() <= 1


def test_cut_lines_run_along_every_edge_and_through_no_stamp():
    dots = np.array(samples.pictures(printed(samples.order(1), A4_TAGS), 300)[0]) < 200
    fit = A4_TAGS.fit(samples.order(1))
    empty = fit.cell_dots(2, 2)
    inside = dots[
        empty[1] + 3 : empty[1] + fit.stamp_dots[1] - 3, empty[0] + 3 : empty[0] + fit.stamp_dots[0] - 3
    ]
    assert not inside.any()
    edge = dots[empty[1] : empty[1] + fit.stamp_dots[1], empty[0] - 1 : empty[0] + 2]
    assert edge.any(axis=1).all()


@pytest.mark.parametrize("layout", [CARTON_100X50, TAG_40X70, ROLL_50X30], ids=lambda layout: layout.name)
def test_a_pin_stands_in_its_frame_on_each_stamp(layout):
    text = replace(samples.TEXT, pin_label="Cào để xem mã PIN")
    order = samples.order(3, pins=samples.pins, text=text)
    data = printed(order, layout)
    assert len(data) == pdf.content_length(order, layout)
    shown = [words(page) for page in pypdfium2.PdfDocument(data)]
    assert all("Cào để xem mã PIN" in page for page in shown)
    for page, pin in zip(shown, ("007919", "015838", "023757"), strict=True):
        assert pin in page
    found = [address for page in samples.pictures(data, 300) for address in samples.scanned(page)]
    assert found == samples.addresses(order)


def test_a_pin_is_printed_and_never_shown_on_a_screen():
    order = samples.order(3, pins=samples.pins)
    assert "007919" not in single.svg(order, ROLL_50X30)
    assert ">------<" in single.svg(order, ROLL_50X30)


def test_a_stamp_too_small_for_its_pin_is_refused():
    with pytest.raises(RuleBroken, match="text_too_long"):
        pdf.stream(samples.order(3, pins=samples.pins), ROLL_30X20)


@pytest.mark.parametrize("width", [3, 13])
def test_pins_of_another_width_are_a_mistake_of_the_caller(width):
    digits = np.full((1, width), ord("0"), dtype=np.uint8)
    with pytest.raises(ValueError, match="4 to 12"):
        pdf.stream(samples.order(1, pins=lambda first, count: np.repeat(digits, count, axis=0)), ROLL_50X30)


# --- logos ---------------


def picture(colour: str, ground: str = "white", kind: str = "PNG", size: int = 400) -> bytes:
    drawn = Image.new("RGB", (size, size), ground)
    ImageDraw.Draw(drawn).ellipse((size // 4, size // 4, size // 2, size // 2), fill=colour)
    written = io.BytesIO()
    drawn.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("colour", ["black", "#3a9a3a", "#e0c040"])
def test_a_logo_keeps_its_shape_whatever_its_colour(colour):
    logo = Logo.from_picture(picture(colour))
    assert (logo.width, logo.height) == pytest.approx((101, 101), abs=1)
    assert logo.dots().mean() == pytest.approx(np.pi / 4, abs=0.02)


def test_a_transparent_ground_is_white():
    drawn = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).rectangle((20, 30, 59, 49), fill=(0, 90, 0, 255))
    written = io.BytesIO()
    drawn.save(written, "PNG")
    logo = Logo.from_picture(written.getvalue())
    assert (logo.width, logo.height) == (40, 20)
    assert logo.dots().all()


@pytest.mark.parametrize("colour", ["white", "black"])
def test_a_logo_of_one_tone_is_refused(colour):
    with pytest.raises(RuleBroken, match="logo_empty"):
        Logo.from_picture(picture(colour, colour))


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, picture("red")[:200], picture("red", kind="BMP")],
)
def test_what_is_no_picture_is_refused_as_a_logo(data):
    with pytest.raises(RuleBroken, match="logo_unreadable"):
        Logo.from_picture(data)


@pytest.mark.parametrize(("width", "height"), [(180, 120), (90, 60), (36, 24), (1, 1), (360, 240), (77, 51)])
def test_a_logo_scales_to_any_number_of_dots_without_growing_or_fading(width, height):
    scaled = samples.LOGO.scaled(width, height)
    assert scaled.shape == (height, width)
    if width > 30:
        assert scaled.mean() == pytest.approx(samples.LOGO.dots().mean(), abs=0.03)
        assert (scaled == scaled[::-1, ::-1]).mean() > 0.97


def test_a_logo_is_printed_to_the_dot():
    order = samples.order(1, text=replace(samples.TEXT, logo=samples.LOGO))
    layout = CARTON_100X50.at(203)
    page = np.array(samples.pictures(printed(order, layout), 203)[0])
    placed = samples.face_of(order, layout).logo
    area = page[placed.top : placed.top + placed.height, placed.left : placed.left + placed.width]
    assert ((area == 0) == samples.LOGO.scaled(placed.width, placed.height)).all()
    assert set(np.unique(area)) == {0, 255}
